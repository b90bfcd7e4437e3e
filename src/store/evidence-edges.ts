import type { Interval } from "../facts/coverage.ts";
import type { CiliumWord, DropCount, Edge, EdgeEnd } from "../facts/edge.ts";
import type { EdgeRecord, EndRecord, EvidenceHour } from "../facts/evidence.ts";
import type { HubbleVerdict, WorkloadRef } from "../facts/flow.ts";
import { type PolicyRef, policyId } from "../facts/policy.ts";
import type { EdgeFilter } from "../facts/ports.ts";
import { DIRECTIONS, type Direction, type Protocol } from "../facts/verdict.ts";

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Which workload a pod's name and labels belong to, from every node that hosted one. */
type Owners = (end: EndRecord) => WorkloadRef | null;

const ownersOf = (hours: readonly EvidenceHour[]): Owners => {
  const told = new Map<string, WorkloadRef>();
  /** By labels alone; null when several workloads share them. */
  const byLabels = new Map<string, WorkloadRef | null>();
  for (const { watch } of hours) {
    for (const { namespace, labels, derived, workload } of watch.workloads) {
      const shared = `${namespace}\n${labels.join("\n")}`;
      told.set(`${derived}\n${shared}`, workload);
      const known = byLabels.get(shared);
      const isOther = known !== undefined && (known?.kind !== workload.kind || known.name !== workload.name);
      byLabels.set(shared, isOther ? null : workload);
    }
  }
  return ({ namespace, labels, derived }) => {
    if (derived === null) return null;
    const shared = `${namespace}\n${labels.join("\n")}`;
    return (
      told.get(`${derived.name}\n${shared}`) ?? (derived.kind === "Workload" ? byLabels.get(shared) : null) ?? derived
    );
  };
};

interface End {
  readonly key: string;
  readonly record: EndRecord;
  readonly id: string;
  readonly workload: WorkloadRef | null;
}

const endOf = (record: EndRecord, owners: Owners): End => {
  const workload = owners(record);
  const id = workload === null ? record.id : `${record.namespace}/${workload.kind}/${workload.name}`;
  return { key: `${id}\n${record.labels.join("\n")}`, record, id, workload };
};

interface Counted {
  flows: number;
  lastSeen: number;
}

interface Sum extends Counted {
  readonly source: End;
  readonly destination: End;
  readonly protocol: Protocol;
  readonly port: number;
  readonly sourcePort: number;
  firstSeen: number;
  readonly verdicts: Map<HubbleVerdict, number>;
  readonly drops: Map<string, { of: DropCount; asVerdict: number; asDrop: number; lastSeen: number }>;
  readonly seenAt: Set<Direction>;
  readonly nodes: Set<string>;
  readonly named: Record<Direction, Map<string, Counted & { policy: PolicyRef }>>;
  readonly unnamed: Record<Direction, Counted>;
  readonly ips: readonly [Set<string>, Set<string>];
  readonly names: readonly [Set<string>, Set<string>];
  moreIps: boolean;
  readonly l7: Set<string>;
}

const newSum = (edge: EdgeRecord, source: End, destination: End): Sum => ({
  source,
  destination,
  protocol: edge.protocol,
  port: edge.port,
  sourcePort: edge.sourcePort,
  flows: 0,
  firstSeen: Number.POSITIVE_INFINITY,
  lastSeen: 0,
  verdicts: new Map(),
  drops: new Map(),
  seenAt: new Set(),
  nodes: new Set(),
  named: { egress: new Map(), ingress: new Map() },
  unnamed: { egress: { flows: 0, lastSeen: 0 }, ingress: { flows: 0, lastSeen: 0 } },
  ips: [new Set(), new Set()],
  names: [new Set(), new Set()],
  moreIps: false,
  l7: new Set(),
});

const bump = (count: Counted, flows: number, lastSeen: number): void => {
  count.flows += flows;
  count.lastSeen = Math.max(count.lastSeen, lastSeen);
};

/**
 * Adds one hour's record. Counts are whole hours; what has a time of its own (drops, Cilium's word) is left out when that
 * lies before the window, so that nothing from before a change is held against it.
 */
