import type { PolicyRef } from "../facts/policy.ts";
import { l7FromJson, namesFromJson, refsFromJson, whoFromJson } from "./decode-json.ts";
import type { Interner, Sighting } from "./ends.ts";
import type { FlowRecord } from "./record.ts";
import {
  afterNumber,
  afterString,
  afterValue,
  CLOSE,
  COLON,
  COMMA,
  numberIn,
  OPEN,
  QUOTE,
  startsWith,
} from "./scan-bytes.ts";
import { byteCache, wordCache } from "./scan-cache.ts";
import { DIRECTIONS, type Key, keyAt, PROTOCOLS, TYPES, VERDICTS, type WordKey } from "./scan-keys.ts";
import { timeReader } from "./scan-time.ts";
import { dropReasonOf, nodeName } from "./words.ts";

/** Reads one line, `bytes[from, to)`, or answers null: then the full parse has to say what it is. */
export type Scan = (bytes: Buffer, from: number, to: number) => FlowRecord | null;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const START = Buffer.from('{"flow":{"');
const NODE_NAME = Buffer.from(',"node_name":"');
const TIME = Buffer.from(',"time":"');

const SOURCE_PORT = Buffer.from('"source_port":');
const DESTINATION_PORT = Buffer.from('"destination_port":');
const FLAGS = Buffer.from('"flags":');
const ICMP_TYPE = Buffer.from('"type":');
const SUB_TYPE = Buffer.from('"sub_type":');
const SYN = Buffer.from('"SYN":true');
const ACK = Buffer.from('"ACK":true');
const SOURCE = Buffer.from('"source":"');
const DESTINATION = Buffer.from('"destination":"');

const NONE: readonly never[] = [];

/**
 * The fast path for export files: keys in any order, values plain and of the types Hubble prints. No line is guessed at: an
 * escape, a space, a number with a sign, a key twice, L7 and anything else unexpected goes to the full parse. What it does
 * not need it still checks as JSON, so that a broken line is not taken for a good one.
 */
