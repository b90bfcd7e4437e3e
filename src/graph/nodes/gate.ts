import type { GateDecision, LaneId } from "../../facts/rollout.ts";
import type { Gate } from "../gate.ts";
import { judge } from "../judge.ts";
import { PASS, REFUSE } from "../proof.ts";
import type { NodePorts } from "../ports.ts";
import type { Readings } from "../readings.ts";
import type { GraphState } from "../state.ts";
import { progress, threadOf, type Node } from "./kit.ts";

/** A gate on the edge: visible, early and cheap. Its authority is the door's, which asks it again. */
export const gateNode =
  (lane: LaneId, gate: Gate, { ledger }: NodePorts, readings: Readings): Node =>
  async ({ proposal, run, decisions }, config) => {
    progress(config, `gate ${gate.id}`);
    const decision: GateDecision =
      proposal === null || run === null || proposal.lane !== lane
        ? {
            gate: gate.id,
            pass: false,
            reason: "no proposal came this way",
            lesson: gate.lessons[0] ?? null,
            remedy: "Ask for what you want done; a lane is entered from its beginning.",
            read: [],
          }
        : judge(gate, await readings.of(run.id, proposal));
    await ledger.append({
      kind: "gate",
      thread: threadOf(config),
      namespace: proposal?.namespace ?? null,
      body: { run: run?.id ?? null, lane, ...decision },
    });
    const reason = decision.pass ? decision.notes.join("; ") : decision.reason;
    const said = { gate: gate.id, pass: decision.pass, reason, read: [...decision.read] };
    return {
      verdict: { lane, gate: gate.id, pass: decision.pass },
      decisions: [...decisions, said],
      ...(decision.pass
        ? {}
        : { result: { kind: "refused", refusals: [refusalOf(decision)], waitingFor: decision.waitingFor ?? null } }),
    };
  };

const refusalOf = ({ gate, reason, lesson, remedy }: GateDecision & { pass: false }) => ({
  gate,
  reason,
  lesson,
  remedy,
});

/** The verdict has to be this gate's own, on this lane. */
export const afterGate =
  (lane: LaneId, gate: Gate) =>
  ({ verdict }: GraphState): typeof PASS | typeof REFUSE =>
    verdict?.lane === lane && verdict.gate === gate.id && verdict.pass ? PASS : REFUSE;
