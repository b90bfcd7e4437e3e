import { iso } from "../../facts/clock.ts";
import type { RuleEvidence } from "../../facts/draft.ts";
import type { Certainty } from "../../facts/known.ts";
import type { PullRequestInput } from "./body.ts";
import { codeCell, prose, table } from "./escape.ts";

const flowsOf = (rule: RuleEvidence): number => rule.edges.reduce((sum, edge) => sum + edge.flows, 0);

const seen = (rule: RuleEvidence): readonly [first: string, last: string] => {
  if (rule.edges.length === 0) return ["", ""];
  const first = Math.min(...rule.edges.map((e) => e.firstSeen));
  const last = Math.max(...rule.edges.map((e) => e.lastSeen));
  return [iso(first).slice(0, 16), iso(last).slice(0, 16)];
};

const HOW_SURE: Readonly<Record<Certainty, string>> = { certain: "", likely: " (likely)", guess: " (a guess)" };

/** Why the rule is there, beside what was seen: the configuration line, or the requirement. */
const because = (rule: RuleEvidence): string => {
  const lines = rule.declared
    .slice(0, 3)
    .map((d) => `${codeCell(d.key)} at ${codeCell(`${d.origin.file}:${d.origin.line}`)}${HOW_SURE[d.sure]}`);
  if (rule.declared.length > 3) lines.push(`and ${rule.declared.length - 3} more`);
  if (rule.requirement !== null) lines.push(prose(rule.requirement));
  if (rule.lesson !== null) lines.push(`lesson ${rule.lesson}`);
  return lines.join(", ");
};

const place = (rule: RuleEvidence): string => codeCell(`${rule.policy.name} ${rule.rule}`);

/** Every rule with its evidence. */
export const rulesSection = (input: PullRequestInput, rows: number): string => {
  const rules = input.draft?.rules ?? [];
  if (rules.length === 0) return "";
  const body = rules.slice(0, rows).map((rule) => {
    const [first, last] = seen(rule);
    const flows = flowsOf(rule);
    const edges = rule.edges.length;
    return [
      place(rule),
      prose(rule.summary),
      rule.source,
      because(rule),
      edges === 0 ? "never" : `${flows} flows on ${edges} ${edges === 1 ? "edge" : "edges"}`,
      first,
      last,
    ];
  });
  const head = ["Rule", "What it allows", "Source", "Because", "Seen", "First (UTC)", "Last (UTC)"];
  const more = rules.length > rows ? `\n\nAnd ${rules.length - rows} more rules.` : "";
  return `## Rules and their evidence\n\n${table(head, body)}${more}`;
};
