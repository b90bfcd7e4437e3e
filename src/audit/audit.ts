import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Finding, Severity } from "../facts/finding.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import { defaultSettings } from "../facts/settings.ts";
import { withConsequences, type Seen } from "./consequences.ts";
import { Context } from "./context.ts";
import type { Edit } from "./edit.ts";
import { Fingerprints } from "./fingerprint.ts";
import type { Defect, Rule, RuleFacts } from "./rule.ts";
import { bySeverity, place, softened } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import type { Waiver } from "./waivers.ts";
import { covers, waiversBeside } from "./waivers.ts";

export interface AuditOptions {
  /** Report this namespace alone; everything is read all the same, because a hole has two ends. */
  readonly namespace?: string | null;
  readonly settings?: CiliumSettings;
  /** From the configuration; those beside policies are found in the inventory. */
  readonly waivers?: readonly Waiver[];
  /** Milliseconds since the epoch: whether a waiver still holds. */
  readonly now: number;
  /** A report of the same repository at another commit: what it already had is left out. */
  readonly base?: AuditReport | null;
  readonly rules?: readonly Rule[];
}

/** A finding that a waiver holds back, with the reason given. */
export interface Waived {
  readonly finding: Finding;
  readonly waiver: Waiver;
}

export interface AuditReport {
  readonly commit: string | null;
  readonly namespaces: number;
  readonly policies: number;
  /** Sorted: errors first, then by file and line. */
  readonly findings: readonly Finding[];
  readonly waived: readonly Waived[];
  /** Every fingerprint seen, waived and filtered ones too: what a later report is compared with. */
  readonly fingerprints: ReadonlySet<string>;
  /** Edits of the findings that have exactly one safe repair, by fingerprint. */
  readonly edits: ReadonlyMap<string, readonly Edit[]>;
}

/**
 * Looks for every defect that the rules know in what the repository says exists. Pure: the same inventory, facts and
 * time give the same report.
 */
export const audit = (inventory: Inventory, facts: ClusterFacts, options: AuditOptions): AuditReport => {
  const context = new Context(inventory, facts, options.settings ?? defaultSettings());
  const rules = options.rules ?? RULES;
  const prints = new Fingerprints();
  const edits = new Map<string, readonly Edit[]>();
  const found: Seen[] = [];
  for (const rule of rules)
    for (const defect of run(rule, context)) {
      const finding = findingOf(rule, defect, prints);
      found.push({ finding, defect });
      if (defect.fix !== undefined && defect.fix !== null && defect.fix.edits.length > 0)
        edits.set(finding.fingerprint, defect.fix.edits);
    }
  const { waivers, problems } = waiversBeside(inventory);
  for (const problem of problems) {
    const defect: Defect = {
      namespace: null,
      policy: null,
      origin: problem.origin,
      key: ["unreadable", problem.text],
      message: `This waiver is not one: "${problem.text}". Write RULE until YYYY-MM-DD: REASON, one per line.`,
    };
    found.push({ finding: findingOf(WAIVER_RULE, defect, prints), defect });
  }
  const all = withSharedCauses(found);
  const judged = applyWaivers(all, [...waivers, ...(options.waivers ?? [])], options.now, prints);
  const namespace = options.namespace ?? null;
  const shown = [...withConsequences(judged.kept), ...judged.expired]
    .filter((f) => namespace === null || f.namespace === namespace)
    .filter((f) => options.base?.fingerprints.has(f.fingerprint) !== true);
  return {
    commit: inventory.commit,
    namespaces: inventory.namespaces.length,
    policies: inventory.policies.length,
    findings: shown.sort(inOrder),
    waived: judged.waived,
    fingerprints: new Set([...all.map((s) => s.finding), ...judged.expired].map((f) => f.fingerprint)),
    edits,
  };
};

const WAIVER_RULE: RuleFacts = {
  id: "waiver",
  severity: "warning",
  lesson: null,
  about: "A waiver has run out, gives no reason, or cannot be read; what it waived is reported again.",
  remedy: "Repair what was waived, or decide again: rule, last day and reason.",
};

/** Every rule that a report may name. */
export const KNOWN_RULES: readonly RuleFacts[] = [...RULES, WAIVER_RULE];

