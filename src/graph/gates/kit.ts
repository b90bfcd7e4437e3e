import { iso } from "../../facts/clock.ts";
import type { Known } from "../../facts/known.ts";
import type { GateId, WaitingFor } from "../../facts/rollout.ts";
import type { Gate, GateFacts } from "../gate.ts";

/** What a judge says; the kit adds who said it and what was read. */
export type Word =
  | { readonly pass: true; readonly notes: readonly string[] }
  | {
      readonly pass: false;
      readonly reason: string;
      readonly remedy: string;
      readonly lesson: number | null;
      readonly waitingFor: WaitingFor | null;
    };

export const passes = (...notes: readonly string[]): Word => ({ pass: true, notes });

export const refuses = (
  reason: string,
  remedy: string,
  more: { readonly lesson?: number | null; readonly waitingFor?: WaitingFor } = {},
): Word => ({ pass: false, reason, remedy, lesson: more.lesson ?? null, waitingFor: more.waitingFor ?? null });

/** On a lane that restricts traffic, what cannot be known counts as refused. */
export const refusesUnknown = (what: string, fact: Known<unknown> & { readonly known: false }): Word =>
  refuses(`${what} cannot be known: ${fact.why}`, fact.wouldHelp);

const sizeOf = (value: unknown): string => (Array.isArray(value) ? ` (${value.length})` : "");

const isKnown = (value: unknown): value is Known<unknown> =>
  typeof value === "object" && value !== null && "known" in value && typeof value.known === "boolean";

const stated: Partial<Record<keyof GateFacts, (facts: GateFacts) => string>> = {
  now: (facts) => `now ${iso(facts.now)}`,
  base: (facts) => `base ${facts.base}`,
  changeset: (facts) => `changeset ${facts.changeset.digest}`,
  inventory: ({ base, inventory: { before, after } }) =>
    `inventory of ${base}${before.known ? "" : ": unknown"}, with the changeset${after.known ? "" : ": unknown"}`,
};

/** One line per fact, to be recorded beside the decision: what it was and whether it could be read. */
const readLine = (facts: GateFacts, need: keyof GateFacts): string => {
  const state = stated[need];
  if (state !== undefined) return state(facts);
  const fact = facts[need];
  if (!isKnown(fact)) return need;
  return fact.known ? `${need}${sizeOf(fact.value)}` : `${need}: unknown, ${fact.why}`;
};

/** A gate from its lesson and its pure judge. */
export const gate = (id: GateId, lesson: Omit<Gate, "id" | "judge">, judge: (facts: GateFacts) => Word): Gate => ({
  id,
  ...lesson,
  judge: (facts) => {
    const read = lesson.needs.map((need) => readLine(facts, need));
    const word = judge(facts);
    if (word.pass) return { gate: id, pass: true, read, notes: word.notes };
    return {
      gate: id,
      pass: false,
      read,
      reason: word.reason,
      lesson: word.lesson ?? lesson.lessons[0] ?? null,
      remedy: word.remedy,
      ...(word.waitingFor === null ? {} : { waitingFor: word.waitingFor }),
    };
  },
});

/** `a, b and 3 more`: a refusal names enough to act on, never a page. */
export const some = (names: readonly string[], most = 4): string => {
  const distinct = [...new Set(names)];
  if (distinct.length <= most) return distinct.join(", ");
  return `${distinct.slice(0, most).join(", ")} and ${distinct.length - most} more`;
};
