import { HOUR, MINUTE } from "../facts/clock.ts";
import type { EvidenceHour } from "../facts/evidence.ts";
import type { LostEvents } from "../facts/flow.ts";
import { k8sLabel, type LabelSet, namespaceOf } from "../facts/labels.ts";
import type { PolicyRef } from "../facts/policy.ts";
import type { Direction } from "../facts/verdict.ts";
import { type End, interner, type Interner, type Sighting } from "./ends.ts";
import { type Hour, hourOf, leaveOut, minuteOf, newHour, type NodeHour, nodeHour, rowOf } from "./hour.ts";
import { dropClass, dropReason, isHairpin, isStray, kindOf } from "./hygiene.ts";
import { merge, recordOfHour } from "./keep.ts";
import type { FlowRecord } from "./record.ts";
import { addDrop, addNamed, addNode, addUnnamed, addVerdict, type Row, see } from "./row.ts";
import { addTo } from "./sample.ts";
import { plainName } from "./words.ts";

export interface ReducerOptions {
  /** Whose flows are scrapes: the monitoring namespace and the labels of its Prometheus. */
  readonly monitoring?: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
}

/** Flows in, hours of evidence out. Order does not matter, nor which of several reducers saw a flow. */
export interface Reducer {
  readonly ends: Interner;
  add(flow: FlowRecord): void;
  lost(event: LostEvents): void;
  /** The reader was connected and the node was there, from when to when. */
  up(node: string, from: number, to: number): void;
  /** The watch of a node broke. */
  broke(node: string, time: number, why: string): void;
  /** Adds what was counted elsewhere or earlier. */
  merge(hour: EvidenceHour): void;
  has(hour: number): boolean;
  hours(): readonly Hour[];
  /** What was touched since the last call; with `whole`, everything. */
  take(whole?: boolean): readonly EvidenceHour[];
  forget(hour: number): void;
}

const DEFAULT_MONITORING = { namespace: "observability", labels: { "app.kubernetes.io/name": "prometheus" } };
/** Bounds per hour, for what strangers can make up: names and pods. */
const NAMES = 50_000;
const PODS = 50_000;

const nameWorld = (seen: Sighting, names: readonly string[]): string =>
  seen.end !== null || names.length === 0 ? "" : (names[0] ?? "");

