import { iso } from "../../facts/clock.ts";
import type { PullRequestInput } from "./body.ts";
import { codeCell, prose, table } from "./escape.ts";

const hours = (ms: number): string => `${Math.round(ms / 360_000) / 10} h`;

/** How much of the window was really seen: silence in a hole is not peace (lesson 5). */
export const evidenceSection = (input: PullRequestInput, rows: number): string => {
  const { coverage } = input;
  const heading = "## How complete the evidence is";
  if (coverage === null)
    return `${heading}\n\nNo recorded traffic was at hand: every rule comes from manifests and requirements.`;
  if (coverage.vacuous) return `${heading}\n\nThe namespace has no pods, so there was nothing to see.`;
  const parts = [
    heading,
    `From ${iso(coverage.from).slice(0, 16)} to ${iso(coverage.to).slice(0, 16)} UTC (${hours(coverage.to - coverage.from)}), ` +
      `${Math.floor(coverage.completeness * 1000) / 10} % of it covered on the nodes that host the namespace's pods.`,
    table(
      ["Node", "Minutes", "Covered", "Events seen", "Events lost", "Holes"],
      coverage.nodes.slice(0, rows).map((n) => [
        codeCell(n.node),
        String(n.minutes),
        String(n.coveredMinutes),
        String(n.seen),
        String(n.lost),
        n.holes.length === 0
          ? "none"
          : prose(
              n.holes
                .slice(0, 3)
                .map((h) => `${hours(h.to - h.from)} from ${iso(h.from).slice(0, 16)}: ${h.why}`)
                .join("; ") + (n.holes.length > 3 ? `; and ${n.holes.length - 3} more` : ""),
            ),
      ]),
    ),
  ];
  parts.push(
    coverage.control === null
      ? "No positive control was seen: the tap may be dead."
      : `Positive control: ${prose(coverage.control.kind)} on ${prose(coverage.control.node)}, ${coverage.control.flows} flows.`,
  );
  const missing = coverage.hoursOfDay.flatMap((covered, hour) => (covered ? [] : [String(hour).padStart(2, "0")]));
  if (missing.length > 0) parts.push(`Hours of the day never covered (UTC): ${missing.join(", ")}.`);
  return parts.join("\n\n");
};
