import type { Flow, HubbleVerdict } from "../facts/flow.ts";
import type { PolicyRef } from "../facts/policy.ts";
import {
  directionFromJson,
  dropFromJson,
  eventFromJsonValue,
  l7FromJson,
  namesFromJson,
  nodeFromJson,
  pointFromJson,
  refsFromJson,
  replyFromJson,
  typeFromJson,
  verdictFromJson,
  whoFromJson,
} from "./decode-json.ts";
import type { Interner, Sighting } from "./ends.ts";
import { emptyRecord, type FlowRecord, type Mutable, pointOf } from "./record.ts";
import { afterString, afterValue, CLOSE, COMMA, has, OPEN, OPEN_LIST, pattern } from "./scan-bytes.ts";
import { byteCache, pieceCache, wordCache } from "./scan-cache.ts";
import { Key, newSteps, newValues, type Step } from "./scan-keys.ts";
import { addressReader, layer4Reader } from "./scan-layers.ts";
import { newTails } from "./scan-tail.ts";
import { timeReader } from "./scan-time.ts";
import { dropReasonOf } from "./words.ts";

/** Reads one line, `bytes[from, to)`, or answers null: then the full parse has to say what it is. */
export type Scan = (bytes: Buffer, from: number, to: number) => FlowRecord | null;

const START = pattern('{"flow":{"');
const NODE_NAME = pattern(',"node_name":"');
const TIME = pattern(',"time":"');
const NONE: readonly never[] = [];

/** The envelope's own node and time: the flow has both, so they need only be whole. */
const isEnd = (bytes: Buffer, at: number, end: number): boolean => {
  let i = at;
  if (has(bytes, i, NODE_NAME)) i = afterString(bytes, i + NODE_NAME.length - 1, end);
  if (i > 0 && has(bytes, i, TIME)) i = afterString(bytes, i + TIME.length - 1, end);
  return i > 0 && bytes[i] === CLOSE && i + 1 === end;
};

/** What the value of a key with few values means: the full parse's own functions. */
const MEANING = new Map<number, (value: unknown) => unknown>([
  [Key.verdict, verdictFromJson],
  [Key.Type, typeFromJson],
  [Key.node_name, nodeFromJson],
  [Key.event_type, eventFromJsonValue],
  [Key.traffic_direction, directionFromJson],
  [Key.trace_observation_point, pointFromJson],
  [Key.drop_reason, dropFromJson],
  [Key.drop_reason_desc, dropFromJson],
  [Key.is_reply, replyFromJson],
  [Key.reply, replyFromJson],
]);
const MEANINGS = Array.from({ length: 21 }, (_, id) => MEANING.get(id) ?? ((): null => null));

/** What was said under the keys with few values, by key: what `MEANINGS` made of it, or nothing. */
type Said = unknown[];

/** Puts together what was said; the casts are what `MEANINGS` answers. */
const tell = (flow: Mutable<FlowRecord>, said: Said): void => {
  const event = said[Key.event_type] as ReturnType<typeof eventFromJsonValue> | undefined;
  const drop = said[Key.drop_reason_desc] as ReturnType<typeof dropFromJson> | undefined;
  const oldDrop = said[Key.drop_reason] as ReturnType<typeof dropFromJson> | undefined;
  const isReply = said[Key.is_reply] as boolean | null | undefined;
  flow.verdict = (said[Key.verdict] as HubbleVerdict | undefined) ?? "VERDICT_UNKNOWN";
  flow.type = (said[Key.Type] as Flow["type"] | undefined) ?? "UNKNOWN_TYPE";
  flow.node = (said[Key.node_name] as string | undefined) ?? "";
  flow.direction = (said[Key.traffic_direction] as Flow["direction"] | undefined) ?? null;
  flow.isReply = isReply ?? (said[Key.reply] === true ? true : null);
  flow.eventType = event?.type ?? 0;
  const point = (said[Key.trace_observation_point] as string | null | undefined) ?? null;
  flow.point = pointOf(point, flow.eventType, event?.subType ?? 0);
  const code = (drop?.code ?? 0) === 0 ? (oldDrop?.code ?? 0) : (drop?.code ?? 0);
  flow.dropReason = drop?.reason ?? (code === 0 ? null : dropReasonOf(code));
  flow.sourceNames = (said[Key.source_names] as readonly string[] | undefined) ?? NONE;
  flow.destinationNames = (said[Key.destination_names] as readonly string[] | undefined) ?? NONE;
  flow.egressAllowedBy = (said[Key.egress_allowed_by] as readonly PolicyRef[] | undefined) ?? NONE;
  flow.ingressAllowedBy = (said[Key.ingress_allowed_by] as readonly PolicyRef[] | undefined) ?? NONE;
};

/**
 * The fast path for export files: it walks the keys of a line in whatever order they come, remembers which key followed which
 * and what its value meant the last time exactly these bytes stood there, and decodes only what is new. What a value means is
 * asked of the full parse's own functions. No line is guessed at: a space, a key twice, ports or addresses printed in
 * another way and anything else unexpected goes to the full parse. What it does not need it still checks as JSON, so that a
 * broken line is not taken for a good one.
 *
 * The record it answers with is one and the same object every time: read it before the next line.
 */
