import { HOUR, MINUTE } from "../facts/clock.ts";
import type { EvidenceHour } from "../facts/evidence.ts";
import type { DnsRecord, LostEvents } from "../facts/flow.ts";
import { k8sLabel, type LabelSet, namespaceOf } from "../facts/labels.ts";
import type { Direction } from "../facts/verdict.ts";
import { type End, interner, type Interner, type Sighting } from "./ends.ts";
import { type Hour, hourOf, leaveOut, minuteOf, newHour, type NodeHour, nodeHour, rowOf } from "./hour.ts";
import { dropClass, dropReason, isHairpin, isStray, type Kind, kindOf, type LeftOut } from "./hygiene.ts";
import { merge, recordOfHour } from "./keep.ts";
import { meetPod, meetWorkload } from "./pods.ts";
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
  /**
   * Flows of one hour that differ in nothing but time: `flow.time` is the first, `last` the last of them. When they were
   * seen is told by `seen`.
   * @returns the row they were counted in, or null when they made none
   */
  addMany(flow: FlowRecord, flows: number, last: number): Row | null;
  /** A message of DNS, for the addresses it may answer with. */
  answered(dns: DnsRecord, time: number): void;
  /** So many flows of a node in the minute of `time`. */
  seen(node: string, time: number, flows: number): void;
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
/** Bound per hour, for what strangers can make up. */
const NAMES = 50_000;

