import type { CheckState } from "../../facts/ports.ts";
import type { GateDecision, Refusal } from "../../facts/rollout.ts";
import { bullets, code, prose } from "./escape.ts";

/** What the check says: a line that every forge shows, and Markdown where there is room for more. */
export interface CheckWord {
  readonly summary: string;
  readonly text: string;
}

const learnt = (lesson: number | null): string => (lesson === null ? "" : ` (lesson ${lesson})`);

const line = (decision: GateDecision): string =>
  decision.pass
    ? `${code(decision.gate)} passed${decision.notes.length === 0 ? "" : `: ${prose(decision.notes.join(" "))}`}`
    : refused(decision);

/** A refusal as a gate, the door or the forge said it. */
export type Told = Omit<Refusal, "gate"> & { readonly gate: string };

const refused = ({ gate, reason, lesson, remedy, waitingFor }: Told): string =>
  `**${waitingFor === undefined ? "no" : "not yet"}** from ${code(gate)}${learnt(lesson)}: ${prose(reason)}. ${prose(remedy)}`;

const judgedOn = (base: string): string => `Judged as it would stand on ${code(base.slice(0, 12))}.`;

const SOLE = "restricts-nothing";

/** The summary names the base, because green on another base would be another word. */
export const greenWord = (judged: {
  readonly base: string;
  readonly decisions: readonly GateDecision[];
}): CheckWord => {
  const { base, decisions } = judged;
  const [only, ...others] = decisions;
  const note = only !== undefined && only.pass && only.gate === SOLE && others.length === 0 ? only.notes[0] : undefined;
  const summary = note ?? `all ${decisions.length} gates passed`;
  return {
    summary: `${summary} (on ${base.slice(0, 12)})`,
    text: [judgedOn(base), bullets(decisions.map(line))].join("\n\n"),
  };
};

/**
 * Red, or pending where nothing but time, a merge or a person is waited for. A rollout's own sign-off is never among what
 * is waited for: that is a condition of the next one.
 */
export const noticeWord = (judged: {
  readonly base: string;
  readonly refusals: readonly Told[];
  readonly decisions: readonly GateDecision[];
}): CheckWord & { readonly state: Exclude<CheckState["state"], "success"> } => {
  const { base, refusals, decisions } = judged;
  const [first] = refusals;
  const waits = refusals.length > 0 && refusals.every(({ waitingFor }) => waitingFor !== undefined);
  const others = refusals.length > 1 ? ` (and ${refusals.length - 1} more)` : "";
  const rest = decisions.filter(({ pass }) => pass);
  return {
    state: waits ? "pending" : "failure",
    summary: first === undefined ? "not judged" : `${first.gate}: ${first.reason}${others}`,
    text: [judgedOn(base), bullets([...refusals.map(refused), ...rest.map(line)])].join("\n\n"),
  };
};
