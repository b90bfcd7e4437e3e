import { fill } from "../../model/prompts.ts";
import type { JudgedEdge } from "../../replay/replay.ts";
import type { PullRequestInput } from "./body.ts";
import { bullets, code, codeCell, prose, table } from "./escape.ts";

const row = ({ edge, verdict, why }: JudgedEdge): readonly string[] => [
  codeCell(edge.source.id),
  codeCell(edge.destination.id),
  `${edge.protocol} ${edge.port}`,
  String(edge.flows),
  verdict,
  prose(why, 400),
];

const HEAD = ["From", "To", "Port", "Flows", "Verdict", "Why"] as const;

/** The recorded traffic under everything that will be live, with default-deny for this namespace. */
export const replaySection = (input: PullRequestInput, rows: number): string => {
  const { replay } = input;
  const heading = "## Replay of the recorded traffic";
  if (replay === null) return `${heading}\n\n${fill("pull-request/no-replay", {})}`;
  const { allowed, dropped, unknown } = replay.summary;
  const parts = [
    heading,
    fill("pull-request/replay", {
      edges: String(replay.edges.length),
      allowed: String(allowed),
      dropped: String(dropped),
      unknown: String(unknown),
    }),
  ];
  const bad = replay.edges.filter((e) => e.verdict !== "allowed" || e.disagreement !== null);
  if (bad.length > 0) parts.push(table(HEAD, bad.slice(0, rows).map(row)));
  if (bad.length > rows) parts.push(`And ${bad.length - rows} more.`);
  const paper = replay.edges.filter((e) => e.onPaper);
  if (paper.length > 0)
    parts.push(
      `Allowed on paper, by a DNS name that Cilium has not confirmed yet:\n\n${bullets(
        paper
          .slice(0, rows)
          .map((e) => `${code(e.edge.source.id)} to ${code(e.edge.destination.id)}, ${e.edge.protocol} ${e.edge.port}`),
      )}`,
    );
  if (replay.drops.length > 0)
    parts.push(
      `Dropped already when it was recorded, so nothing depends on it:\n\n${table(HEAD, replay.drops.slice(0, Math.min(rows, 20)).map(row))}`,
    );
  if (replay.vanished.length > 0)
    parts.push(
      `Recorded for workloads that no longer exist, and not judged: ${replay.vanished
        .slice(0, rows)
        .map((v) => code(v.end))
        .join(", ")}.`,
    );
  return parts.join("\n\n");
};
