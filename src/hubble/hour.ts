import { HOUR, MINUTE } from "../facts/clock.ts";
import type { Interval, PositiveControl } from "../facts/coverage.ts";
import { type NameRecord, type PodRecord, shardOf, type WorkloadRecord } from "../facts/evidence.ts";
import type { Protocol } from "../facts/verdict.ts";
import type { End } from "./ends.ts";
import type { Row } from "./row.ts";
import { newRow } from "./row.ts";

/** One hour of evidence while it is being counted. Mutable, owned by one reducer; `write.ts` makes records of it. */
export interface Hour {
  readonly hour: number;
  readonly nodes: Map<string, NodeHour>;
  readonly names: Map<string, Mutable<NameRecord>>;
  readonly pods: Map<string, Mutable<PodRecord>>;
  readonly workloads: Map<string, WorkloadRecord>;
  readonly leftOut: Map<string, number>;
  /** By source and destination, by their positions in the interner. */
  readonly pairs: Map<number, Pair>;
  readonly shards: Map<string, Shard>;
  /** Counted since the last commit. */
  isTouched: boolean;
}

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export const CONTROLS = [
  "kubelet-probe",
  "scrape",
  "dns",
  "node-traffic",
] as const satisfies readonly PositiveControl["kind"][];

export interface NodeHour {
  readonly seen: Uint32Array;
  readonly lost: Uint32Array;
  up: Interval[];
  readonly breaks: { readonly time: number; readonly why: string }[];
  named: number;
  /** By position in `CONTROLS`. */
  readonly controls: { flows: number; lastSeen: number }[];
}

export interface Shard {
  readonly key: string;
  readonly rows: Row[];
  isTouched: boolean;
}

export interface Pair {
  readonly source: End;
  readonly destination: End;
  readonly shard: Shard;
  /** Null while there is only `last`: most pairs have one row. */
  rows: Map<number, Row> | null;
  /** The row that was asked for last. */
  last: Row | null;
}

export const hourOf = (time: number): number => Math.floor(time / HOUR) * HOUR;
export const minuteOf = (hour: number, time: number): number => Math.floor((time - hour) / MINUTE);

export const newHour = (hour: number): Hour => ({
  hour,
  nodes: new Map(),
  names: new Map(),
  pods: new Map(),
  workloads: new Map(),
  leftOut: new Map(),
  pairs: new Map(),
  shards: new Map(),
  isTouched: true,
});

export const nodeHour = (hour: Hour, node: string): NodeHour => {
  let found = hour.nodes.get(node);
  if (found === undefined) {
    found = {
      seen: new Uint32Array(60),
      lost: new Uint32Array(60),
      up: [],
      breaks: [],
      named: 0,
      controls: CONTROLS.map(() => ({ flows: 0, lastSeen: 0 })),
    };
    hour.nodes.set(node, found);
  }
  return found;
};

export const leaveOut = (hour: Hour, why: string, flows = 1): void => {
  hour.leftOut.set(why, (hour.leftOut.get(why) ?? 0) + flows);
};

const PROTOCOLS = {
  TCP: 0,
  UDP: 1,
  SCTP: 2,
  ICMPv4: 3,
  ICMPv6: 4,
  VRRP: 5,
  IGMP: 6,
} as const satisfies Readonly<Record<Protocol, number>>;

/** Rows one pair of ends may have in one hour: a port scan must not fill memory. */
const PORTS_PER_PAIR = 2_048;

/** Small numbers are the cheapest keys there are; beyond this many ends the key is still unique. */
const ENDS = 32_768;
const MANY = 2 ** 26;

const pairOf = (hour: Hour, source: End, destination: End): Pair => {
  const isSmall = source.index < ENDS && destination.index < ENDS;
  const key = isSmall ? source.index * ENDS + destination.index : -(source.index * MANY + destination.index);
  let pair = hour.pairs.get(key);
  if (pair === undefined) {
    const name = shardOf(source.namespace, destination.namespace);
    let shard = hour.shards.get(name);
    if (shard === undefined) hour.shards.set(name, (shard = { key: name, rows: [], isTouched: true }));
    pair = { source, destination, shard, rows: null, last: null };
    hour.pairs.set(key, pair);
  }
  return pair;
};

/** The row of an edge, made when new; null when this pair has too many. */
export const rowOf = (
  hour: Hour,
  source: End,
  destination: End,
  protocol: Protocol,
  port: number,
  sourcePort: number,
): Row | null => {
  const pair = pairOf(hour, source, destination);
  pair.shard.isTouched = true;
  const { last } = pair;
  if (last !== null && last.port === port && last.protocol === protocol && last.sourcePort === sourcePort) return last;
  if (last !== null) pair.rows ??= new Map([[keyOf(last), last]]);
  const key = keyOf({ protocol, port, sourcePort });
  let row = pair.rows?.get(key);
  if (row === undefined) {
    if (pair.rows !== null && pair.rows.size >= PORTS_PER_PAIR) return null;
    row = newRow(source, destination, protocol, port, sourcePort);
    pair.rows?.set(key, row);
    pair.shard.rows.push(row);
  }
  pair.last = row;
  return row;
};

const keyOf = ({ protocol, port, sourcePort }: Pick<Row, "protocol" | "port" | "sourcePort">): number =>
  (sourcePort * 65_536 + port) * 8 + PROTOCOLS[protocol];
