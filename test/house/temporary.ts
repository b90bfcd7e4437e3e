import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";

/** Where Linux keeps files in memory. */
const MEMORY = "/dev/shm";
/** What a run may need there at once, and what must be left for everything else. Bytes. */
const ROOM = 2 * 2 ** 30;
const NAME = /^netop-(\d+)-/;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/** Programs are installed and started in there too. */
const runsPrograms = (folder: string): boolean => {
  const program = join(folder, "program");
  writeFileSync(program, "#!/bin/sh\nexit 0\n");
  chmodSync(program, 0o700);
  return spawnSync(program).status === 0;
};

const inMemory = (): string | null => {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    if (bavail * bsize < ROOM || freemem() < 2 * ROOM) return null;
    for (const name of readdirSync(MEMORY)) {
      const pid = NAME.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(MEMORY, name), { recursive: true, force: true });
    }
    const folder = mkdtempSync(join(MEMORY, `netop-${process.pid}-`));
    if (runsPrograms(folder)) return folder;
    rmSync(folder, { recursive: true, force: true });
    return null;
  } catch {
    return null;
  }
};

/**
 * The folder for everything that this run writes down for a while: in memory where there is room, because state folders and
 * repositories are copied hundreds of times and a disk's bookkeeping is half the system's time. What a killed run left
 * there is removed by the next one.
 */
export const temporaryFolder = (): string => {
  const folder = inMemory() ?? mkdtempSync(join(tmpdir(), `netop-${process.pid}-`));
  // Run by root, Postgres becomes somebody else, and looks for its files in here by name.
  chmodSync(folder, 0o711);
  return folder;
};
