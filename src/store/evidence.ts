import { DAY, HOUR } from "../facts/clock.ts";
import type { EvidenceHour, EvidenceWriter } from "../facts/evidence.ts";
import type { EvidenceReader } from "../facts/ports.ts";
import { coverageOf, type CoverageRules, defaultCoverageRules, startsOf } from "./evidence-coverage.ts";
import { edgesOf, namesOfAddress } from "./evidence-edges.ts";
import { verifiedEdges } from "./kept-edges.ts";
import {
  type EvidenceRows,
  hoursOfRows,
  INDEX,
  indexOf,
  positionOf,
  positionRow,
  rowsOfHour,
  WATCH,
} from "./evidence-rows.ts";

export interface EvidenceStoreOptions {
  /** How long hours are kept, in milliseconds, back from the newest that is written. */
  readonly retention?: number;
  readonly rules?: Partial<CoverageRules>;
}

/** Reader, writer and everything kept, over one database. */
export interface EvidenceStore extends EvidenceReader, EvidenceWriter {
  /** Hours in `[from, to)`, verified. */
  hours(from: number, to: number): Promise<readonly EvidenceHour[]>;
  dispose(): Promise<void>;
}

/** Longer than the longest soak (tunnels: one week) by far, so that yesterday's decision can still be explained. */
const RETENTION = 60 * DAY;
/** How far back a start is looked for before it counts as one. */
const BEFORE_START = 2 * HOUR;
/** `namesOf` reads this much; older answers were reassigned long ago. */
const NAMES_BACK = 7 * DAY;

const startOf = (time: number): number => Math.floor(time / HOUR) * HOUR;

/** Answers from hours in memory: what files hold, or what a test makes up. */
export const memoryEvidence = (
  hours: readonly EvidenceHour[],
  rules: Partial<CoverageRules> = {},
): EvidenceReader & { hours(from: number, to: number): Promise<readonly EvidenceHour[]> } => {
  const within = (from: number, to: number): readonly EvidenceHour[] =>
    hours.filter((h) => h.hour + HOUR > from && h.hour < to);
  return {
    hours: async (from, to) => within(from, to),
    edges: async (filter) => edgesOf(hours, filter),
    coverage: async (request) =>
      coverageOf(within(request.from, request.to), request, { ...defaultCoverageRules, ...rules }),
    starts: async (request) => startsOf(hours, request),
    namesOf: async (ip) => namesOfAddress(hours, ip),
    span: async () => spanOf(hours),
  };
};

const spanOf = (hours: readonly EvidenceHour[]): { from: number; to: number } | null => {
  const watched = hours.flatMap((h) => Object.values(h.watch.nodes).flatMap((n) => n.up));
  if (watched.length > 0)
    return {
      from: watched.reduce((least, up) => Math.min(least, up.from), Number.POSITIVE_INFINITY),
      to: watched.reduce((most, up) => Math.max(most, up.to), 0),
    };
  const first = hours.at(0);
  const last = hours.at(-1);
  return first === undefined || last === undefined ? null : { from: first.hour, to: last.hour + HOUR };
};

export const evidenceStore = (rows: EvidenceRows, key: string, options: EvidenceStoreOptions = {}): EvidenceStore => {
  const rules = { ...defaultCoverageRules, ...options.rules };
  const retention = options.retention ?? RETENTION;

  const read = async (
    from: number,
    to: number,
    shards: "all" | "none" | { readonly namespace: string },
  ): Promise<readonly EvidenceHour[]> => {
    const found = await rows.read({ from: startOf(from), to: to - 1, shards });
    const wanted = (part: string): boolean =>
      shards === "all" || (shards !== "none" && part.split(" ").includes(shards.namespace));
    return hoursOfRows(key, rows.where, found, wanted);
  };

  const whole = async (): Promise<{ from: number; to: number } | null> => {
    const bounds = await rows.bounds();
    return bounds === null ? null : { from: bounds.first, to: bounds.last + HOUR };
  };

  return {
    hours: (from, to) => read(from, to, "all"),
    edges: async (filter) => {
      const window = filter.window ?? (await whole());
      if (window === null) return [];
      const shards = filter.namespace === undefined ? "all" : { namespace: filter.namespace };
      return verifiedEdges(await read(window.from, window.to, shards), filter);
    },
    coverage: async (request) => coverageOf(await read(request.from, request.to, "none"), request, rules),
    starts: async (request) => {
      const all = await whole();
      if (all === null) return [];
      const from = Math.min(all.from, request.from - BEFORE_START);
      return startsOf(await read(from, request.to, "none"), request);
    },
    namesOf: async (ip) => {
      const all = await whole();
      if (all === null) return [];
      return namesOfAddress(await read(Math.max(all.from, all.to - NAMES_BACK), all.to, "none"), ip);
    },
    span: async () => {
      const all = await whole();
      if (all === null) return null;
      const ends = [await read(all.from, all.from + HOUR, "none"), await read(all.to - HOUR, all.to, "none")];
      return spanOf(ends.flat());
    },

    begin: async (source) => {
      const row = await rows.hold(source);
      return row === null ? null : positionOf(key, rows.where, source, row);
    },
    load: async (source, hour) => {
      const found = await rows.read({ from: hour, to: hour, source, shards: "all" });
      return hoursOfRows(key, rows.where, found, () => true)[0] ?? null;
    },
    commit: async ({ source, hours, position }) => {
      const written = [];
      for (const hour of hours) {
        const kept = await rows.read({ from: hour.hour, to: hour.hour, source, shards: "none" });
        const index = kept.find((row) => row.part === INDEX);
        const { [WATCH]: _, ...others } = index === undefined ? {} : indexOf(key, rows.where, index);
        written.push(...rowsOfHour(key, source, hour, others));
      }
      const newest = hours.reduce((most, h) => Math.max(most, h.hour), position.time);
      await rows.write({
        source,
        rows: written,
        position: positionRow(key, source, position),
        keepFrom: startOf(newest - retention),
      });
    },
    end: (source) => rows.release(source),
    dispose: () => rows.dispose(),
  };
};
