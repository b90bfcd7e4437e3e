import { createHmac, timingSafeEqual } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { OperatorError } from "../facts/errors.ts";
import type { CollectorPosition, EvidenceHour, EvidenceShard, WatchRecord } from "../facts/evidence.ts";

/**
 * One part of one hour as a database holds it: the watch, a shard of edges, or the index that lists the others. A part is
 * compressed JSON with a MAC; the index carries the MACs of the rest, so that a part that was taken away is missed.
 */
export interface EvidenceRow {
  /** Which collector's: two sources have an hour each, and are read together. */
  readonly source: string;
  readonly hour: number;
  readonly part: string;
  /** The namespaces a shard joins; empty for the watch and the index. */
  readonly left: string;
  readonly right: string;
  readonly body: Uint8Array;
  readonly mac: string;
}

export const WATCH = "watch";
export const INDEX = "index";

export interface PositionRow {
  readonly time: number;
  readonly recent: Uint8Array;
  readonly mac: string;
}

/** What a database has to offer; SQLite and Postgres do. */
export interface EvidenceRows {
  /** For messages: a path, or a URL without its password. */
  readonly where: string;
  /** All rows of the hours in `[from, to]`: watch and index always, shards of one namespace, of all or of none. */
  read(request: {
    readonly from: number;
    readonly to: number;
    /** Of one source alone. */
    readonly source?: string;
    readonly shards: "all" | "none" | { readonly namespace: string };
  }): Promise<readonly EvidenceRow[]>;
  /** The first and last hour held. */
  bounds(): Promise<{ readonly first: number; readonly last: number } | null>;
  /** @throws OperatorError `busy` while another collector holds the source */
  hold(source: string): Promise<PositionRow | null>;
  /** Everything or nothing, and only while the source is held. Hours before `keepFrom` go. */
  write(request: {
    readonly source: string;
    readonly rows: readonly EvidenceRow[];
    readonly position: PositionRow;
    readonly keepFrom: number;
  }): Promise<void>;
  release(source: string): Promise<void>;
  dispose(): Promise<void>;
}

const macOf = (key: string, ...parts: readonly (string | number | Uint8Array)[]): string => {
  const mac = createHmac("sha256", key);
  for (const part of parts) {
    const bytes = typeof part === "number" ? String(part) : part;
    // Length first: two parts never read as one.
    mac.update(`${typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.byteLength}:`).update(bytes);
  }
  return mac.digest("base64url").slice(0, 32);
};

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const pack = (value: unknown): Uint8Array => deflateRawSync(JSON.stringify(value), { level: 1 });

const rowOf = (key: string, source: string, hour: number, part: string, value: unknown): EvidenceRow => {
  const body = pack(value);
  const [left = "", right = ""] = part.includes(" ") ? part.split(" ") : [];
  return { source, hour, part, left, right, body, mac: macOf(key, "part", source, hour, part, body) };
};

/** The rows of an hour; `others` are MACs of shards that did not change and stay as they are. */
export const rowsOfHour = (
  key: string,
  source: string,
  hour: EvidenceHour,
  others: Readonly<Record<string, string>>,
): readonly EvidenceRow[] => {
  const rows = [rowOf(key, source, hour.hour, WATCH, hour.watch)];
  for (const [part, shard] of Object.entries(hour.shards)) rows.push(rowOf(key, source, hour.hour, part, shard));
  const index: Record<string, string> = { ...others };
  for (const row of rows) index[row.part] = row.mac;
  return [...rows, rowOf(key, source, hour.hour, INDEX, index)];
};

const altered = (where: string, hour: number, what: string): OperatorError =>
  new OperatorError("input", `evidence of ${new Date(hour).toISOString()} was altered outside the program: ${what}`, {
    where,
    remedy: "Nothing may be judged from it. Restore the store from a backup, or move it away and collect anew.",
  });

/**
 * What was unpacked lately, by MAC. Gates read the same hours many times; each time the bytes are held against their MAC, and
 * only then is what they meant the last time reused. Nobody changes what was read.
 */
const unpacked = new Map<string, unknown>();
const UNPACKED = 8_192;

const unpack = (key: string, where: string, row: EvidenceRow): unknown => {
  if (!isSame(row.mac, macOf(key, "part", row.source, row.hour, row.part, row.body)))
    throw altered(where, row.hour, `${row.part} does not carry our MAC`);
  const known = unpacked.get(row.mac);
  if (known !== undefined) return known;
  const value: unknown = JSON.parse(inflateRawSync(row.body).toString("utf8"));
  if (unpacked.size >= UNPACKED) unpacked.clear();
  unpacked.set(row.mac, value);
  return value;
};

export const indexOf = (key: string, where: string, row: EvidenceRow): Readonly<Record<string, string>> =>
  unpack(key, where, row) as Readonly<Record<string, string>>;

/**
 * Hours from rows, each part held against its MAC and the hour's index.
 * @param wanted which shards were asked for; all of those in the index must be there
 * @throws OperatorError `input` when anything was changed, added or taken away
 */
export const hoursOfRows = (
  key: string,
  where: string,
  rows: readonly EvidenceRow[],
  wanted: (part: string) => boolean,
): readonly EvidenceHour[] => {
  const byHour = Map.groupBy(rows, (row) => `${row.hour} ${row.source}`);
  const hours: EvidenceHour[] = [];
  for (const parts of byHour.values()) {
    const hour = parts[0]?.hour ?? 0;
    const byPart = new Map(parts.map((row) => [row.part, row]));
    const index = byPart.get(INDEX);
    if (index === undefined) throw altered(where, hour, "its index is gone");
    const macs = indexOf(key, where, index);
    for (const [part, mac] of Object.entries(macs)) {
      if (part !== WATCH && !wanted(part)) continue;
      const row = byPart.get(part);
      if (row === undefined) throw altered(where, hour, `${part} is gone`);
      if (!isSame(row.mac, mac)) throw altered(where, hour, `${part} is not the newest that was written`);
    }
    const shards: Record<string, EvidenceShard> = {};
    let watch: WatchRecord | null = null;
    for (const row of parts) {
      if (row.part === INDEX) continue;
      if (macs[row.part] === undefined) throw altered(where, hour, `${row.part} was added`);
      const value = unpack(key, where, row);
      if (row.part === WATCH) watch = value as WatchRecord;
      else shards[row.part] = value as EvidenceShard;
    }
    if (watch === null) throw altered(where, hour, "its watch is gone");
    hours.push({ hour, watch, shards });
  }
  return hours.sort((a, b) => a.hour - b.hour);
};

export const positionRow = (key: string, source: string, position: CollectorPosition): PositionRow => ({
  time: position.time,
  recent: position.recent,
  mac: macOf(key, "position", source, position.time, position.recent),
});

export const positionOf = (key: string, where: string, source: string, row: PositionRow): CollectorPosition => {
  if (!isSame(row.mac, macOf(key, "position", source, row.time, row.recent)))
    throw altered(where, row.time, "the collector's position does not carry our MAC");
  return { time: row.time, recent: row.recent };
};
