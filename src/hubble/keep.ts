import type { Interval } from "../facts/coverage.ts";
import type { EndRecord, EvidenceHour, EvidenceShard, NodeWatch } from "../facts/evidence.ts";
import type { HubbleVerdict } from "../facts/flow.ts";
import { type End, endKey, type Interner } from "./ends.ts";
import { CONTROLS, type Hour, leaveOut, type NodeHour, nodeHour, rowOf, type Shard } from "./hour.ts";
import { meetPod, meetWorkload } from "./pods.ts";
import { addDrop, addNamed, addNode, addUnnamed, addVerdict, recordOfRow, see } from "./row.ts";
import { addTo } from "./sample.ts";

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Overlapping and touching intervals become one. */
export const union = (intervals: readonly Interval[]): Interval[] => {
  const out: Interval[] = [];
  for (const next of intervals.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && next.from <= last.to)
      out[out.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    else out.push(next);
  }
  return out;
};

/** Ends and edges in an order of their own: the same flows in any order are the same bytes. */
const shardRecord = (shard: Shard): EvidenceShard => {
  const keys = new Map<End, string>();
  for (const { source, destination } of shard.rows) {
    if (!keys.has(source)) keys.set(source, endKey(source));
    if (!keys.has(destination)) keys.set(destination, endKey(destination));
  }
  const sorted = [...keys].sort(([, a], [, b]) => byText(a, b)).map(([end]) => end);
  const positions = new Map(sorted.map((end, i) => [end, i]));
  const edges = shard.rows.map((row) => recordOfRow(row, (end) => positions.get(end) ?? -1));
  edges.sort(
    (a, b) =>
      a.source - b.source ||
      a.destination - b.destination ||
      byText(a.protocol, b.protocol) ||
      a.port - b.port ||
      a.sourcePort - b.sourcePort,
  );
  const ends = sorted.map(({ labels, namespace, derived, id }): EndRecord => ({ labels, namespace, derived, id }));
  return { ends, edges };
};

const nodeRecord = (node: NodeHour): NodeWatch => {
  const minutes: [number, number, number][] = [];
  for (let m = 0; m < 60; m++) {
    const [seen, lost] = [node.seen[m] ?? 0, node.lost[m] ?? 0];
    if (seen > 0 || lost > 0) minutes.push([m, seen, lost]);
  }
  return {
    up: union(node.up),
    minutes,
    breaks: node.breaks.toSorted((a, b) => a.time - b.time || byText(a.why, b.why)),
    named: node.named,
    controls: Object.fromEntries(
      CONTROLS.flatMap((kind, i) => {
        const { flows, lastSeen } = node.controls[i] ?? { flows: 0, lastSeen: 0 };
        return flows === 0 ? [] : [[kind, [flows, lastSeen]]];
      }),
    ),
  };
};

const sorted = <T>(map: ReadonlyMap<string, T>): T[] =>
  [...map].sort(([a], [b]) => byText(a, b)).map(([, value]) => value);

/** The hour as it is kept; untouched shards are left out unless asked for. Marks everything as not touched. */
export const recordOfHour = (hour: Hour, whole: boolean): EvidenceHour => {
  const shards: Record<string, EvidenceShard> = {};
  for (const shard of sorted(hour.shards)) {
    if (!whole && !shard.isTouched) continue;
    shards[shard.key] = shardRecord(shard);
    shard.isTouched = false;
  }
  hour.isTouched = false;
  return {
    hour: hour.hour,
    watch: {
      nodes: Object.fromEntries(
        [...hour.nodes].sort(([a], [b]) => byText(a, b)).map(([name, node]) => [name, nodeRecord(node)]),
      ),
      names: sorted(hour.names).map((n) => ({ ...n })),
      pods: sorted(hour.pods).map((p) => ({ ...p })),
      workloads: sorted(hour.workloads),
      leftOut: Object.fromEntries([...hour.leftOut].sort(([a], [b]) => byText(a, b))),
    },
    shards,
  };
};

const mergeNode = (into: NodeHour, from: NodeWatch): void => {
  for (const [minute, seen, lost] of from.minutes) {
    into.seen[minute] = (into.seen[minute] ?? 0) + seen;
    into.lost[minute] = (into.lost[minute] ?? 0) + lost;
  }
  into.up = union([...into.up, ...from.up]);
  into.breaks.push(...from.breaks);
  into.named += from.named;
  for (const [i, kind] of CONTROLS.entries()) {
    const told = from.controls[kind];
    const control = into.controls[i];
    if (told === undefined || control === undefined) continue;
    control.flows += told[0];
    control.lastSeen = Math.max(control.lastSeen, told[1]);
  }
};

const mergeShard = (hour: Hour, shard: EvidenceShard, ends: Interner): void => {
  const known = shard.ends.map((end) => ends.record(end));
  for (const edge of shard.edges) {
    const [source, destination] = [known[edge.source], known[edge.destination]];
    if (source === undefined || destination === undefined) throw new RangeError("an edge without its ends");
    const row = rowOf(hour, source, destination, edge.protocol, edge.port, edge.sourcePort);
    if (row === null) {
      leaveOut(hour, "too-many-ports", edge.flows);
      continue;
    }
    row.flows += edge.flows;
    see(row, edge.firstSeen, edge.lastSeen);
    for (const [verdict, flows] of Object.entries(edge.verdicts)) addVerdict(row, verdict as HubbleVerdict, flows);
    for (const drop of edge.drops) addDrop(row, drop);
    for (const node of edge.nodes) addNode(row, node);
    for (const n of edge.named) addNamed(row, n.direction, n.policy, n.flows, n.lastSeen);
    for (const u of edge.unnamed) addUnnamed(row, u.direction, u.node, u.flows, u.lastSeen);
    row.isEgress ||= edge.seenAt.includes("egress");
    row.isIngress ||= edge.seenAt.includes("ingress");
    for (const ip of edge.sourceIps) addTo(row.sourceIps, ip);
    for (const ip of edge.destinationIps) addTo(row.destinationIps, ip);
    if (edge.moreIps) row.destinationIps.more = true;
    for (const name of edge.sourceNames) addTo(row.sourceNames, name);
    for (const name of edge.destinationNames) addTo(row.destinationNames, name);
    for (const asked of edge.l7) addTo(row.l7, asked);
  }
};

/** Adds a kept hour to one that is being counted: what another worker saw, or what was there before a restart. */
export const merge = (hour: Hour, record: EvidenceHour, ends: Interner): void => {
  hour.isTouched = true;
  for (const [name, node] of Object.entries(record.watch.nodes)) mergeNode(nodeHour(hour, name), node);
  for (const { ip, name, lastSeen } of record.watch.names) {
    const key = `${ip} ${name}`;
    const known = hour.names.get(key);
    if (known === undefined) hour.names.set(key, { ip, name, lastSeen });
    else known.lastSeen = Math.max(known.lastSeen, lastSeen);
  }
  for (const pod of record.watch.pods) meetPod(hour, pod);
  for (const told of record.watch.workloads) meetWorkload(hour, told);
  for (const [why, flows] of Object.entries(record.watch.leftOut)) leaveOut(hour, why, flows);
  for (const shard of Object.values(record.shards)) mergeShard(hour, shard, ends);
};
