import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Client } from "@langchain/langgraph-sdk";

const root = resolve(import.meta.dirname, "../..");
const BIN = join(root, "node_modules/.bin/langgraphjs");

/**
 * The command line is three processes deep, and each has this process's end of the pipe as its input: they end when it is
 * closed, whoever closes it and however this process ends.
 */
const ENDS_WITH_INPUT = `data:text/javascript,${encodeURIComponent(
  'import { isMainThread } from "node:worker_threads"; if (isMainThread) { process.stdin.once("end", () => process.exit()).resume(); process.stdin.unref?.(); }',
)}`;

/** Whoever runs the tests may have a configuration of their own, and a service that is told of every run. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:NETWORK_OPERATOR|LANGSMITH|LANGCHAIN|LANGGRAPH)_/.test(name)),
  );

export interface DevServer {
  readonly url: string;
  readonly token: string;
  readonly assistant: "network-operator";
  /** With the token, another one, or none. */
  client(token?: string | null): Client;
  /** All that it wrote to its terminal. */
  said(): string;
  close(): Promise<void>;
}

/**
 * `langgraphjs dev` as a person starts it, on the project's own `langgraph.json` over a state folder. The server keeps its
 * threads in a folder beside its configuration, so that one is reached from elsewhere.
 */
export const startDevServer = async (state: string): Promise<DevServer> => {
  const folder = mkdtempSync(join(tmpdir(), "langgraph-dev-"));
  for (const name of ["langgraph.json", "package.json", "src", "node_modules"])
    symlinkSync(join(root, name), join(folder, name));
  const child = spawn(
    process.execPath,
    [BIN, "dev", "--no-browser", "--no-reload", "--host", "127.0.0.1", "--port", "0"],
    {
      cwd: folder,
      stdio: "pipe",
      env: {
        ...environment(),
        NETWORK_OPERATOR_STATE: state,
        LANGGRAPH_CLI_NO_ANALYTICS: "1",
        NODE_OPTIONS: `--import ${ENDS_WITH_INPUT}`,
        NO_COLOR: "1",
      },
    },
  );
  let said = "";
  const at = await new Promise<string>((listens, failed) => {
    const hear = (text: Buffer): void => {
      said += String(text);
      const [, host] = /Server running at (\S+:\d+)/.exec(said) ?? [];
      if (host !== undefined) listens(host);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("exit", (code) => failed(new Error(`langgraphjs dev ended with ${code}: ${said}`)));
  });
  const url = `http://${at}`;
  const token = readFileSync(join(state, "token"), "utf8").trim();
  return {
    url,
    token,
    assistant: "network-operator",
    client: (given = token) =>
      new Client({
        apiUrl: url,
        apiKey: null,
        defaultHeaders: given === null ? {} : { authorization: `Bearer ${given}` },
        callerOptions: { maxRetries: 0 },
      }),
    said: () => said,
    close: async () => {
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
