import { CHANGE_LANES, reportLaneOf, type ChangeLane, type GateId, type LaneId } from "../facts/rollout.ts";

export type EffectId = "open-pull-request" | "record-sign-off" | "roll-back" | "post-green";
export type PauseId = "sign-off" | "confirmation";

export type LanePart = { readonly gate: GateId } | { readonly pause: PauseId };

/** Gates in order, perhaps a pause among them, then one effect. */
export interface Lane {
  readonly id: LaneId;
  readonly parts: readonly LanePart[];
  readonly effect: EffectId;
  /** A lane that is named but not built has no nodes; asking for it is answered with that. */
  readonly built: boolean;
}

const pause = (id: PauseId): { pause: PauseId } => ({ pause: id });

export const lane = (id: LaneId, parts: readonly (GateId | { pause: PauseId })[], effect: EffectId): Lane => ({
  id,
  parts: parts.map((part) => (typeof part === "string" ? { gate: part } : part)),
  effect,
  built: true,
});

export const planned = (lane: Lane): Lane => ({ ...lane, built: false });

/**
 * What is written down. Nodes, edges, diagram, proof, door, docs and evals read it; there is no second.
 * What each gate means stands in its own file under `gates/`. Order decides only which refusal is told first: what the
 * namespace is, before whose turn it is, before what the bytes do.
 */
const WRITTEN: readonly Lane[] = [
  lane(
    "propose-allows",
    [
      "scope",
      "compatible",
      "one-namespace",
      "turn",
      "allows-first",
      "replay",
      "unexercised",
      "recovery-path",
      "no-audit-mode",
      "valid",
      "lint",
      "fleet",
    ],
    "open-pull-request",
  ),
  lane(
    "propose-default-deny",
    [
      "scope",
      "compatible",
      "one-namespace",
      "turn",
      "allows-first",
      "allows-live",
      "soaked",
      "replay",
      "unexercised",
      "recovery-path",
      "no-audit-mode",
      "valid",
      "lint",
      "fleet",
      "rollback-rehearsed",
    ],
    "open-pull-request",
  ),
  lane(
    "propose-repair",
    ["scope", "one-namespace", "allows-first", "replay", "recovery-path", "no-audit-mode", "valid", "lint"],
    "open-pull-request",
  ),
  lane("request-sign-off", ["scope", "enforced", pause("sign-off"), "external-path", "signed"], "record-sign-off"),
  lane("request-rollback", [pause("confirmation"), "confirmed", "only-loosens"], "roll-back"),
  lane("report-gates", ["restricts-nothing"], "post-green"),
];

/** Derived, so that the check never asks less of a pull request than the agent asks of its own. */
const reporting = (change: ChangeLane): Lane => {
  const judged = WRITTEN.find(({ id }) => id === change);
  return lane(reportLaneOf(change), judged === undefined ? [] : gatesOf(judged), "post-green");
};

/** Where a refusal of this lane leads: what the check says no to is told on the forge first. */
export const refusalNode = ({ effect }: Lane): "notice" | "report" => (effect === "post-green" ? "notice" : "report");

export const gatesOf = (lane: Lane): readonly GateId[] =>
  lane.parts.flatMap((part) => ("gate" in part ? [part.gate] : []));

/** The one list: what is written down, and the check of each lane of changes. There is no second. */
export const LANES: readonly Lane[] = [...WRITTEN, ...CHANGE_LANES.map(reporting)];

/** A lane with one gate taken out: the mutant that proves which gate stops an incident. */
export const withoutGate = (gate: GateId, lanes: readonly Lane[] = LANES): readonly Lane[] =>
  lanes.map((lane) => ({ ...lane, parts: lane.parts.filter((part) => !("gate" in part && part.gate === gate)) }));

export const builtLanes = (lanes: readonly Lane[] = LANES): readonly Lane[] => lanes.filter(({ built }) => built);

export const gateNode = (lane: LaneId, gate: GateId): string => `${lane}/${gate}`;
export const pauseNode = (lane: LaneId, pause: PauseId): string => `${lane}/${pause}`;
/** Freezes what the pause asks, in a node of its own: everything before an interrupt runs again on resume. */
export const prepareNode = (lane: LaneId, pause: PauseId): string => `${lane}/prepare-${pause}`;
export const effectNode = (lane: Lane): string => `${lane.id}/${lane.effect}`;

/** Where a part of a lane is entered. */
export const entryNode = (lane: LaneId, part: LanePart): string =>
  "gate" in part ? gateNode(lane, part.gate) : prepareNode(lane, part.pause);
