import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inject } from "vitest";

/**
 * A folder that costs seconds to make, made once in a run, by whichever worker asks first; the others wait for it.
 * Nobody writes into it: copy it.
 *
 * @throws what making it threw, in every test file that asked
 */
export const once = async (name: string, make: (folder: string) => Promise<void>): Promise<string> => {
  const done = join(inject("sharedFolder"), name);
  const making = `${done}.making`;
  const failed = `${done}.failed`;
  let isMine = true;
  try {
    mkdirSync(making);
  } catch {
    isMine = false;
  }
  if (isMine) {
    try {
      const parts = join(making, "made");
      mkdirSync(parts);
      await make(parts);
      renameSync(parts, done);
    } catch (error) {
      writeFileSync(failed, error instanceof Error ? (error.stack ?? error.message) : String(error));
      throw error;
    }
  }
  while (!existsSync(done)) {
    if (existsSync(failed)) throw new Error(`${name} could not be made: ${readFileSync(failed, "utf8")}`);
    await sleep(50);
  }
  return done;
};