const add = (sum: Sum, edge: EdgeRecord, from: number, trusts: (node: string) => boolean): void => {
  bump(sum, edge.flows, edge.lastSeen);
  sum.firstSeen = Math.min(sum.firstSeen, edge.firstSeen);
  for (const [verdict, flows] of Object.entries(edge.verdicts) as [HubbleVerdict, number][])
    sum.verdicts.set(verdict, (sum.verdicts.get(verdict) ?? 0) + flows);
  for (const drop of edge.drops) {
    if (drop.lastSeen < from) continue;
    const key = `${drop.class} ${drop.reason} ${drop.direction}`;
    const { class: kind, reason, direction } = drop;
    let known = sum.drops.get(key);
    if (known === undefined) {
      const of = { class: kind, reason, direction, flows: 0, lastSeen: 0 };
      sum.drops.set(key, (known = { of, asVerdict: 0, asDrop: 0, lastSeen: 0 }));
    }
    known.asVerdict += drop.asVerdict;
    known.asDrop += drop.asDrop;
    known.lastSeen = Math.max(known.lastSeen, drop.lastSeen);
  }
  for (const direction of edge.seenAt) sum.seenAt.add(direction);
  for (const node of edge.nodes) sum.nodes.add(node);
  for (const { direction, policy, flows, lastSeen } of edge.named) {
    if (lastSeen < from) continue;
    const key = policyId(policy);
    const known = sum.named[direction].get(key);
    if (known === undefined) sum.named[direction].set(key, { policy, flows, lastSeen });
    else bump(known, flows, lastSeen);
  }
  for (const { direction, node, flows, lastSeen } of edge.unnamed)
    if (lastSeen >= from && trusts(node)) bump(sum.unnamed[direction], flows, lastSeen);
  for (const ip of edge.sourceIps) sum.ips[0].add(ip);
  for (const ip of edge.destinationIps) sum.ips[1].add(ip);
  for (const name of edge.sourceNames) sum.names[0].add(name);
  for (const name of edge.destinationNames) sum.names[1].add(name);
  for (const asked of edge.l7) sum.l7.add(asked);
  sum.moreIps ||= edge.moreIps;
};

const IPS = 64;
const NAMES = 32;

const sideOf = (sum: Sum, side: 0 | 1): EdgeEnd => {
  const { record, id, workload } = side === 0 ? sum.source : sum.destination;
  const ips = [...sum.ips[side]].sort();
  const isMore = ips.length > IPS || (sum.moreIps && record.derived === null);
  return {
    id,
    labels: record.labels,
    namespace: record.namespace,
    workload,
    ips: ips.slice(0, IPS),
    ...(isMore ? { moreIps: true } : {}),
    names: [...sum.names[side]].sort().slice(0, NAMES),
  };
};

const wordOf = (sum: Sum, direction: Direction): CiliumWord => ({
  named: [...sum.named[direction]]
    .sort(([a], [b]) => byText(a, b))
    .map(([, { policy, flows, lastSeen }]) => ({ policy, flows, lastSeen })),
  unnamed: { ...sum.unnamed[direction] },
});

const edgeOf = (sum: Sum): Edge => {
  const drops = [...sum.drops]
    .sort(([a], [b]) => byText(a, b))
    .map(([, d]) => ({ ...d.of, flows: Math.max(d.asVerdict, d.asDrop), lastSeen: d.lastSeen }));
  const dropped = drops.reduce((all, d) => all + d.flows, 0);
  const verdicts = Object.fromEntries([...sum.verdicts].sort(([a], [b]) => byText(a, b)));
  return {
    source: sideOf(sum, 0),
    destination: sideOf(sum, 1),
    protocol: sum.protocol,
    port: sum.port,
    flows: sum.flows,
    firstSeen: sum.firstSeen,
    lastSeen: sum.lastSeen,
    verdicts: dropped === 0 ? verdicts : { ...verdicts, DROPPED: dropped },
    drops,
    seenAt: DIRECTIONS.filter((d) => sum.seenAt.has(d)),
    word: { egress: wordOf(sum, "egress"), ingress: wordOf(sum, "ingress") },
    nodes: [...sum.nodes].sort(),
    ...(sum.l7.size === 0 ? {} : { l7: [...sum.l7].sort().slice(0, NAMES) }),
  };
};

/** A client does not listen on more ports than this; answers scatter over thousands. */
const LISTENS = 4;

/**
 * Late answers are taken out: those whose connection is known, and those that scatter over a client's ports. A drop among
 * them happened to the connection they answer.
 */
