import { userInfo } from "node:os";
import { openAgents, type Agent } from "./agent.ts";
import { confirmationsOf } from "./confirmations.ts";
import type { Setting } from "./setting.ts";

/** Who sits at this terminal, as the machine knows them. */
const operator = (): string => {
  try {
    return userInfo().username;
  } catch {
    return "the operator";
  }
};

/** The operator's own terminal, on a day when the forge, Hubble and the model may be gone. */
export interface RollbackDesk {
  readonly agent: Agent;
  /** Writes down a person's yes to exactly this; for a face that has just asked one. */
  confirm(word: { readonly namespace: string; readonly digest: string }): string;
}

export const openRollbackDesk = async (setting: Setting): Promise<RollbackDesk> => {
  const agent = (await openAgents(setting))();
  const [{ confirm }, { secretFile }] = await Promise.all([
    import("../store/confirm.ts"),
    import("../store/secret.ts"),
  ]);
  const [path, key] = confirmationsOf(setting, secretFile);
  const { clock } = agent.place;
  return { agent, confirm: (word) => confirm({ path, key, clock }, { ...word, by: operator() }) };
};
