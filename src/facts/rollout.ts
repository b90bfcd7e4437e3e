/** Stages of one namespace, computed on every read and stored nowhere. */
export const STAGES = [
  "surveyed",
  "allows-proposed",
  "allows-merged",
  "soaking",
  "default-deny-proposed",
  "enforced",
  "signed-off",
  "adopted",
  "rolled-back",
  "carved-out",
  "out-of-scope",
  "suspended",
  "waiting",
] as const;
export type Stage = (typeof STAGES)[number];

/** Lanes that a change belongs to: which one is computed from the rendered change. */
export const CHANGE_LANES = ["propose-allows", "propose-default-deny", "propose-repair"] as const;
export type ChangeLane = (typeof CHANGE_LANES)[number];

/** What anybody may ask for. */
export const ASKED_LANES = [...CHANGE_LANES, "request-sign-off", "request-rollback", "report-gates"] as const;

/** The check of a pull request that amounts to one of the lanes of changes: that lane's gates, and green at the end. */
export type ReportLane = `report-gates.${ChangeLane}`;
export const reportLaneOf = (lane: ChangeLane): ReportLane => `report-gates.${lane}`;
const REPORT_LANES = CHANGE_LANES.map(reportLaneOf);

/** `report-gates` alone is the check of what restricts nothing. */
export type LaneId = (typeof ASKED_LANES)[number] | ReportLane;
export const LANES = [...ASKED_LANES, ...REPORT_LANES] as const;

/** The lane of changes whose gates judge here, or null where a lane judges no change of the network. */
export const changeLaneOf = (lane: LaneId): ChangeLane | null =>
  CHANGE_LANES.find((change) => lane === change || lane === reportLaneOf(change)) ?? null;

/** A lane that ends in the forge's check. */
export const isReport = (lane: LaneId): boolean => lane.startsWith("report-gates");

export const GATES = [
  "scope",
  "one-namespace",
  "turn",
  "allows-first",
  "allows-live",
  "soaked",
  "replay",
  "unexercised",
  "recovery-path",
  "compatible",
  "no-audit-mode",
  "valid",
  "lint",
  "fleet",
  "rollback-rehearsed",
  "enforced",
  "external-path",
  "signed",
  "confirmed",
  "only-loosens",
  "restricts-nothing",
] as const;
export type GateId = (typeof GATES)[number];

/** What a person, the runner or a page asks for. */
export type RequestKind = (typeof ASKED_LANES)[number] | "propose" | "question";

export interface Refusal {
  /** `door`: no lesson, but the world moved or the place is taken. */
  readonly gate: GateId | "door";
  readonly reason: string;
  readonly lesson: number | null;
  readonly remedy: string;
  /** Set when time alone, a merge or a person would turn the refusal. */
  readonly waitingFor?: WaitingFor;
}

/** A gate's word, with what it read. */
export type GateDecision =
  | { readonly gate: GateId; readonly pass: true; readonly read: readonly string[]; readonly notes: readonly string[] }
  | ({ readonly gate: GateId; readonly pass: false; readonly read: readonly string[] } & Refusal);

export interface WaitingFor {
  readonly what: "merge" | "apply" | "soak" | "sign-off" | "turn" | "person";
  readonly detail: string;
  /** Milliseconds since the epoch, where it can be told. */
  readonly until: number | null;
}

/** What Kubernetes calls a namespace: a DNS label. */
export const NAMESPACE_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export const branchOf = (namespace: string): string => `netpol/${namespace}`;
/** A dot cannot occur in a namespace's name, so the two branches never collide. */
export const defaultDenyBranchOf = (namespace: string): string => `netpol/${namespace}.default-deny`;
/** The revert of an emergency rollback. */
export const rollbackBranchOf = (namespace: string): string => `netpol/${namespace}.rollback`;
/** A repair begins no rollout and ends none: what it brings is neither the namespace's allows nor its lock. */
export const repairBranchOf = (namespace: string): string => `netpol/${namespace}.repair`;
/** @param component the component's folder; its last part names the branch */
export const fleetBranchOf = (component: string): string => {
  const name = component.split("/").at(-1) ?? component;
  return `netpol/fleet-${name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-")}`;
};
