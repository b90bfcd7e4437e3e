import type { DnsRecord, Flow, HubbleVerdict } from "../facts/flow.ts";
import type { PolicyRef } from "../facts/policy.ts";
import {
  addressesFromJson,
  directionFromJson,
  dropFromJson,
  eventFromJsonValue,
  namesFromJson,
  nodeFromJson,
  opensFromJson,
  pointFromJson,
  refsFromJson,
  replyFromJson,
  typeFromJson,
  verdictFromJson,
  whoFromJson,
} from "./decode-json.ts";
import type { Interner, Sighting } from "./ends.ts";
import { kindOf, mayBeStray } from "./hygiene.ts";
import { emptyRecord, type FlowRecord, type Mutable, pointOf } from "./record.ts";
import { dropReasonOf } from "./words.ts";

/** Keys of a flow that are read, as numbers: places in what a line said (`SAID`). */
export const Key = {
  time: 1,
  verdict: 2,
  IP: 3,
  l4: 4,
  source: 5,
  destination: 6,
  Type: 7,
  node_name: 8,
  source_names: 9,
  destination_names: 10,
  event_type: 11,
  traffic_direction: 12,
  trace_observation_point: 13,
  drop_reason: 14,
  drop_reason_desc: 15,
  is_reply: 16,
  reply: 17,
  egress_allowed_by: 18,
  ingress_allowed_by: 19,
  l7: 20,
} as const;

/** In the place of the time stand the TCP flags, in that of layer 7 whether there is a message: 1, or 2 for DNS. */
const FLAGS = Key.time;
const IS_DNS = 2;

const PROTOCOLS = [null, "TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6"] as const;

/** How a kind is counted (`assembly/tallies.ts`). */
const UNFIT = 1;
const PORTS_MATTER = 2;
const MAY_BE_STRAY = 4;
const NODE = 256;
const NODES = 1_024;

/** A message of which nothing is known yet but that it is DNS. */
const SOME_DNS: DnsRecord = { query: "", response: false, ips: [], rcode: 0, qtypes: [] };

export interface KindReader {
  /** What was said of a kind met for the first time. Returns how it is to be counted. */
  meet(id: number): number;
  /** Numbers begin anew. */
  forget(): void;
  /** The flow of a kind with its ports; one object per kind: read it before the next. */
  flow(id: number, ports: number, time: number): Mutable<FlowRecord>;
}

export interface KindSource {
  readonly memory: Buffer;
  /** Addresses of what was said and of the table of values (`assembly/values.ts`). */
  readonly said: number;
  readonly values: number;
  /** Names of nodes by their number; new ones are added. */
  readonly nodes: string[];
}

const ENTRIES = 24;

export const kindReader = (ends: Interner, { memory, said, values, nodes }: KindSource): KindReader => {
  const kinds: Mutable<FlowRecord>[] = [];
  const words = new Uint16Array(memory.buffer);

  const forgotten: (() => void)[] = [];
  /** What a value means under a key, decoded once. */
  const meaning = <T>(decode: (value: unknown) => T): ((key: number) => T) => {
    const known: T[] = [];
    const nothing = decode(undefined);
    forgotten.push(() => (known.length = 0));
    return (key) => {
      const id = words[said / 2 + key] ?? 0;
      if (id === 0) return nothing;
      const before = known[id];
      if (before !== undefined) return before;
      const entry = memory.readUInt32LE(values + ENTRIES) + 16 * id;
      const from = memory.readUInt32LE(entry);
      const value = decode(JSON.parse(memory.toString("utf8", from, from + memory.readUInt32LE(entry + 4))));
      known[id] = value;
      return value;
    };
  };

  const sighting = meaning<Sighting>((value) => {
    const who = whoFromJson(value);
    return ends.sighting(who, who.workload !== null);
  });
  const addresses = meaning(addressesFromJson);
  const names = meaning(namesFromJson);
  const policies = meaning<readonly PolicyRef[]>(refsFromJson);
  const verdict = meaning<HubbleVerdict>(verdictFromJson);
  const type = meaning<Flow["type"]>(typeFromJson);
  const node = meaning(nodeFromJson);
  const event = meaning(eventFromJsonValue);
  const direction = meaning(directionFromJson);
  const point = meaning(pointFromJson);
  const drop = meaning(dropFromJson);
  const reply = meaning(replyFromJson);
  const opens = meaning(opensFromJson);
  const nobody = ends.sighting(whoFromJson(null), false);

  const tell = (): Mutable<FlowRecord> => {
    const flow = emptyRecord(nobody);
    const { type: eventType, subType } = event(Key.event_type);
    const [described, old] = [drop(Key.drop_reason_desc), drop(Key.drop_reason)];
    const code = described.code === 0 ? old.code : described.code;
    const ips = addresses(Key.IP);
    flow.verdict = verdict(Key.verdict);
    flow.type = type(Key.Type);
    flow.node = node(Key.node_name);
    flow.direction = direction(Key.traffic_direction);
    // The old field cannot tell "no" from "not known", so only its "yes" is believed.
    flow.isReply = reply(Key.is_reply) ?? (reply(Key.reply) === true ? true : null);
    flow.eventType = eventType;
    flow.point = pointOf(point(Key.trace_observation_point), eventType, subType);
    flow.dropReason = described.reason ?? (code === 0 ? null : dropReasonOf(code));
    flow.protocol = PROTOCOLS[words[said / 2 + Key.l4] ?? 0] ?? null;
    flow.opens = opens(FLAGS);
    flow.source = sighting(Key.source);
    flow.destination = sighting(Key.destination);
    flow.sourceIp = ips.source;
    flow.destinationIp = ips.destination;
    flow.sourceNames = names(Key.source_names);
    flow.destinationNames = names(Key.destination_names);
    flow.egressAllowedBy = policies(Key.egress_allowed_by);
    flow.ingressAllowedBy = policies(Key.ingress_allowed_by);
    flow.dns = words[said / 2 + Key.l7] === IS_DNS ? SOME_DNS : null;
    return flow;
  };

  /** The node's number; -1 when it has no name, which only the envelope may know, or there are too many. */
  const nodeNumber = (name: string): number => {
    if (name === "") return -1;
    const known = nodes.indexOf(name);
    if (known >= 0) return known;
    return nodes.length >= NODES ? -1 : nodes.push(name) - 1;
  };

  const hasPorts = (flow: FlowRecord): boolean => {
    // An ICMP type decides what kind of record it is.
    if (flow.protocol === "ICMPv4" || flow.protocol === "ICMPv6") return true;
    const kind = kindOf(flow);
    return kind === "judged" || kind === "dropped" || kind === "error";
  };

  return {
    meet: (id) => {
      const flow = tell();
      kinds[id] = flow;
      const number = nodeNumber(flow.node);
      if (number < 0) return UNFIT;
      const how = (hasPorts(flow) ? PORTS_MATTER : 0) | (mayBeStray(flow) ? MAY_BE_STRAY : 0);
      return number * NODE + how;
    },
    forget: () => {
      kinds.length = 0;
      for (const clear of forgotten) clear();
    },
    flow: (id, ports, time) => {
      const flow = kinds[id];
      if (flow === undefined) throw new RangeError("a kind nobody met");
      flow.time = time;
      flow.port = ports & 0xffff;
      flow.sourcePort = ports >>> 16;
      return flow;
    },
  };
};
