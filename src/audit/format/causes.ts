import type { Finding } from "../../facts/finding.ts";
import { bySeverity } from "../rule.ts";

/** What people are shown: one root, and every place where it shows. */
export interface Cause {
  readonly severity: Finding["severity"];
  readonly rule: string;
  /** `file:line` of the root where several findings share it. */
  readonly at: string | null;
  readonly findings: readonly Finding[];
}

const keyOf = (f: Finding): string => (f.cause === null ? f.fingerprint : `${f.cause.rule}@${f.cause.at}`);

/** Findings by their cause, in the order of the report; a cause is as grave as the gravest of its findings. */
export const causesOf = (findings: readonly Finding[]): readonly Cause[] =>
  [...Map.groupBy(findings, keyOf).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const severity = group.map((f) => f.severity).sort(bySeverity)[0] ?? first.severity;
    return [{ severity, rule: first.cause?.rule ?? first.rule, at: first.cause?.at ?? null, findings: group }];
  });
