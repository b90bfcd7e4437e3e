import type { GateDecision } from "../facts/rollout.ts";
import type { Gate, GateCatalog, GateFacts } from "./gate.ts";
import { gatesOf, type Lane } from "./lanes.ts";

/** A gate that throws, answers for another gate or answers nothing has refused. */
export const judge = (gate: Gate, facts: GateFacts): GateDecision => {
  const broken = (reason: string): GateDecision => ({
    gate: gate.id,
    pass: false,
    reason,
    lesson: gate.lessons[0] ?? null,
    remedy: "This is a defect of the gate, and until it is mended the answer is no: report it with the ledger's line.",
    read: [...gate.needs],
  });
  try {
    const decision = gate.judge(facts);
    if (typeof decision !== "object" || decision === null) return broken(`the gate ${gate.id} gave no answer`);
    if (decision.gate !== gate.id) return broken(`the gate ${gate.id} answered for ${decision.gate}`);
    return decision;
  } catch (error) {
    return broken(`the gate ${gate.id} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** Every gate of a lane over the same facts, in order; one that is missing has refused. */
export const judgeLane = (lane: Lane, catalog: GateCatalog, facts: GateFacts): readonly GateDecision[] =>
  gatesOf(lane).map((id) => {
    const gate = catalog[id];
    if (gate !== undefined) return judge(gate, facts);
    return { gate: id, pass: false, reason: `there is no gate ${id}`, lesson: null, remedy: "Build it.", read: [] };
  });
