import type { FactsReader, GateFacts, LaneRequest } from "./gate.ts";

/** Runs walk one at a time per thread, so a handful of readings is enough for a process with several. */
const KEPT = 4;

/**
 * One pass of facts for one walk along a lane, kept in this process and nowhere else. The gates at the edges share it;
 * the door never sees it and reads anew.
 */
export interface Readings {
  of(run: string, request: LaneRequest): Promise<GateFacts>;
  /** The next gate of this run reads anew. */
  forget(run: string): void;
}

export const makeReadings = (reader: FactsReader): Readings => {
  const kept = new Map<string, { readonly run: string; readonly facts: Promise<GateFacts> }>();
  return {
    of: (run, request) => {
      const key = JSON.stringify([run, request]);
      const held = kept.get(key);
      if (held !== undefined) return held.facts;
      const facts = reader.read(request);
      kept.set(key, { run, facts });
      facts.catch(() => kept.delete(key));
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT) break;
        kept.delete(oldest);
      }
      return facts;
    },
    forget: (run) => {
      for (const [key, entry] of kept) if (entry.run === run) kept.delete(key);
    },
  };
};
