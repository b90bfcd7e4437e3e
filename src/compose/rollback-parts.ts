import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../facts/clock.ts";
import type { SeeFlows } from "../facts/rollback.ts";
import type { RehearsalPorts } from "../graph/facts/rehearsal.ts";
import type { Rollback, RollbackFactsPorts } from "../graph/facts/rollback.ts";
import type { Rehearsal } from "../graph/gate.ts";
import type { RollbackHands } from "../graph/ports.ts";
import type { ServedWorld } from "../world/world.ts";
import { openRollbackHands } from "./cluster.ts";
import { confirmationsOf } from "./confirmations.ts";
import { relayOf } from "./flows.ts";
import type { Stage } from "./place.ts";
import type { Setting } from "./setting.ts";

export interface RehearsedLock {
  readonly namespace: string;
  readonly policy: string;
  readonly rehearsal: Rehearsal;
  /** As the gate `rollback-rehearsed` would say it; null when it would pass. */
  readonly fault: string | null;
}

/** What an agent is given for rollbacks, over the facts that it reads anyway. */
export interface RollbackParts extends Pick<RollbackFactsPorts, "rollback" | "confirmation"> {
  over(ports: RehearsalPorts): {
    /** Null without an identity that may roll back. */
    readonly hands: RollbackHands | null;
    rollbacks(this: void, namespace: string | null): Promise<readonly Rollback[]>;
    rehearse(this: void, namespace: string | null): Promise<readonly RehearsedLock[]>;
  };
  dispose(): void;
}

/** Hubble's second opinion on a rollback, where there is a Relay. */
const seeing = async (setting: Setting, served: ServedWorld | null): Promise<SeeFlows | null> => {
  if (served === null && setting.config.flows.relay === null) return null;
  const { seeFlows } = await import("../hubble/seen.ts");
  return seeFlows(served === null ? relayOf(setting) : { address: served.relayAddress, tls: null });
};

/** Where waiting turns the clock, it is turned by half a minute: each turn costs as much as any other. */
const MANY = 30;

export const openRollbackParts = async (
  setting: Setting,
  served: ServedWorld | null,
  clock: Clock,
  stage: Stage | null,
): Promise<RollbackParts> => {
  const [cluster, see, { openConfirmations }, { secretFile }, facts, { rehearseLocks }, { rehearsalFault }] =
    await Promise.all([
      openRollbackHands(setting, served),
      stage === null ? seeing(setting, served) : null,
      import("../store/confirmations.ts"),
      import("../store/secret.ts"),
      import("../graph/facts/rollback.ts"),
      import("../graph/facts/rehearsal.ts"),
      import("../graph/gates/rollback-rehearsed.ts"),
    ]);
  const confirmations = openConfirmations(...confirmationsOf(setting, secretFile));
  const writer = cluster?.writer ?? null;
  return {
    rollback: cluster?.reader ?? null,
    confirmation: async (id) => confirmations.read(id),
    over: (ports) => ({
      hands:
        writer === null
          ? null
          : {
              look: (namespace) => facts.lookAtRollback(ports, namespace),
              writer,
              confirmations,
              see,
              clock,
              rest: stage === null ? sleep : (span) => stage.world.play(clock.now() + MANY * span),
            },
      rollbacks: (namespace) => facts.rollbacksIn(ports, namespace),
      rehearse: async (namespace) =>
        (await rehearseLocks(ports, namespace)).map((lock) => {
          const fault = rehearsalFault(lock.rehearsal);
          return { ...lock, fault: fault === null || fault.pass ? null : `${fault.reason}. ${fault.remedy}` };
        }),
    }),
    dispose: () => confirmations.dispose(),
  };
};
