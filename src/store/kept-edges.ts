import type { Edge } from "../facts/edge.ts";
import type { EvidenceHour } from "../facts/evidence.ts";
import { Kept } from "../facts/kept.ts";
import type { EdgeFilter } from "../facts/ports.ts";
import { edgesOf } from "./evidence-edges.ts";

/** How many edges are kept in all: some 60 MB. */
const ROOM = 50_000;
const kept = new Kept<readonly Edge[]>(ROOM, (edges) => edges.length + 1);

const numbers = new WeakMap<object, number>();
let last = 0;

const numberOf = (part: object): number => {
  const known = numbers.get(part) ?? (last += 1);
  numbers.set(part, known);
  return known;
};

/**
 * The edges of hours that were just read and held against their MACs. One request asks for the same edges at every gate
 * and at the door; where each part is the very one of the last time (`hoursOfRows` hands out what it unpacked by MAC), so
 * are its edges. An hour that was written, altered or taken away since is another list of parts, or no hours at all.
 */
export const verifiedEdges = (hours: readonly EvidenceHour[], filter: EdgeFilter): readonly Edge[] => {
  const parts = hours.map(({ watch, shards }) => [
    numberOf(watch),
    ...Object.entries(shards).map(([part, shard]) => [part, numberOf(shard)]),
  ]);
  const { window, namespace } = filter;
  return kept.of(JSON.stringify([window?.from, window?.to, namespace, parts]), () => edgesOf(hours, filter));
};
