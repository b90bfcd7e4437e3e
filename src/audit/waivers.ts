import type { Finding } from "../facts/finding.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { Origin } from "../facts/policy.ts";
import { policyId } from "../facts/policy.ts";
import { asRecord, at } from "./json.ts";

/** A finding that somebody looked at and lives with, until a day. */
export interface Waiver {
  readonly rule: string;
  /** Each of these narrows it; null is any. */
  readonly namespace: string | null;
  readonly policy: string | null;
  readonly fingerprint: string | null;
  readonly reason: string;
  /** First moment at which it no longer holds, milliseconds since the epoch; null when the date is unreadable. */
  readonly until: number | null;
  readonly origin: Origin;
}

/** Beside the policy: one line per waiver, `RULE until YYYY-MM-DD: REASON`. */
export const WAIVER_ANNOTATION = "network-operator/waive";

const DAY = 86_400_000;
const LINE = /^([a-z0-9-]+)\s+until\s+(\d{4}-\d{2}-\d{2}):\s*(\S.*)$/;

/** The day named is the last one on which the waiver holds. */
export const endOfDay = (date: string): number | null => {
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date) return null;
  return day + DAY;
};

/** A waiver as the configuration writes it; the schema has seen to its date. */
export interface ConfiguredWaiver {
  readonly rule: string;
  readonly namespace: string | null;
  readonly policy: string | null;
  readonly fingerprint: string | null;
  readonly until: string;
  readonly reason: string;
}

export const configuredWaiver = (written: ConfiguredWaiver, origin: Origin): Waiver => ({
  ...written,
  until: endOfDay(written.until),
  origin,
});

export interface WaiverProblem {
  readonly origin: Origin;
  readonly text: string;
}

/** Waivers written as annotations on policies, and lines there that are none. */
export const waiversBeside = (
  inventory: Inventory,
): { readonly waivers: readonly Waiver[]; readonly problems: readonly WaiverProblem[] } => {
  const waivers: Waiver[] = [];
  const problems: WaiverProblem[] = [];
  for (const policy of inventory.policies) {
    const annotations = asRecord(at(policy.object, "metadata", "annotations"));
    const text = Object.hasOwn(annotations, WAIVER_ANNOTATION) ? annotations[WAIVER_ANNOTATION] : undefined;
    if (text === undefined) continue;
    const found = policy.locate?.(["metadata", "annotations", WAIVER_ANNOTATION]) ?? policy.origin;
    const origin = found ?? { file: "", line: 1, column: 1 };
    for (const line of text.split("\n").map((l) => l.trim())) {
      if (line === "") continue;
      const match = LINE.exec(line);
      const [, rule, date, reason] = match ?? [];
      const until = date === undefined ? null : endOfDay(date);
      if (rule === undefined || reason === undefined || until === null) problems.push({ origin, text: line });
      else
        waivers.push({
          rule,
          namespace: policy.ref.namespace,
          policy: policyId(policy.ref),
          fingerprint: null,
          reason,
          until,
          origin,
        });
    }
  }
  return { waivers, problems };
};

export const covers = (waiver: Waiver, finding: Finding): boolean =>
  waiver.rule === finding.rule &&
  (waiver.namespace === null || waiver.namespace === finding.namespace) &&
  (waiver.policy === null ||
    (finding.policy !== null &&
      (waiver.policy === finding.policy.name || waiver.policy === policyId(finding.policy)))) &&
  (waiver.fingerprint === null || waiver.fingerprint === finding.fingerprint);
