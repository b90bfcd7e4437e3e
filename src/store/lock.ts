import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { OperatorError } from "../facts/errors.ts";
import type { Locks } from "../facts/ports.ts";

const POLL = 40;

const holderSchema = z.object({ pid: z.number(), since: z.string() });

const sleep = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

/** SQLITE_BUSY, whatever its extension. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" && (error.errcode & 0xff) === 5;

/** An exclusive transaction that is never committed: the operating system drops it with the process, however that ends. */
const tryHold = (path: string): DatabaseSync | null => {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("begin exclusive");
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
};

/** For the message alone: who holds is decided by the lock, not by this note. */
const holderOf = (note: string): string => {
  try {
    const { pid, since } = holderSchema.parse(JSON.parse(readFileSync(note, "utf8")));
    return `process ${pid} since ${since}`;
  } catch {
    return "another process";
  }
};

/**
 * Locks by name under a folder, across processes. Names may be anything: a file is named by their hash. A holder that is
 * killed lets go at once; there is no lease to wait out and nothing to clean up.
 */
export const processLocks = (folder: string): Locks => ({
  acquire: async (name, wait) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stem = join(folder, createHash("sha256").update(name).digest("hex").slice(0, 32));
    const end = Date.now() + wait;
    let held = tryHold(`${stem}.lock`);
    while (held === null && Date.now() < end) {
      await sleep(POLL);
      held = tryHold(`${stem}.lock`);
    }
    if (held === null)
      throw new OperatorError("busy", `${name} is held by ${holderOf(`${stem}.json`)}`, {
        where: folder,
        remedy: "Wait for it to end, or stop that process: the lock goes with it.",
      });
    const database = held;
    writeFileSync(`${stem}.json`, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
    let open = true;
    return {
      release: () => {
        if (!open) return;
        open = false;
        database.close();
      },
    };
  },
});