export const reducer = (options: ReducerOptions = {}): Reducer => {
  const ends = interner();
  const hours = new Map<number, Hour>();
  const monitoring = options.monitoring ?? DEFAULT_MONITORING;
  const scrapers = new Map<LabelSet, boolean>();
  let current: Hour | null = null;

  const at = (time: number): Hour => {
    if (current !== null && time >= current.hour && time < current.hour + HOUR) return current;
    const start = hourOf(time);
    let hour = hours.get(start);
    if (hour === undefined) hours.set(start, (hour = newHour(start)));
    current = hour;
    return hour;
  };

  const isScraper = (labels: LabelSet): boolean => {
    let known = scrapers.get(labels);
    if (known === undefined) {
      known =
        namespaceOf(labels) === monitoring.namespace &&
        Object.entries(monitoring.labels).every(([key, value]) => k8sLabel(labels, key) === value);
      scrapers.set(labels, known);
    }
    return known;
  };

  /** Position in `CONTROLS` of what this flow proves of its node's tap. */
  const controlOf = (flow: FlowRecord): number => {
    const isDelivery = flow.protocol === "TCP" && flow.direction !== "egress" && flow.destination.isLocal;
    if (isDelivery && flow.source.isHost) return 0;
    if (isScraper(flow.source.labels)) return 1;
    return flow.port === 53 || flow.dns !== null ? 2 : 3;
  };

  let lastHour: Hour | null = null;
  let lastName = "";
  let lastNode: NodeHour | null = null;
  const nodeOf = (hour: Hour, name: string): NodeHour => {
    if (lastNode !== null && lastHour === hour && lastName === name) return lastNode;
    lastHour = hour;
    lastName = name;
    lastNode = nodeHour(hour, name);
    return lastNode;
  };

  const watch = (hour: Hour, flow: FlowRecord): void => {
    const node = nodeOf(hour, flow.node);
    const minute = minuteOf(hour.hour, flow.time);
    node.seen[minute] = (node.seen[minute] ?? 0) + 1;
    const control = node.controls[controlOf(flow)];
    if (control === undefined) return;
    control.flows += 1;
    if (flow.time > control.lastSeen) control.lastSeen = flow.time;
  };

  const meet = (hour: Hour, seen: Sighting, ip: string, flow: FlowRecord): void => {
    if (!seen.isLocal || seen.pod === null) return;
    if (seen.met === hour && seen.metIp === ip && flow.time >= seen.metAt) return;
    const { end, pod } = seen;
    if (end === null || end.derived === null || end.namespace === null) return;
    const key = `${end.namespace}/${pod}/${ip}`;
    seen.met = hour;
    seen.metIp = ip;
    const known = hour.pods.get(key);
    if (known !== undefined) {
      if (flow.time < known.firstSeen) known.firstSeen = flow.time;
      seen.metAt = known.firstSeen;
      return;
    }
    seen.metAt = flow.time;
    if (hour.pods.size >= PODS) return;
    const { namespace } = end;
    const workload = seen.workload?.name ?? end.derived.name;
    hour.pods.set(key, { namespace, pod, workload, ip, node: flow.node, firstSeen: flow.time });
    if (seen.workload === null) return;
    const told = { namespace, labels: end.labels, derived: end.derived.name, workload: seen.workload };
    hour.workloads.set(`${namespace}/${end.derived.name}\n${end.labels.join("\n")}`, told);
  };

  const learn = (hour: Hour, ip: string, name: string, time: number): void => {
    const key = `${ip} ${name}`;
    const known = hour.names.get(key);
    if (known !== undefined) known.lastSeen = Math.max(known.lastSeen, time);
    else if (hour.names.size < NAMES) hour.names.set(key, { ip, name, lastSeen: time });
  };

  const learnNames = (hour: Hour, flow: FlowRecord): void => {
    if (flow.dns?.response === true)
      for (const ip of flow.dns.ips) learn(hour, ip, plainName(flow.dns.query), flow.time);
    if (flow.destinationIp !== "")
      for (const name of flow.destinationNames) learn(hour, flow.destinationIp, name, flow.time);
  };

  /** Cilium's own word on a new connection, where an empty list could mean something at all (C F.2.10, F.2.12). */
  const hearWord = (hour: Hour, row: Row, flow: FlowRecord, direction: Direction, by: readonly PolicyRef[]): void => {
    for (const policy of by) addNamed(row, direction, policy, 1, flow.time);
    if (by.length > 0) nodeOf(hour, flow.node).named += 1;
    else if (flow.direction === direction && flow.port > 0) addUnnamed(row, direction, flow.node, 1, flow.time);
  };

  const hear = (hour: Hour, row: Row, flow: FlowRecord): void => {
    if (flow.eventType !== 5 || (flow.verdict !== "FORWARDED" && flow.verdict !== "REDIRECTED")) return;
    const hasPort = flow.protocol === "TCP" || flow.protocol === "UDP" || flow.protocol === "SCTP";
    if (!hasPort) return;
    hearWord(hour, row, flow, "egress", flow.egressAllowedBy);
    hearWord(hour, row, flow, "ingress", flow.ingressAllowedBy);
  };

  const judge = (hour: Hour, row: Row, flow: FlowRecord): void => {
    row.flows += 1;
    addVerdict(row, flow.verdict, 1);
    hear(hour, row, flow);
    if (flow.direction === "egress") row.isEgress = true;
    else if (flow.direction === "ingress") row.isIngress = true;
  };

  const drop = (row: Row, flow: FlowRecord): void => {
    const isVerdict = flow.eventType === 5;
    const told = { class: dropClass(flow), reason: dropReason(flow), direction: flow.direction, lastSeen: flow.time };
    addDrop(row, { ...told, asVerdict: isVerdict ? 1 : 0, asDrop: isVerdict ? 0 : 1 });
  };

  const sampleEnds = (row: Row, flow: FlowRecord): void => {
    if (flow.sourceIp !== "") addTo(row.sourceIps, flow.sourceIp);
    if (flow.destinationIp !== "") addTo(row.destinationIps, flow.destinationIp);
    for (const name of flow.sourceNames) addTo(row.sourceNames, name);
    for (const name of flow.destinationNames) addTo(row.destinationNames, name);
    if (flow.l7 !== null) addTo(row.l7, flow.l7);
  };

  const count = (hour: Hour, flow: FlowRecord, source: End, destination: End): void => {
    const kind = kindOf(flow);
    if (kind !== "judged" && kind !== "dropped" && kind !== "error") return leaveOut(hour, kind);
    if (isHairpin(flow, source, destination)) return leaveOut(hour, "hairpin");
    // Copies that a node masqueraded, and all else between hosts and the world: no pod, no policy of a namespace.
    if (!source.isPod && !destination.isPod) return leaveOut(hour, "not-governed");
    if (flow.protocol === null) return leaveOut(hour, "no-protocol");
    const sourcePort = isStray(flow) ? flow.sourcePort : 0;
    const row = rowOf(hour, source, destination, flow.protocol, flow.port, sourcePort);
    if (row === null) return leaveOut(hour, "too-many-ports");
    see(row, flow.time, flow.time);
    addNode(row, flow.node);
    sampleEnds(row, flow);
    if (kind === "judged") judge(hour, row, flow);
    else if (kind === "dropped") drop(row, flow);
    else addVerdict(row, "ERROR", 1);
  };

  return {
    ends,
    add: (flow) => {
      const hour = at(flow.time);
      hour.isTouched = true;
      watch(hour, flow);
      meet(hour, flow.source, flow.sourceIp, flow);
      meet(hour, flow.destination, flow.destinationIp, flow);
      if (flow.dns !== null || flow.destinationNames.length > 0) learnNames(hour, flow);
      const source = ends.resolve(flow.source, flow.sourceIp, nameWorld(flow.source, flow.sourceNames));
      const destination = ends.resolve(
        flow.destination,
        flow.destinationIp,
        nameWorld(flow.destination, flow.destinationNames),
      );
      count(hour, flow, source, destination);
    },
    lost: ({ time, from = time, node, count: events }) => {
      // Spread evenly over the minutes it may have happened in; the remainder goes to the last.
      const first = Math.max(from, time - HOUR);
      const minutes = Math.max(1, Math.floor(time / MINUTE) - Math.floor(first / MINUTE) + 1);
      const share = Math.floor(events / minutes);
      for (let i = 0; i < minutes; i++) {
        const when = i === minutes - 1 ? time : first + i * MINUTE;
        const hour = at(when);
        hour.isTouched = true;
        const { lost } = nodeHour(hour, node);
        const minute = minuteOf(hour.hour, when);
        lost[minute] = (lost[minute] ?? 0) + (i === minutes - 1 ? events - share * (minutes - 1) : share);
      }
    },
    up: (node, from, to) => {
      for (let start = hourOf(from); start < to; start += HOUR) {
        const hour = at(start);
        const watched = nodeHour(hour, node);
        const part = { from: Math.max(from, start), to: Math.min(to, start + HOUR) };
        const last = watched.up.at(-1);
        if (last !== undefined && last.from <= part.from && last.to >= part.from) {
          if (part.to <= last.to) continue;
          watched.up[watched.up.length - 1] = { from: last.from, to: part.to };
        } else watched.up.push(part);
        hour.isTouched = true;
      }
    },
    broke: (node, time, why) => {
      const hour = at(time);
      hour.isTouched = true;
      const { breaks } = nodeHour(hour, node);
      if (breaks.length < 200) breaks.push({ time, why: why.slice(0, 200) });
    },
    merge: (record) => merge(at(record.hour), record, ends),
    has: (hour) => hours.has(hour),
    hours: () => [...hours.values()].sort((a, b) => a.hour - b.hour),
    take: (whole = false) => {
      const taken = [...hours.values()].filter((h) => whole || h.isTouched).sort((a, b) => a.hour - b.hour);
      return taken.map((hour) => recordOfHour(hour, whole));
    },
    forget: (hour) => {
      hours.delete(hour);
      if (current?.hour === hour) current = null;
      lastNode = null;
    },
  };
};
