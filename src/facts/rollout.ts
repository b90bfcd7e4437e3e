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

export const LANES = [
  "propose-allows",
  "propose-default-deny",
  "propose-repair",
  "request-sign-off",
  "request-rollback",
  "report-gates",
] as const;
export type LaneId = (typeof LANES)[number];

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
] as const;
export type GateId = (typeof GATES)[number];

/** What a person, the runner or a page asks for. */
export type RequestKind = LaneId | "propose" | "question";

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

export const branchOf = (namespace: string): string => `netpol/${namespace}`;
/** A dot cannot occur in a namespace's name, so the two branches never collide. */
export const defaultDenyBranchOf = (namespace: string): string => `netpol/${namespace}.default-deny`;
export const fleetBranchOf = (component: string): string => `netpol/fleet-${component}`;