const withoutStrays = (sums: ReadonlyMap<string, Sum>, at: (edge: Sum) => Sum | undefined): Sum[] => {
  const scatter = new Map<string, Set<number>>();
  const groupOf = (s: Sum): string => `${s.source.key}\n\n${s.destination.key}\n\n${s.protocol} ${s.sourcePort}`;
  for (const sum of sums.values()) {
    if (sum.sourcePort === 0) continue;
    const ports = scatter.get(groupOf(sum)) ?? new Set();
    scatter.set(groupOf(sum), ports.add(sum.port));
  }
  return [...sums.values()].filter((sum) => {
    if (sum.sourcePort === 0) return true;
    const answered = at(sum);
    if (answered !== undefined) {
      for (const [key, drop] of sum.drops) if (!answered.drops.has(key)) answered.drops.set(key, drop);
      return false;
    }
    return (scatter.get(groupOf(sum))?.size ?? 0) <= LISTENS;
  });
};

/** Strays of several client ports that proved to be a connection of their own are one edge, with the one never in doubt. */
const absorb = (into: Sum, from: Sum): void => {
  bump(into, from.flows, from.lastSeen);
  into.firstSeen = Math.min(into.firstSeen, from.firstSeen);
  for (const [verdict, flows] of from.verdicts) into.verdicts.set(verdict, (into.verdicts.get(verdict) ?? 0) + flows);
  for (const [key, drop] of from.drops) if (!into.drops.has(key)) into.drops.set(key, drop);
  for (const direction of DIRECTIONS) {
    if (from.seenAt.has(direction)) into.seenAt.add(direction);
    for (const [key, word] of from.named[direction])
      if (!into.named[direction].has(key)) into.named[direction].set(key, word);
    bump(into.unnamed[direction], from.unnamed[direction].flows, from.unnamed[direction].lastSeen);
  }
  for (const node of from.nodes) into.nodes.add(node);
  for (const side of [0, 1] as const) {
    for (const ip of from.ips[side]) into.ips[side].add(ip);
    for (const name of from.names[side]) into.names[side].add(name);
  }
  for (const asked of from.l7) into.l7.add(asked);
  into.moreIps ||= from.moreIps;
};

const keyOf = (source: End, destination: End, protocol: Protocol, port: number, sourcePort: number): string =>
  `${source.key}\n\n${destination.key}\n\n${protocol} ${port} ${sourcePort}`;

/** Edges of the hours that touch the window, sorted by their ends, protocol and port. */
export const edgesOf = (hours: readonly EvidenceHour[], filter: EdgeFilter): readonly Edge[] => {
  const window: Interval = filter.window ?? { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const owners = ownersOf(hours);
  const sums = new Map<string, Sum>();
  for (const { shards, watch } of hours) {
    const trusts = (node: string): boolean => (watch.nodes[node]?.named ?? 0) > 0;
    for (const { ends: records, edges } of Object.values(shards)) {
      const ends = records.map((record) => endOf(record, owners));
      for (const edge of edges) {
        const [source, destination] = [ends[edge.source], ends[edge.destination]];
        if (source === undefined || destination === undefined) continue;
        if (edge.lastSeen < window.from || edge.firstSeen >= window.to) continue;
        const { namespace } = filter;
        const isWanted =
          namespace === undefined ||
          source.record.namespace === namespace ||
          destination.record.namespace === namespace;
        if (!isWanted) continue;
        const key = keyOf(source, destination, edge.protocol, edge.port, edge.sourcePort);
        let sum = sums.get(key);
        if (sum === undefined) sums.set(key, (sum = newSum(edge, source, destination)));
        add(sum, edge, window.from, trusts);
      }
    }
  }
  const opposite = (s: Sum): Sum | undefined => sums.get(keyOf(s.destination, s.source, s.protocol, s.sourcePort, 0));
  const kept = new Map<string, Sum>();
  for (const sum of withoutStrays(sums, opposite)) {
    const key = keyOf(sum.source, sum.destination, sum.protocol, sum.port, 0);
    const known = kept.get(key);
    if (known === undefined) kept.set(key, sum);
    else absorb(known, sum);
  }
  return [...kept].sort(([a], [b]) => byText(a, b)).map(([, sum]) => edgeOf(sum));
};

/** Names that were asked and answered with this address, newest first. */
export const namesOfAddress = (hours: readonly EvidenceHour[], ip: string): readonly string[] => {
  const seen = new Map<string, number>();
  for (const { watch } of hours)
    for (const record of watch.names)
      if (record.ip === ip) seen.set(record.name, Math.max(seen.get(record.name) ?? 0, record.lastSeen));
  return [...seen].sort(([a, x], [b, y]) => y - x || byText(a, b)).map(([name]) => name);
};
