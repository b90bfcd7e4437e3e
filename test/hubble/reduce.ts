import type { Edge } from "../../src/facts/edge.ts";
import type { EvidenceHour } from "../../src/facts/evidence.ts";
import type { Flow } from "../../src/facts/flow.ts";
import { recordOf } from "../../src/hubble/record.ts";
import { reducer } from "../../src/hubble/reducer.ts";
import { memoryEvidence } from "../../src/store/evidence.ts";

export const hoursOf = (flows: readonly Flow[]): readonly EvidenceHour[] => {
  const r = reducer();
  for (const f of flows) r.add(recordOf(f, r.ends));
  return r.take(true);
};

export const edgesFrom = (flows: readonly Flow[]): Promise<readonly Edge[]> => memoryEvidence(hoursOf(flows)).edges({});

/** `source -> destination protocol/port`, one per edge. */
export const lines = (edges: readonly Edge[]): string[] =>
  edges.map((e) => `${e.source.id} -> ${e.destination.id} ${e.protocol}/${e.port}`);
