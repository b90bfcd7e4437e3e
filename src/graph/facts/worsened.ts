import { DIRECTIONS } from "../../facts/verdict.ts";
import type { JudgedEdge, Replay } from "../../replay/replay.ts";

/** Edges of which an end lets less through than before: each end by itself, because either may be mended first. */
export const worsened = (before: Replay, after: Replay): readonly JudgedEdge[] => {
  const was = new Map(before.edges.map((judged) => [judged.edge, judged]));
  return after.edges.filter((now) => {
    const then = was.get(now.edge);
    return then !== undefined && DIRECTIONS.some((d) => then[d].verdict === "allowed" && now[d].verdict !== "allowed");
  });
};