/** Flows that differ in nothing but time, of which `flow` is the first. */
interface Many {
  readonly flow: FlowRecord;
  readonly flows: number;
  readonly last: number;
}

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

  const seen = (node: string, time: number, flows: number): void => {
    const hour = at(time);
    const minutes = nodeOf(hour, node).seen;
    const minute = minuteOf(hour.hour, time);
    minutes[minute] = (minutes[minute] ?? 0) + flows;
  };

  const watch = (hour: Hour, flow: FlowRecord, flows: number, last: number): void => {
    const control = nodeOf(hour, flow.node).controls[controlOf(flow)];
    if (control === undefined) return;
    control.flows += flows;
    if (last > control.lastSeen) control.lastSeen = last;
  };

  const meet = (hour: Hour, seen: Sighting, ip: string, flow: FlowRecord): void => {
    if (!seen.isLocal || seen.pod === null) return;
    if (seen.met === hour && seen.metIp === ip && flow.time > seen.metAt) return;
    const { end, pod, workload } = seen;
    if (end === null || end.derived === null || end.namespace === null) return;
    const { namespace } = end;
    const told = { namespace, pod, workload: workload?.name ?? end.derived.name, ip, node: flow.node };
    const met = meetPod(hour, { ...told, firstSeen: flow.time });
    seen.met = hour;
    seen.metIp = ip;
    seen.metAt = met ?? flow.time;
    if (met === null || workload === null) return;
    meetWorkload(hour, { namespace, labels: end.labels, derived: end.derived.name, workload });
  };

  const learn = (hour: Hour, ip: string, name: string, time: number): void => {
    const key = `${ip} ${name}`;
    const known = hour.names.get(key);
    if (known !== undefined) known.lastSeen = Math.max(known.lastSeen, time);
    else if (hour.names.size < NAMES) hour.names.set(key, { ip, name, lastSeen: time });
  };

  const learnAnswer = (hour: Hour, dns: DnsRecord, time: number): void => {
    if (dns.response) for (const ip of dns.ips) learn(hour, ip, plainName(dns.query), time);
  };

  const learnNames = (hour: Hour, flow: FlowRecord, last: number): void => {
    if (flow.dns !== null) learnAnswer(hour, flow.dns, last);
    if (flow.destinationIp !== "")
      for (const name of flow.destinationNames) learn(hour, flow.destinationIp, name, last);
  };

  /** Cilium's own word on new connections, where an empty list could mean something at all (C F.2.10, F.2.12). */
  const hearWord = (hour: Hour, row: Row, { flow, flows, last }: Many, direction: Direction): void => {
    const by = direction === "egress" ? flow.egressAllowedBy : flow.ingressAllowedBy;
    for (const policy of by) addNamed(row, direction, policy, flows, last);
    if (by.length > 0) nodeOf(hour, flow.node).named += flows;
    else if (flow.direction === direction && flow.port > 0) addUnnamed(row, direction, flow.node, flows, last);
  };

  const hear = (hour: Hour, row: Row, many: Many): void => {
    const { eventType, verdict, protocol } = many.flow;
    if (eventType !== 5 || (verdict !== "FORWARDED" && verdict !== "REDIRECTED")) return;
    if (protocol !== "TCP" && protocol !== "UDP" && protocol !== "SCTP") return;
    hearWord(hour, row, many, "egress");
    hearWord(hour, row, many, "ingress");
  };

  const judge = (hour: Hour, row: Row, many: Many): void => {
    const { flow, flows } = many;
    row.flows += flows;
    addVerdict(row, flow.verdict, flows);
    hear(hour, row, many);
    if (flow.direction === "egress") row.isEgress = true;
    else if (flow.direction === "ingress") row.isIngress = true;
  };

  const drop = (row: Row, { flow, flows, last }: Many): void => {
    const isVerdict = flow.eventType === 5;
    const told = { class: dropClass(flow), reason: dropReason(flow), direction: flow.direction, lastSeen: last };
    addDrop(row, { ...told, asVerdict: isVerdict ? flows : 0, asDrop: isVerdict ? 0 : flows });
  };

  const sampleEnds = (row: Row, flow: FlowRecord): void => {
    if (flow.sourceIp !== "") addTo(row.sourceIps, flow.sourceIp);
    if (flow.destinationIp !== "") addTo(row.destinationIps, flow.destinationIp);
    for (const name of flow.sourceNames) addTo(row.sourceNames, name);
    for (const name of flow.destinationNames) addTo(row.destinationNames, name);
    if (flow.l7 !== null) addTo(row.l7, flow.l7);
  };

  /** Null for a record that makes no edge, which is counted by its reason. */
  const rowFor = (hour: Hour, { flow, flows }: Many, kind: Kind, source: End, destination: End): Row | null => {
    const leave = (why: LeftOut): null => (leaveOut(hour, why, flows), null);
    if (kind !== "judged" && kind !== "dropped" && kind !== "error") return leave(kind);
    if (isHairpin(flow, source, destination)) return leave("hairpin");
    // Copies that a node masqueraded, and all else between hosts and the world: no pod, no policy of a namespace.
    if (!source.isPod && !destination.isPod) return leave("not-governed");
    if (flow.protocol === null) return leave("no-protocol");
    const sourcePort = isStray(flow) ? flow.sourcePort : 0;
    return rowOf(hour, source, destination, flow.protocol, flow.port, sourcePort) ?? leave("too-many-ports");
  };

  const count = (hour: Hour, many: Many, source: End, destination: End): Row | null => {
    const { flow, flows, last } = many;
    const kind = kindOf(flow);
    const row = rowFor(hour, many, kind, source, destination);
    if (row === null) return null;
    see(row, flow.time, last);
    addNode(row, flow.node);
    sampleEnds(row, flow);
    if (kind === "judged") judge(hour, row, many);
    else if (kind === "dropped") drop(row, many);
    else addVerdict(row, "ERROR", flows);
    return row;
  };

  const addMany = (flow: FlowRecord, flows: number, last: number): Row | null => {
    const hour = at(flow.time);
    hour.isTouched = true;
    watch(hour, flow, flows, last);
    meet(hour, flow.source, flow.sourceIp, flow);
    meet(hour, flow.destination, flow.destinationIp, flow);
    if (flow.dns !== null || flow.destinationNames.length > 0) learnNames(hour, flow, last);
    const source = ends.resolve(flow.source, flow.sourceIp, nameWorld(flow.source, flow.sourceNames));
    const destination = ends.resolve(
      flow.destination,
      flow.destinationIp,
      nameWorld(flow.destination, flow.destinationNames),
    );
    return count(hour, { flow, flows, last }, source, destination);
  };

  return {
    ends,
    add: (flow) => {
      seen(flow.node, flow.time, 1);
      addMany(flow, 1, flow.time);
    },
    addMany,
    answered: (dns, time) => learnAnswer(at(time), dns, time),
    seen,
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
