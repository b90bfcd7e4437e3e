import type { GateDecision } from "../facts/rollout.ts";
import type { Gate, GateFacts } from "./gate.ts";

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
