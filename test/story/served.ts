import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { BIN, type Desk } from "./cli.ts";

/** A port that was free a moment ago. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

/** Configures the desk's server: its address is part of every signature, so every later command reads it too. */
export const withServer = async (desk: Desk): Promise<string> => {
  const port = await freePort();
  writeFileSync(join(desk.state, "network-operator.yaml"), `server:\n  port: ${port}\n`);
  return `http://localhost:${port}`;
};

export interface Served {
  /** Its chat API, with the token of the state folder; a POST where there is a body. */
  api(path: string, body?: object): Promise<unknown>;
  /** Ends it as a person does; its exit code. */
  stop(): Promise<number | null>;
}

/** `serve` in a process of its own, from when it says that it listens. */
export const serve = async (desk: Desk, origin: string): Promise<Served> => {
  const child = spawn(process.execPath, [BIN, "serve", "--state", desk.state], {
    cwd: desk.state,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  let said = "";
  await new Promise<void>((listens, failed) => {
    child.stderr.on("data", (text) => {
      said += String(text);
      if (said.includes(origin)) listens();
    });
    child.once("exit", (code) => failed(new Error(`serve ended with ${code}: ${said}`)));
  });
  const token = readFileSync(join(desk.state, "token"), "utf8").trim();
  return {
    api: async (path, body) => {
      const answer = await fetch(`${origin.replace("localhost", "127.0.0.1")}${path}`, {
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
};
