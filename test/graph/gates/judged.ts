import { expect } from "vitest";
import type { GateDecision } from "../../../src/facts/rollout.ts";
import type { Gate, GateFacts } from "../../../src/graph/gate.ts";

export type Refused = Extract<GateDecision, { readonly pass: false }>;

/** The gate lets it through; its notes. */
export const passed = (gate: Gate, facts: GateFacts): readonly string[] => {
  const decision = gate.judge(facts);
  expect(decision).toMatchObject({ gate: gate.id, pass: true });
  return decision.pass ? decision.notes : [];
};

/** The gate stops it for this lesson; the whole refusal. Every refusal has a reason and a way out. */
export const stopped = (gate: Gate, facts: GateFacts, lesson: number | null): Refused => {
  const decision = gate.judge(facts);
  expect(decision).toMatchObject({ gate: gate.id, pass: false, lesson });
  if (decision.pass) throw new Error("it passed");
  expect(decision.reason).not.toBe("");
  expect(decision.remedy).not.toBe("");
  return decision;
};
