import { userInfo } from "node:os";
import { openAgents, type Agent, type AgentOptions } from "./agent.ts";
import { confirmationsOf } from "./confirmations.ts";
import type { Stage } from "./place.ts";
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
  /** Whether an identity is configured that may roll back; without one the steps are all there is. */
  readonly canRollBack: boolean;
  /** Writes down a person's yes to exactly this; for a face that has just asked one. */
  confirm(word: { readonly namespace: string; readonly digest: string }): string;
}

/** `options` is for the evals: a graph with a gate taken out. `stage`: for a rehearsal. */
export const openRollbackDesk = async (
  setting: Setting,
  options: AgentOptions = {},
  stage: Stage | null = null,
): Promise<RollbackDesk> => {
  const agent = (await openAgents(setting, { emergency: true, stage }))(options);
  const [{ confirm }, { secretFile }] = await Promise.all([
    import("../store/confirm.ts"),
    import("../store/secret.ts"),
  ]);
  const [path, key] = confirmationsOf(setting, secretFile);
  const { clock } = agent.place;
  const canRollBack = agent.place.world !== null || setting.config.rollback.context !== null;
  return { agent, canRollBack, confirm: (word) => confirm({ path, key, clock }, { ...word, by: operator() }) };
};