/** A rule that cannot cope with some manifest must not take the others with it, and must not pass as clean either. */
const run = (rule: Rule, context: Context): readonly Defect[] => {
  try {
    return [...rule.check(context)];
  } catch (error) {
    return [
      {
        namespace: null,
        policy: null,
        severity: "error",
        origin: { file: ".", line: 1, column: 1 },
        key: ["unfinished"],
        message: `This rule could not finish (${error instanceof Error ? error.message : String(error)}); what it looks for is not known here. Please report it with the manifest.`,
      },
    ];
  }
};

const findingOf = (rule: RuleFacts, defect: Defect, prints: Fingerprints): Finding => ({
  rule: rule.id,
  severity: softened(defect.severity ?? rule.severity, defect.sure ?? "certain"),
  namespace: defect.namespace,
  policy: defect.policy,
  message: defect.message,
  origin: { file: defect.origin.file, line: defect.origin.line, column: defect.origin.column },
  related: defect.related ?? [],
  fingerprint: prints.of(rule.id, defect.namespace, defect.policy, defect.key),
  cause: defect.cause ?? null,
  lesson: rule.lesson,
  fix: defect.fix?.text ?? null,
});

/** Several findings of one rule at one place (a component, one line with many readers) have that place as their cause. */
const withSharedCauses = (seen: readonly Seen[]): readonly Seen[] => {
  const at = ({ finding: f }: Seen): string => `${f.rule} ${place(f.origin)}`;
  const groups = Map.groupBy(seen, at);
  return seen.map((s) => {
    const { finding: f } = s;
    const shared = f.cause === null && (groups.get(at(s))?.length ?? 0) > 1;
    return shared ? { ...s, finding: { ...f, cause: { rule: f.rule, at: place(f.origin) } } } : s;
  });
};

const applyWaivers = (
  seen: readonly Seen[],
  waivers: readonly Waiver[],
  now: number,
  prints: Fingerprints,
): { readonly kept: readonly Seen[]; readonly expired: readonly Finding[]; readonly waived: readonly Waived[] } => {
  const kept: Seen[] = [];
  const expired: Finding[] = [];
  const waived: Waived[] = [];
  const holds = (w: Waiver): boolean => w.until !== null && now < w.until && w.reason.trim() !== "";
  for (const one of seen) {
    const { finding } = one;
    const waiver = waivers.find((w) => holds(w) && covers(w, finding));
    if (waiver === undefined) kept.push(one);
    else waived.push({ finding, waiver });
  }
  for (const waiver of waivers) {
    const isKnown = KNOWN_RULES.some((rule) => rule.id === waiver.rule);
    if (holds(waiver) && isKnown) continue;
    const still = seen.some((s) => covers(waiver, s.finding));
    if (!isKnown) {
      const message = `No rule is called ${waiver.rule}, so this waiver waives nothing. Correct its name, or remove it.`;
      const key = ["unknown rule", waiver.rule, waiver.policy ?? ""];
      const { namespace, origin } = waiver;
      expired.push(findingOf(WAIVER_RULE, { namespace, policy: null, origin, key, message }, prints));
      continue;
    }
    const ended = waiver.until === null ? "has no readable end" : `ended on ${day(waiver.until - 1)}`;
    const why = waiver.reason.trim() === "" ? "gives no reason" : ended;
    expired.push(
      findingOf(
        WAIVER_RULE,
        {
          namespace: waiver.namespace,
          policy: null,
          origin: waiver.origin,
          key: ["expired", waiver.rule, waiver.policy ?? "", waiver.fingerprint ?? ""],
          message: still
            ? `The waiver of ${waiver.rule} ${why}, and what it waives is still there. Repair it, or decide again until when.`
            : `The waiver of ${waiver.rule} ${why}, and nothing needs it any more. Remove it.`,
        },
        prints,
      ),
    );
  }
  return { kept, expired, waived };
};

const day = (time: number): string => new Date(time).toISOString().slice(0, 10);

const inOrder = (a: Finding, b: Finding): number =>
  bySeverity(a.severity, b.severity) ||
  compare(a.origin.file, b.origin.file) ||
  a.origin.line - b.origin.line ||
  a.origin.column - b.origin.column ||
  compare(a.rule, b.rule) ||
  compare(a.fingerprint, b.fingerprint);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** How many findings of each severity. */
export const count = (findings: readonly Finding[]): Readonly<Record<Severity, number>> => ({
  error: findings.filter((f) => f.severity === "error").length,
  warning: findings.filter((f) => f.severity === "warning").length,
  info: findings.filter((f) => f.severity === "info").length,
});
