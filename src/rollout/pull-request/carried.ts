import type { DirectionResult } from "../../replay/court.ts";
import { ruleText } from "../../replay/why.ts";
import type { PullRequestInput } from "./body.ts";
import { codeCell, table } from "./escape.ts";

const by = (side: DirectionResult): string => {
  if (side.by.length > 0)
    return side.by
      .slice(0, 2)
      .map((r) => codeCell(ruleText(r)))
      .join(", ");
  if (side.outcome === "not-subject") return "not governed";
  return side.verdict === "allowed"
    ? side.defaultDeny.length > 0
      ? "its own node, always"
      : "nothing restricts it"
    : side.verdict;
};

/** Under default-deny every connection needs somebody who lets it through: which rule does, at either end. */
export const carriedSection = (input: PullRequestInput, rows: number): string => {
  const edges = input.replay?.edges ?? [];
  if (edges.length === 0) return "";
  const head = ["From", "To", "Port", "Flows", "Let out by", "Let in by"];
  const body = edges
    .slice(0, rows)
    .map(({ edge, egress, ingress }) => [
      codeCell(edge.source.id),
      codeCell(edge.destination.id),
      `${edge.protocol} ${edge.port}`,
      String(edge.flows),
      by(egress),
      by(ingress),
    ]);
  const more = edges.length > rows ? `\n\nAnd ${edges.length - rows} more connections.` : "";
  return `## Which rules carry the traffic\n\n${table(head, body)}${more}`;
};
