import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Shelf } from "./scenes.ts";

/** In one folder, for several workers: who comes first makes it, the others wait until it is whole. */
export const shelfIn =
  (root: string): Shelf =>
  async (name, make) => {
    const done = join(root, name);
    const making = `${done}.making`;
    const failed = `${done}.failed`;
    try {
      mkdirSync(making);
    } catch {
      while (!existsSync(done)) {
        if (existsSync(failed)) throw new Error(`the scene ${name} could not be made`);
        await sleep(50);
      }
      return done;
    }
    try {
      await make(making);
      renameSync(making, done);
      // So that nobody begins it again.
      mkdirSync(making);
    } catch (error) {
      writeFileSync(failed, "");
      throw error;
    }
    return done;
  };