export const scanner = (ends: Interner, httpPaths = false): Scan => {
  const sightings = byteCache<Sighting>((value) => {
    const who = whoFromJson(value);
    return ends.sighting(who, who.workload !== null);
  });
  const policies = byteCache<readonly PolicyRef[]>(refsFromJson);
  const nameLists = byteCache<readonly string[]>(namesFromJson);
  const messages = pieceCache((bytes) => l7FromJson(JSON.parse(bytes.toString("utf8")), httpPaths));
  const times = timeReader();
  const layer4 = layer4Reader();
  const addresses = addressReader(wordCache());
  const steps = newSteps();
  const values = newValues();
  const tails = newTails();
  const nobody = ends.sighting(whoFromJson(null), false);
  const flow = emptyRecord(nobody);
  const said: Said = Array.from({ length: 21 }, () => undefined);

  const reset = (): void => {
    flow.time = Number.NaN;
    flow.protocol = null;
    flow.sourcePort = 0;
    flow.port = 0;
    flow.opens = false;
    flow.source = nobody;
    flow.destination = nobody;
    flow.sourceIp = "";
    flow.destinationIp = "";
    flow.dns = null;
    flow.l7 = null;
    for (let i = 0; i < said.length; i++) said[i] = undefined;
  };

  const readSighting = (id: number, bytes: Buffer, at: number, end: number): number => {
    const seen = bytes[at] === OPEN ? sightings.read(bytes, at, end) : null;
    if (seen === null) return -1;
    if (id === Key.source) flow.source = seen;
    else flow.destination = seen;
    return sightings.after();
  };

  const readList = (id: number, bytes: Buffer, at: number, end: number): number => {
    if (bytes[at] !== OPEN_LIST) return -1;
    const isNames = id === Key.source_names || id === Key.destination_names;
    const list = isNames ? nameLists.read(bytes, at, end) : policies.read(bytes, at, end);
    if (list === null) return -1;
    said[id] = list;
    return isNames ? nameLists.after() : policies.after();
  };

  const readLayers = (id: number, bytes: Buffer, at: number, end: number): number => {
    if (id === Key.IP) {
      const after = addresses.read(bytes, at, end);
      flow.sourceIp = addresses.found.source;
      flow.destinationIp = addresses.found.destination;
      return after;
    }
    const after = layer4.read(bytes, at, end);
    flow.protocol = layer4.found.protocol;
    flow.sourcePort = layer4.found.sourcePort;
    flow.port = layer4.found.port;
    flow.opens = layer4.found.opens;
    return after;
  };

  const readL7 = (bytes: Buffer, at: number, end: number): number => {
    const after = afterValue(bytes, at, end);
    if (after < 0) return -1;
    const { dns, text } = messages(bytes, at, after);
    flow.dns = dns;
    flow.l7 = text;
    return after;
  };

  const readValue = (step: Step, bytes: Buffer, at: number, end: number): number => {
    switch (step.id) {
      case Key.skipped:
        return values.skip(step, bytes, at, end);
      case Key.time:
        flow.time = times.read(bytes, at, end);
        return times.after();
      case Key.source:
      case Key.destination:
        return readSighting(step.id, bytes, at, end);
      case Key.IP:
      case Key.l4:
        return readLayers(step.id, bytes, at, end);
      case Key.source_names:
      case Key.destination_names:
      case Key.egress_allowed_by:
      case Key.ingress_allowed_by:
        return readList(step.id, bytes, at, end);
      case Key.l7:
        return readL7(bytes, at, end);
      default:
        said[step.id] = values.read(step, bytes, at, end, MEANINGS[step.id] ?? ((): null => null));
        return values.after();
    }
  };

  const finish = (bytes: Buffer, at: number, end: number): FlowRecord | null => {
    if (!isEnd(bytes, at, end)) return null;
    tell(flow, said);
    // Both may be had from the envelope; that is for the full parse.
    return Number.isNaN(flow.time) || flow.node === "" ? null : flow;
  };

  return (bytes, from, to) => {
    if (!has(bytes, from, START)) return null;
    reset();
    let at = from + START.length - 1;
    let seen = 0;
    let step = steps.first;
    /** Where the part behind the destination began, and what had been seen before it. */
    let [tail, before] = [-1, 0];
    for (;;) {
      const next = steps.after(step, bytes, at, to);
      if (next === null || (seen & next.bit) !== 0) return null;
      step = next;
      seen |= step.bit;
      at = readValue(step, bytes, at + step.bytes.length, to);
      if (at < 0) return null;
      const c = bytes[at];
      at += 1;
      if (c === CLOSE) {
        if (tail >= 0) tails.keep(bytes, tail, at, seen & ~before, said);
        return finish(bytes, at, to);
      }
      if (c !== COMMA) return null;
      if (step.id !== Key.destination) continue;
      [tail, before] = [at, seen];
      const known = tails.find(bytes, at, to);
      if (known === null) continue;
      if ((seen & known.bits) !== 0) return null;
      for (let i = 0; i < known.ids.length; i++) said[known.ids[i] ?? 0] = known.values[i];
      return finish(bytes, at + known.bytes.length, to);
    }
  };
};
