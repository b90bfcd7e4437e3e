import type { DropRecord, EdgeRecord, NamedRecord, UnnamedRecord } from "../facts/evidence.ts";
import type { HubbleVerdict } from "../facts/flow.ts";
import { type PolicyRef, policyId } from "../facts/policy.ts";
import type { Direction, Protocol } from "../facts/verdict.ts";
import type { End } from "./ends.ts";
import { type Sample, sample, sampleOf } from "./sample.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One edge in one hour, being counted. */
export interface Row {
  readonly source: End;
  readonly destination: End;
  readonly protocol: Protocol;
  readonly port: number;
  readonly sourcePort: number;
  flows: number;
  firstSeen: number;
  lastSeen: number;
  /** By far the most are this; others have a map. */
  forwarded: number;
  verdicts: Map<HubbleVerdict, number> | null;
  drops: readonly Mutable<DropRecord>[];
  isIngress: boolean;
  isEgress: boolean;
  nodes: readonly string[];
  lastNode: string;
  named: readonly Mutable<NamedRecord>[];
  unnamed: readonly Mutable<UnnamedRecord>[];
  readonly sourceIps: Sample;
  readonly destinationIps: Sample;
  readonly sourceNames: Sample;
  readonly destinationNames: Sample;
  readonly l7: Sample;
}

/** Shared by all rows that have none, and grown by copying: a list of one has room for one, and there are many such rows. */
const NONE: readonly never[] = [];

/** A pod's addresses say little; an address of the world may be all there is to judge a CIDR rule by. */
const POD_IPS = 4;
const WORLD_IPS = 64;
const NAMES = 16;

export const newRow = (source: End, destination: End, protocol: Protocol, port: number, sourcePort: number): Row => ({
  source,
  destination,
  protocol,
  port,
  sourcePort,
  flows: 0,
  firstSeen: Number.POSITIVE_INFINITY,
  lastSeen: Number.NEGATIVE_INFINITY,
  forwarded: 0,
  verdicts: null,
  drops: NONE,
  isIngress: false,
  isEgress: false,
  nodes: NONE,
  lastNode: "",
  named: NONE,
  unnamed: NONE,
  sourceIps: sample(source.isPod ? POD_IPS : WORLD_IPS),
  destinationIps: sample(destination.isPod ? POD_IPS : WORLD_IPS),
  sourceNames: sample(NAMES),
  destinationNames: sample(NAMES),
  l7: sample(NAMES),
});

export const see = (row: Row, first: number, last: number): void => {
  if (first < row.firstSeen) row.firstSeen = first;
  if (last > row.lastSeen) row.lastSeen = last;
};

export const addVerdict = (row: Row, verdict: HubbleVerdict, flows: number): void => {
  if (verdict === "FORWARDED") {
    row.forwarded += flows;
    return;
  }
  row.verdicts ??= new Map();
  row.verdicts.set(verdict, (row.verdicts.get(verdict) ?? 0) + flows);
};

export const addDrop = (row: Row, drop: DropRecord): void => {
  const known = row.drops.find(
    (d) => d.reason === drop.reason && d.direction === drop.direction && d.class === drop.class,
  );
  if (known === undefined) {
    row.drops = [...row.drops, { ...drop }];
    return;
  }
  known.asVerdict += drop.asVerdict;
  known.asDrop += drop.asDrop;
  known.lastSeen = Math.max(known.lastSeen, drop.lastSeen);
};

const isSamePolicy = (a: PolicyRef, b: PolicyRef): boolean =>
  a === b || (a.name === b.name && a.namespace === b.namespace && a.kind === b.kind);

export const addNamed = (row: Row, direction: Direction, policy: PolicyRef, flows: number, lastSeen: number): void => {
  const known = row.named.find((n) => n.direction === direction && isSamePolicy(n.policy, policy));
  if (known === undefined) {
    row.named = [...row.named, { direction, policy, flows, lastSeen }];
    return;
  }
  known.flows += flows;
  known.lastSeen = Math.max(known.lastSeen, lastSeen);
};

export const addUnnamed = (row: Row, direction: Direction, node: string, flows: number, lastSeen: number): void => {
  const known = row.unnamed.find((u) => u.direction === direction && u.node === node);
  if (known === undefined) {
    row.unnamed = [...row.unnamed, { direction, node, flows, lastSeen }];
    return;
  }
  known.flows += flows;
  known.lastSeen = Math.max(known.lastSeen, lastSeen);
};

export const addNode = (row: Row, node: string): void => {
  if (row.lastNode === node) return;
  row.lastNode = node;
  if (!row.nodes.includes(node)) row.nodes = [...row.nodes, node];
};

const sorted = <T>(list: readonly T[], key: (item: T) => string): readonly T[] =>
  list.length < 2 ? list : list.toSorted((a, b) => byText(key(a), key(b)));

const SEEN_AT = [[], ["egress"], ["ingress"], ["egress", "ingress"]] as const satisfies (readonly Direction[])[];

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The row as it is kept. Everything is sorted, so that the same flows in any order give the same bytes. */
export const recordOfRow = (row: Row, positionOf: (end: End) => number): EdgeRecord => {
  const [sourceIps, destinationIps] = [sampleOf(row.sourceIps), sampleOf(row.destinationIps)];
  return {
    source: positionOf(row.source),
    destination: positionOf(row.destination),
    protocol: row.protocol,
    port: row.port,
    sourcePort: row.sourcePort,
    flows: row.flows,
    firstSeen: row.firstSeen,
    lastSeen: row.lastSeen,
    verdicts: {
      ...(row.forwarded === 0 ? {} : { FORWARDED: row.forwarded }),
      ...(row.verdicts === null ? {} : Object.fromEntries([...row.verdicts].sort(([a], [b]) => byText(a, b)))),
    },
    drops: sorted(row.drops, (d) => `${d.reason} ${d.direction}`),
    seenAt: SEEN_AT[(row.isEgress ? 1 : 0) + (row.isIngress ? 2 : 0)] ?? NONE,
    nodes: sorted(row.nodes, (node) => node),
    named: sorted(row.named, (n) => `${n.direction} ${policyId(n.policy)}`),
    unnamed: sorted(row.unnamed, (u) => `${u.direction} ${u.node}`),
    sourceIps: sourceIps.values,
    destinationIps: destinationIps.values,
    moreIps: sourceIps.more || destinationIps.more,
    sourceNames: sampleOf(row.sourceNames).values,
    destinationNames: sampleOf(row.destinationNames).values,
    l7: sampleOf(row.l7).values,
  };
};
