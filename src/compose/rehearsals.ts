import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { OwnedLock, PlayRollback } from "../facts/rollback.ts";
import { canonical } from "../facts/json.ts";
import type { RehearsalStore } from "../store/rehearsals.ts";
import type { Setting } from "./setting.ts";

/** Everything that decides how a rehearsal ends: the lock, whose it is, and the program that would take it off. */
const digestOf = (lock: OwnedLock, program: string): string =>
  createHash("sha256")
    .update(canonical(["network-operator rehearsal", 1, lock, program]))
    .digest("hex");

/**
 * Rehearsals of this state folder. A success is remembered by the digest of all that decided it, under a key of its own,
 * so that a second look costs nothing; what failed is tried again each time.
 */
export const rehearsalsIn = (
  setting: Setting,
  inTheWorld: PlayRollback = async (lock) => (await import("./rehearsal.ts")).playLock(lock),
): { readonly play: PlayRollback; dispose(this: void): void } => {
  /** A graph that runs inside another's node would be taken for a part of it. */
  const elsewhere = AsyncLocalStorage.snapshot();
  const running = new Map<string, Promise<readonly string[]>>();
  let kept: RehearsalStore | null = null;

  const open = async (): Promise<RehearsalStore> => {
    const [{ openRehearsals }, { secretFile }] = await Promise.all([
      import("../store/rehearsals.ts"),
      import("../store/secret.ts"),
    ]);
    const { state } = setting;
    kept ??= openRehearsals(join(state, "rehearsals.sqlite"), secretFile(join(state, "keys", "rehearsals")));
    return kept;
  };

  const execute = async (lock: OwnedLock, digest: string, store: RehearsalStore): Promise<readonly string[]> => {
    setting.progress.step(`rehearsing the rollback of ${lock.namespace} in a world of its own`);
    const steps = await inTheWorld(lock);
    store.write(digest, steps);
    return steps;
  };

  return {
    play: async (lock) => {
      const { programDigest } = await import("./program.ts");
      const digest = digestOf(lock, programDigest());
      const store = await open();
      const known = running.get(digest) ?? store.read(digest);
      if (known !== null) return known;
      const now = elsewhere(() => execute(lock, digest, store)).finally(() => running.delete(digest));
      running.set(digest, now);
      return now;
    },
    dispose: () => kept?.dispose(),
  };
};
