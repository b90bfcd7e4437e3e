import { KNOWN_RULES } from "./audit.ts";
import type { RuleFacts } from "./rule.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const HEAD = ["rule", "severity", "lesson", "what is wrong", "the way out"];

const row = (rule: RuleFacts): readonly string[] => [
  `\`${rule.id}\``,
  rule.severity,
  String(rule.lesson ?? ""),
  cell(rule.about),
  cell(rule.remedy),
];

/** Columns as wide as their widest cell, so that the formatter has nothing to change. */
const table = (rows: readonly (readonly string[])[]): string => {
  const widths = HEAD.map((_, i) => Math.max(...[HEAD, ...rows].map((r) => r[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (cells[i] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(HEAD), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
};

/** The table of rules, as `docs/audit-rules.md` holds it. */
export const rulesMarkdown = (): string =>
  `# What the audit looks for

Every rule, with the severity it has when the repository says for certain what it relies on. Uncertain inventory (a chart
that cannot be read, labels that only a controller gives) lowers it and never hides it: likely makes an error a warning, a
guess makes it a remark. What another rule masks is a remark too. The lesson is the number in the project's list of things
that went wrong once.

${table(KNOWN_RULES.map(row))}

## Waivers

A finding that you looked at and live with is waived beside its policy, with a reason and a last day:

\`\`\`yaml
metadata:
  annotations:
    network-operator/waive: |
      cluster-range-by-cidr until 2026-12-31: stale monitor addresses are retried for hours
\`\`\`

One line per rule. Where the policy is not yours to annotate, the configuration holds it; namespace, policy and
fingerprint narrow it, each as far as you need:

\`\`\`yaml
# network-operator.yaml
audit:
  waivers:
    - rule: unselected-workload
      namespace: media
      until: 2026-12-31
      reason: the nightly copy is moved to another cluster by then
\`\`\`

A waiver that has run out is a finding, whether or not anything still needs it.
`;