export const scanner = (ends: Interner, httpPaths = false): Scan => {
  const sightings = byteCache<Sighting>((value) => {
    const who = whoFromJson(value);
    return ends.sighting(who, who.workload !== null);
  });
  const policies = byteCache<readonly PolicyRef[]>(refsFromJson);
  const nameLists = byteCache<readonly string[]>(namesFromJson);
  const words = wordCache();
  const times = timeReader();
  const nodes = new Map<string, string>();
  const nobody = ends.sighting(whoFromJson(null), false);

  const flow: Mutable<FlowRecord> = {
    time: 0,
    node: "",
    verdict: "VERDICT_UNKNOWN",
    type: "UNKNOWN_TYPE",
    eventType: 0,
    point: null,
    direction: null,
    isReply: null,
    protocol: null,
    sourcePort: 0,
    port: 0,
    opens: false,
    source: nobody,
    destination: nobody,
    sourceIp: "",
    destinationIp: "",
    sourceNames: NONE,
    destinationNames: NONE,
    dropReason: null,
    egressAllowedBy: NONE,
    ingressAllowedBy: NONE,
    dns: null,
    l7: null,
  };
  let subType = 0;
  let wasReply = false;
  let dropCode = 0;

  const reset = (): void => {
    flow.time = Number.NaN;
    flow.node = "";
    flow.verdict = "VERDICT_UNKNOWN";
    flow.type = "UNKNOWN_TYPE";
    flow.eventType = 0;
    flow.point = null;
    flow.direction = null;
    flow.isReply = null;
    flow.protocol = null;
    flow.sourcePort = 0;
    flow.port = 0;
    flow.opens = false;
    flow.source = nobody;
    flow.destination = nobody;
    flow.sourceIp = "";
    flow.destinationIp = "";
    flow.sourceNames = NONE;
    flow.destinationNames = NONE;
    flow.dropReason = null;
    flow.egressAllowedBy = NONE;
    flow.ingressAllowedBy = NONE;
    flow.dns = null;
    flow.l7 = null;
    subType = 0;
    wasReply = false;
    dropCode = 0;
  };

  const readIps = (bytes: Buffer, at: number, end: number): number => {
    if (bytes[at] !== OPEN) return -1;
    let i = at + 1;
    if (startsWith(bytes, i, SOURCE)) {
      const ip = words.read(bytes, i + SOURCE.length - 1, end);
      if (ip === null) return -1;
      flow.sourceIp = ip;
      i = words.after();
      if (bytes[i] === COMMA) i += 1;
    }
    if (startsWith(bytes, i, DESTINATION)) {
      const ip = words.read(bytes, i + DESTINATION.length - 1, end);
      if (ip === null) return -1;
      flow.destinationIp = ip;
      i = words.after();
      if (bytes[i] === COMMA) i += 1;
    }
    // Version and the like; a source or destination among them came in another order.
    while (bytes[i] === QUOTE) {
      if (startsWith(bytes, i, SOURCE) || startsWith(bytes, i, DESTINATION)) return -1;
      i = afterMember(bytes, i, end);
      if (i < 0) return -1;
    }
    return bytes[i] === CLOSE && bytes[i - 1] !== COMMA ? i + 1 : -1;
  };

  /** After one `"key":value` and its comma. */
  const afterMember = (bytes: Buffer, at: number, end: number): number => {
    const colon = afterString(bytes, at, end);
    if (colon < 0 || bytes[colon] !== COLON) return -1;
    const i = afterValue(bytes, colon + 1, end);
    return i >= 0 && bytes[i] === COMMA ? i + 1 : i;
  };

  let read = 0;
  const readNumber = (bytes: Buffer, at: number, end: number): number => {
    const after = afterNumber(bytes, at, end);
    if (after < 0 || after - at > 9) return -1;
    read = numberIn(bytes, at, after);
    return after;
  };

  const readFlags = (bytes: Buffer, at: number, end: number): number => {
    const after = afterValue(bytes, at, end);
    if (after < 0 || bytes[at] !== OPEN) return -1;
    let [syn, ack] = [false, false];
    for (let i = at + 1; i < after; i++) {
      if (bytes[i] === OPEN) return -1;
      if (bytes[i] !== QUOTE) continue;
      if (startsWith(bytes, i, SYN)) syn = true;
      else if (startsWith(bytes, i, ACK)) ack = true;
      // An unset flag is not printed; one that is said to be false, or said twice, is not Hubble's way.
      else if (bytes[i + 4] === QUOTE && !startsWith(bytes, i + 5, COLON_TRUE)) return -1;
      i += 5;
    }
    flow.opens = syn && !ack;
    return after;
  };

  const readLayer4 = (bytes: Buffer, at: number, end: number): number => {
    if (bytes[at] !== OPEN || bytes[at + 1] !== QUOTE) return -1;
    const protocol = PROTOCOLS.get(words.read(bytes, at + 1, end) ?? "");
    if (protocol === undefined) return -1;
    let i = words.after();
    if (bytes[i] !== COLON || bytes[i + 1] !== OPEN) return -1;
    i += 2;
    flow.protocol = protocol;
    const isIcmp = protocol === "ICMPv4" || protocol === "ICMPv6";
    let [hasSource, hasPort, hasFlags] = [false, false, false];
    while (bytes[i] === QUOTE) {
      if (!isIcmp && !hasSource && startsWith(bytes, i, SOURCE_PORT)) {
        i = readNumber(bytes, i + SOURCE_PORT.length, end);
        flow.sourcePort = read;
        hasSource = true;
      } else if (!isIcmp && !hasPort && startsWith(bytes, i, DESTINATION_PORT)) {
        i = readNumber(bytes, i + DESTINATION_PORT.length, end);
        flow.port = read;
        hasPort = true;
      } else if (isIcmp && !hasPort && startsWith(bytes, i, ICMP_TYPE)) {
        i = readNumber(bytes, i + ICMP_TYPE.length, end);
        flow.port = read;
        hasPort = true;
      } else if (protocol === "TCP" && !hasFlags && startsWith(bytes, i, FLAGS)) {
        i = readFlags(bytes, i + FLAGS.length, end);
        hasFlags = true;
      } else if (isIcmp && bytes[i + 1] === 0x63) i = afterPlainMember(bytes, i, end);
      else return -1;
      if (i < 0 || read > 65_535) return -1;
      if (bytes[i] === COMMA) i += 1;
      else break;
    }
    return bytes[i] === CLOSE && bytes[i - 1] !== COMMA && bytes[i + 1] === CLOSE ? i + 2 : -1;
  };

  /** An ICMP code: a member without its comma. */
  const afterPlainMember = (bytes: Buffer, at: number, end: number): number => {
    const colon = afterString(bytes, at, end);
    return colon < 0 || bytes[colon] !== COLON ? -1 : afterValue(bytes, colon + 1, end);
  };

  const readEvent = (bytes: Buffer, at: number, end: number): number => {
    if (bytes[at] !== OPEN) return -1;
    let i = at + 1;
    if (startsWith(bytes, i, ICMP_TYPE)) {
      i = readNumber(bytes, i + ICMP_TYPE.length, end);
      if (i < 0) return -1;
      flow.eventType = read;
      if (bytes[i] === COMMA) i += 1;
    }
    if (startsWith(bytes, i, SUB_TYPE)) {
      i = readNumber(bytes, i + SUB_TYPE.length, end);
      if (i < 0) return -1;
      subType = read;
    }
    return bytes[i] === CLOSE && bytes[i - 1] !== COMMA ? i + 1 : -1;
  };

  const readBoolean = (bytes: Buffer, at: number): number => {
    if (bytes[at] === 0x74 && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65) return at + 4;
    return startsWith(bytes, at, FALSE) ? at + 5 : -1;
  };

  const readWord = (bytes: Buffer, at: number, end: number): string | null =>
    bytes[at] === QUOTE ? words.read(bytes, at, end) : null;

  const readKey = (key: Key, bytes: Buffer, at: number, end: number): number => {
    switch (key) {
      case "time": {
        const after = times.read(bytes, at, end);
        flow.time = times.time();
        return after;
      }
      case "IP":
        return readIps(bytes, at, end);
      case "l4":
        return readLayer4(bytes, at, end);
      case "source":
      case "destination": {
        const seen = bytes[at] === OPEN ? sightings.read(bytes, at, end) : null;
        if (seen === null) return -1;
        flow[key] = seen;
        return sightings.after();
      }
      case "node_name": {
        const name = readWord(bytes, at, end);
        if (name === null || name === "") return -1;
        let node = nodes.get(name);
        if (node === undefined) nodes.set(name, (node = nodeName(name)));
        flow.node = node;
        return words.after();
      }
      case "source_names":
      case "destination_names": {
        const names = bytes[at] === 0x5b ? nameLists.read(bytes, at, end) : null;
        if (names === null) return -1;
        if (key === "source_names") flow.sourceNames = names;
        else flow.destinationNames = names;
        return nameLists.after();
      }
      case "egress_allowed_by":
      case "ingress_allowed_by": {
        const by = bytes[at] === 0x5b ? policies.read(bytes, at, end) : null;
        if (by === null) return -1;
        if (key === "egress_allowed_by") flow.egressAllowedBy = by;
        else flow.ingressAllowedBy = by;
        return policies.after();
      }
      case "event_type":
        return readEvent(bytes, at, end);
      case "is_reply": {
        const after = readBoolean(bytes, at);
        if (after > 0) flow.isReply = bytes[at] === 0x74;
        return after;
      }
      case "reply": {
        const after = readBoolean(bytes, at);
        wasReply = bytes[at] === 0x74;
        return after;
      }
      case "drop_reason": {
        const after = readNumber(bytes, at, end);
        dropCode = read;
        return after;
      }
      case "l7": {
        const after = bytes[at] === OPEN ? afterValue(bytes, at, end) : -1;
        if (after < 0) return -1;
        const parsed = l7FromJson(JSON.parse(bytes.toString("utf8", at, after)), httpPaths);
        flow.dns = parsed.dns;
        flow.l7 = parsed.text;
        return after;
      }
      case "verdict":
      case "Type":
      case "traffic_direction":
      case "trace_observation_point":
      case "drop_reason_desc": {
        const word = readWord(bytes, at, end);
        return word !== null && takeWord(key, word) ? words.after() : -1;
      }
      default:
        return key satisfies never;
    }
  };

  const takeWord = (key: WordKey, word: string): boolean => {
    switch (key) {
      case "verdict": {
        const verdict = VERDICTS.get(word);
        if (verdict === undefined) return false;
        flow.verdict = verdict;
        return true;
      }
      case "Type": {
        const type = TYPES.get(word);
        if (type === undefined) return false;
        flow.type = type;
        return true;
      }
      case "traffic_direction": {
        const direction = DIRECTIONS.get(word);
        if (direction === undefined) return false;
        flow.direction = direction;
        return true;
      }
      case "trace_observation_point":
        if (word === "UNKNOWN_POINT" || word === "") return false;
        flow.point = word;
        return true;
      case "drop_reason_desc":
        if (word === "DROP_REASON_UNKNOWN" || word === "") return false;
        flow.dropReason = word;
        return true;
      default:
        return key satisfies never;
    }
  };

  /** The envelope's own node and time: the flow has both, so they need only be there or not. */
  const isEnd = (bytes: Buffer, at: number, end: number): boolean => {
    let i = at;
    if (startsWith(bytes, i, NODE_NAME)) i = afterString(bytes, i + NODE_NAME.length - 1, end);
    if (i > 0 && startsWith(bytes, i, TIME)) i = afterString(bytes, i + TIME.length - 1, end);
    return i > 0 && bytes[i] === CLOSE && i + 1 === end;
  };

  const finish = (): FlowRecord | null => {
    if (Number.isNaN(flow.time) || flow.node === "") return null;
    if (flow.isReply === null && wasReply) flow.isReply = true;
    if (flow.dropReason === null && dropCode !== 0) flow.dropReason = dropReasonOf(dropCode);
    if (flow.point === null && flow.eventType === 4)
      flow.point = (subType >= 5 && subType <= 10) || subType === 12 ? "FROM" : "TO";
    return flow;
  };

  return (bytes, from, to) => {
    if (!startsWith(bytes, from, START)) return null;
    reset();
    let at = from + START.length - 1;
    let seen = 0;
    for (;;) {
      const colon = afterString(bytes, at, to);
      if (colon < 0 || bytes[colon] !== COLON) return null;
      const known = keyAt(bytes, at + 1, colon - at - 2);
      if (known === null) at = afterValue(bytes, colon + 1, to);
      else {
        if ((seen & known.bit) !== 0) return null;
        seen |= known.bit;
        at = readKey(known.key, bytes, colon + 1, to);
      }
      if (at < 0) return null;
      const next = bytes[at];
      at += 1;
      if (next === COMMA) continue;
      return next === CLOSE && isEnd(bytes, at, to) ? finish() : null;
    }
  };
};

const FALSE = Buffer.from("false");
const COLON_TRUE = Buffer.from(":true");
