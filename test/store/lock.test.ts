import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { processLocks } from "../../src/store/lock.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "network-operator-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Another process that takes the lock and says so. */
const holder = async (name: string): Promise<ChildProcess> => {
  const module = resolve(import.meta.dirname, "../../src/store/lock.ts");
  const script = `
    const { processLocks } = await import(${JSON.stringify(module)});
    await processLocks(${JSON.stringify(folder)}).acquire(${JSON.stringify(name)}, 0);
    process.stdout.write("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((done) => child.stdout.once("data", done));
  return child;
};

describe("a lock by name, across processes", () => {
  it("is held by one at a time, and by the next after its release", async () => {
    const locks = processLocks(folder);
    const first = await locks.acquire("thread:a", 0);
    await expect(locks.acquire("thread:a", 0)).rejects.toMatchObject({ kind: "busy" });
    first.release();
    (await locks.acquire("thread:a", 0)).release();
  });

  it("is one per name", async () => {
    const locks = processLocks(folder);
    const held = await Promise.all(
      ["a", "b", "../../etc/passwd", "", "a".repeat(5_000)].map((n) => locks.acquire(n, 0)),
    );
    expect(readdirSync(folder).every((file) => /^[0-9a-f]{32}\.(lock|lock-journal|json)$/.test(file))).toBe(true);
    for (const lock of held) lock.release();
  });

  it("waits as long as it is told to", async () => {
    const locks = processLocks(folder);
    const first = await locks.acquire("a", 0);
    const second = locks.acquire("a", 10_000);
    first.release();
    (await second).release();
  });

  it("may be released twice without taking it from the next holder", async () => {
    const locks = processLocks(folder);
    const first = await locks.acquire("a", 0);
    first.release();
    const second = await locks.acquire("a", 0);
    first.release();
    await expect(locks.acquire("a", 0)).rejects.toMatchObject({ kind: "busy" });
    second.release();
  });

  it("names the process that holds it, and is free the moment that process is killed", async () => {
    const child = await holder("rollout:selfhosted");
    const locks = processLocks(folder);
    await expect(locks.acquire("rollout:selfhosted", 0)).rejects.toThrow(`held by process ${child.pid} since`);
    const gone = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await gone;
    (await locks.acquire("rollout:selfhosted", 0)).release();
  });
});
