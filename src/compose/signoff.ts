import { join } from "node:path";
import { relyingParty, type RelyingParty } from "../signoff/verify.ts";
import { openPlace } from "./place.ts";
import type { Setting } from "./setting.ts";

/** Where people reach the page: the configured address, else this machine's. */
export const partyOf = ({ config }: Setting): RelyingParty =>
  relyingParty(config.signoff.publicUrl ?? `http://localhost:${config.server.port}`);

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
