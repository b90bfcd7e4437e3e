import { fill } from "../../model/prompts.ts";
import type { PullRequestInput } from "./body.ts";
import { bullets, code, prose } from "./escape.ts";

/** What may go wrong, and what this change does not cover; each line has its cause in the facts. */
export const riskSection = (input: PullRequestInput, rows: number): string => {
  const { draft, changeset, inventory, suspensionFrom } = input;
  const risks: string[] = [];
  if (changeset.kind === "allows") risks.push(fill("pull-request/risk-dns", {}));
  if (changeset.kind === "default-deny") risks.push(fill("pull-request/risk-default-deny", {}));
  const wide = (draft?.rules ?? []).filter((r) => r.summary.includes("; would also admit "));
  for (const rule of wide.slice(0, rows))
    risks.push(`${code(`${rule.policy.name} ${rule.rule}`)} is wider than what was seen: ${prose(rule.summary)}`);
  for (const need of (draft?.neededElsewhere ?? []).slice(0, rows))
    risks.push(
      `Needed in ${code(need.namespace)} as well, which is locked and does not allow it: ${prose(need.summary)}`,
    );
  for (const left of (draft?.leftOut ?? []).slice(0, rows))
    risks.push(`No rule for ${prose(left.what)}: ${prose(left.why)}`);
  for (const note of draft?.notes ?? []) risks.push(prose(note));
  const outside = (inventory?.workloads ?? []).filter(
    (w) => w.namespace === changeset.namespace && w.secondaryNetworks.length > 0,
  );
  for (const w of outside.slice(0, rows))
    risks.push(
      `${code(`${w.kind}/${w.name}`)} has further networks (${prose(w.secondaryNetworks.join(", "))}) that no policy governs`,
    );
  risks.push(
    suspensionFrom === "git"
      ? "Suspension was read from Git alone: what was suspended by hand in the cluster does not show"
      : "Suspension was read from the live cluster",
  );
  return `## Risks and what is not covered\n\n${bullets(risks)}`;
};
