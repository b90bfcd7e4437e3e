import type { Severity } from "../facts/finding.ts";
import type { Certainty } from "../facts/known.ts";
import type { Origin, PolicyRef } from "../facts/policy.ts";
import type { Explains, Missing } from "./consequences.ts";
import type { Context } from "./context.ts";
import type { Edit } from "./edit.ts";

export interface Related {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** What one repair would be: words for people, and edits where exactly one repair is safe. */
export interface Fix {
  readonly text: string;
  readonly edits: readonly Edit[];
}

/** The setting or manifest place behind several findings; `at` is `file:line`. */
export interface Cause {
  readonly rule: string;
  readonly at: string;
}

/** One defect in one place, as a rule sees it; the engine adds the fingerprint and who else shares its cause. */
export interface Defect {
  readonly namespace: string | null;
  readonly policy: PolicyRef | null;
  readonly message: string;
  readonly origin: Origin;
  readonly related?: readonly Related[];
  /** What the defect is, never where it stands: no line, no list position, nothing that an unrelated edit moves. */
  readonly key: readonly string[];
  /** Stronger or weaker than the rule's own severity. */
  readonly severity?: Severity;
  /** How sure the inventory is of what the rule relies on; anything but `certain` lowers the severity. */
  readonly sure?: Certainty;
  readonly cause?: Cause | null;
  readonly fix?: Fix | null;
  /** The connections that are dropped by it, each alone enough to say that it is a consequence of another defect. */
  readonly missing?: readonly Missing[];
  /** Which missing connections it is the reason of. */
  readonly explains?: Explains;
}

/** What people read of a rule. */
export interface RuleFacts {
  readonly id: string;
  readonly severity: Severity;
  readonly lesson: number | null;
  /** One sentence: what is wrong and what it does to the network. */
  readonly about: string;
  /** The way out. */
  readonly remedy: string;
}

export interface Rule extends RuleFacts {
  readonly check: (context: Context) => Iterable<Defect>;
}

const SEVERITIES: readonly Severity[] = ["error", "warning", "info"];

/** Uncertain inventory lowers severity, it never hides: likely takes errors to warnings, a guess takes all to info. */
export const softened = (severity: Severity, sure: Certainty): Severity => {
  if (sure === "certain" || severity === "info") return severity;
  return sure === "guess" ? "info" : "warning";
};

export const weaker = (a: Certainty, b: Certainty): Certainty => {
  const order: readonly Certainty[] = ["certain", "likely", "guess"];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
};

export const bySeverity = (a: Severity, b: Severity): number => SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b);

export const place = (origin: Origin): string => `${origin.file}:${origin.line}`;

export const relatedAt = (origin: Origin | null, message: string): readonly Related[] =>
  origin === null ? [] : [{ file: origin.file, line: origin.line, message }];
