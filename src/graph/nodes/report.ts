import { ToolMessage } from "@langchain/core/messages";
import type { Readings } from "../readings.ts";
import type { GraphState } from "../state.ts";
import type { Node } from "./kit.ts";

/** How often a refusal goes back to the operator; after that it is the person's. */
export const MAX_REFUSALS = 2;

/** Tells the operator what became of its proposal, in the gates' own words. */
export const report =
  (readings: Readings): Node =>
  ({ turn, run, result }) => {
    if (run === null) return {};
    readings.forget(run.id);
    const refused = result?.kind === "refused" || result?.kind === "ask-back";
    const counted = refused ? { ...run, refusals: run.refusals + 1 } : run;
    const call = turn?.kind === "propose" ? turn.wish.call : null;
    if (call === null) return { run: counted };
    return {
      run: counted,
      messages: [new ToolMessage({ tool_call_id: call, content: JSON.stringify(result ?? { kind: "nothing" }) })],
    };
  };

export const afterReport = ({ turn, run }: GraphState): "operate" | "answer" => {
  const asked = turn?.kind === "propose" && turn.wish.call !== null;
  return asked && run !== null && run.refusals <= MAX_REFUSALS ? "operate" : "answer";
};
