import { join } from "node:path";
import { readKeys, writeKeys } from "../rollout/attestations.ts";
import type { EnrolledKey } from "../signoff/keys.ts";
import { relyingParty, type RelyingParty } from "../signoff/verify.ts";
import { openPlace } from "./place.ts";
import { isSample, type Setting } from "./setting.ts";

/**
 * Where people reach the page: the configured address, else this machine's. Passkeys are bound to it, and every command
 * verifies against it: it comes from the configuration alone, never from a flag.
 */
export const partyOf = ({ config }: Setting): RelyingParty =>
  relyingParty(config.signoff.publicUrl ?? `http://localhost:${config.server.port}`);

/** Who may sign off, in a file that is no database: beside one's own configuration, where changes to it are reviewed. */
export interface Signers {
  readonly file: string;
  keys(): Promise<readonly EnrolledKey[]>;
  /** One change at a time, across processes: an enrolment must not undo a revocation. */
  change(how: (keys: readonly EnrolledKey[]) => readonly EnrolledKey[]): Promise<void>;
}

export const signersOf = ({ config, state }: Setting): Signers => {
  const file = config.signoff.keys ?? (isSample(config) ? join(state, "passkeys.yaml") : "passkeys.yaml");
  return {
    file,
    keys: () => readKeys(file),
    change: async (how) => {
      const { processLocks } = await import("../store/lock.ts");
      const lock = await processLocks(join(state, "locks")).acquire("passkeys", 10_000);
      try {
        await writeKeys(file, how(await readKeys(file)));
      } finally {
        lock.release();
      }
    },
  };
};

/** The sign-off records alone, for the operator's terminal. */
export const openSignOffDesk = async (
  setting: Setting,
): Promise<{ readonly party: RelyingParty; newCode(name: string): string; dispose(): Promise<void> }> => {
  const place = await openPlace(setting);
  const { openSignOffStore } = await import("../store/signoff.ts");
  const store = openSignOffStore(join(setting.state, "signoff.sqlite"), place.clock);
  return {
    party: partyOf(setting),
    newCode: (name) => store.newCode(name),
    dispose: async () => {
      store.dispose();
      await place.dispose();
    },
  };
};
