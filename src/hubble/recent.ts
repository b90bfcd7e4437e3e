import type { CollectorPosition } from "../facts/evidence.ts";

/** How far back the order of Relay's output may be off, generously: it sorts a hundred flows at a time (C F.4). */
const SLACK = 5_000;
/** Fingerprints kept at most; on a busier stream the slack is shorter. */
const KEPT = 65_536;

/** Relay holds flows back this long to sort them (C F.4). */
const DRAIN = 1_000;

/**
 * Which flows were counted lately. A reader that comes back asks for a little more than it missed, and what it already
 * counted is skipped by its print, 53 bits that tell one flow from another.
 */
export interface Recent {
  add(time: number, print: number): void;
  /** Flow time of the newest record. */
  newest(): number;
  position(): CollectorPosition;
  /** Starts skipping; returns from when on to ask. */
  resume(): number;
  /** Counted before the resume, or older than what was asked for while still catching up. */
  isCounted(time: number, print: number): boolean;
}

export const recentFlows = (from: CollectorPosition | null): Recent => {
  const times = new Float64Array(KEPT);
  const prints = new Float64Array(KEPT);
  let size = 0;
  let newest = from?.time ?? 0;
  let skip: Set<number> | null = null;
  let since = 0;
  let resumedAt = 0;
  /** Nothing is surely complete before this. */
  let floor = Number.NEGATIVE_INFINITY;

  const add = (time: number, print: number): void => {
    const at = size % KEPT;
    times[at] = time;
    prints[at] = print;
    size += 1;
    if (time > newest) newest = time;
  };

  /** Entries that are surely all there from a moment on, and that moment. */
  const window = (): { readonly since: number; readonly entries: Map<number, number> } => {
    const count = Math.min(size, KEPT);
    // What was overwritten is older than the oldest kept, but for the disorder of one drain.
    if (size > KEPT) floor = Math.max(floor, (times[size % KEPT] ?? 0) + DRAIN);
    const begin = Math.min(newest, Math.max(newest - SLACK, floor));
    const entries = new Map<number, number>();
    for (let i = 0; i < count; i++) if ((times[i] ?? 0) >= begin) entries.set(prints[i] ?? 0, times[i] ?? 0);
    return { since: begin, entries };
  };

  if (from !== null) {
    const numbers = new Float64Array(from.recent.slice().buffer);
    floor = numbers[0] ?? from.time;
    for (let i = 1; i + 1 < numbers.length; i += 2) add(numbers[i] ?? 0, numbers[i + 1] ?? 0);
  }

  return {
    add,
    newest: () => newest,
    position: () => {
      const { since: begin, entries } = window();
      const numbers = new Float64Array(1 + entries.size * 2);
      numbers[0] = begin;
      let i = 1;
      for (const [print, time] of entries) {
        numbers[i++] = time;
        numbers[i++] = print;
      }
      return { time: newest, recent: new Uint8Array(numbers.buffer) };
    },
    resume: () => {
      const kept = window();
      skip = new Set(kept.entries.keys());
      ({ since } = kept);
      resumedAt = newest;
      return since;
    },
    isCounted: (time, print) => {
      if (skip === null) return false;
      if (time < since) return newest <= resumedAt;
      if (skip.has(print)) return true;
      // Far beyond what was ever counted: nothing to skip any more.
      if (time > resumedAt + 12 * SLACK) skip = null;
      return false;
    },
  };
};
