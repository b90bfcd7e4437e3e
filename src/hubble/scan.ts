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
import { emptyRecord, type FlowRecord, pointOf } from "./record.ts";
import { afterString, afterValue, CLOSE, COMMA, OPEN, OPEN_LIST, has, pattern } from "./scan-bytes.ts";
import { byteCache, pieceCache, wordCache } from "./scan-cache.ts";
import { Key, newSteps, newValues, type Step } from "./scan-keys.ts";
import { addressReader, layer4Reader } from "./scan-layers.ts";
import { timeReader } from "./scan-time.ts";
import { dropReasonOf } from "./words.ts";

/** Reads one line, `bytes[from, to)`, or answers null: then the full parse has to say what it is. */
export type Scan = (bytes: Buffer, from: number, to: number) => FlowRecord | null;

const START = pattern('{"flow":{"');
const NODE_NAME = pattern(',"node_name":"');
const TIME = pattern(',"time":"');
const NONE: readonly never[] = [];
const NO_EVENT = { type: 0, subType: 0 };
const NO_DROP = { reason: null, code: 0 };

/** The envelope's own node and time: the flow has both, so they need only be whole. */
const isEnd = (bytes: Buffer, at: number, end: number): boolean => {
  let i = at;
  if (has(bytes, i, NODE_NAME)) i = afterString(bytes, i + NODE_NAME.length - 1, end);
  if (i > 0 && has(bytes, i, TIME)) i = afterString(bytes, i + TIME.length - 1, end);
  return i > 0 && bytes[i] === CLOSE && i + 1 === end;
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
  const nobody = ends.sighting(whoFromJson(null), false);
  const flow = emptyRecord(nobody);
  let event: { readonly type: number; readonly subType: number } = NO_EVENT;
  let drop: { readonly reason: string | null; readonly code: number } = NO_DROP;
  let dropCode = 0;
  let isReply: boolean | null = null;
  let wasReply: boolean | null = null;

  const reset = (): void => {
    flow.time = Number.NaN;
    flow.node = "";
    flow.verdict = "VERDICT_UNKNOWN";
    flow.type = "UNKNOWN_TYPE";
    flow.point = null;
    flow.direction = null;
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
    flow.egressAllowedBy = NONE;
    flow.ingressAllowedBy = NONE;
    flow.dns = null;
    flow.l7 = null;
    event = NO_EVENT;
    drop = NO_DROP;
    dropCode = 0;
    isReply = null;
    wasReply = null;
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
    if (id === Key.source_names || id === Key.destination_names) {
      const names = nameLists.read(bytes, at, end);
      if (names === null) return -1;
      if (id === Key.source_names) flow.sourceNames = names;
      else flow.destinationNames = names;
      return nameLists.after();
    }
    const by = policies.read(bytes, at, end);
    if (by === null) return -1;
    if (id === Key.egress_allowed_by) flow.egressAllowedBy = by;
    else flow.ingressAllowedBy = by;
    return policies.after();
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

  /** Takes a value that is one of few. */
  const readWord = (step: Step, bytes: Buffer, at: number, end: number): number => {
    switch (step.id) {
      case Key.verdict:
        flow.verdict = values.read(step, bytes, at, end, verdictFromJson) ?? flow.verdict;
        break;
      case Key.Type:
        flow.type = values.read(step, bytes, at, end, typeFromJson) ?? flow.type;
        break;
      case Key.node_name:
        flow.node = values.read(step, bytes, at, end, nodeFromJson) ?? "";
        break;
      case Key.event_type:
        event = values.read(step, bytes, at, end, eventFromJsonValue) ?? event;
        break;
      case Key.traffic_direction:
        flow.direction = values.read(step, bytes, at, end, directionFromJson) ?? null;
        break;
      case Key.trace_observation_point:
        flow.point = values.read(step, bytes, at, end, pointFromJson) ?? null;
        break;
      case Key.drop_reason_desc:
        drop = values.read(step, bytes, at, end, dropFromJson) ?? drop;
        break;
      case Key.drop_reason:
        dropCode = values.read(step, bytes, at, end, dropFromJson)?.code ?? 0;
        break;
      case Key.is_reply:
        isReply = values.read(step, bytes, at, end, replyFromJson) ?? null;
        break;
      default:
        wasReply = values.read(step, bytes, at, end, replyFromJson) ?? null;
    }
    return values.after();
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
        return readWord(step, bytes, at, end);
    }
  };

  const finish = (): FlowRecord | null => {
    // Both may be had from the envelope; that is for the full parse.
    if (Number.isNaN(flow.time) || flow.node === "") return null;
    flow.eventType = event.type;
    flow.isReply = isReply ?? (wasReply === true ? true : null);
    const code = drop.code === 0 ? dropCode : drop.code;
    flow.dropReason = drop.reason ?? (code === 0 ? null : dropReasonOf(code));
    flow.point = pointOf(flow.point, event.type, event.subType);
    return flow;
  };

  return (bytes, from, to) => {
    if (!has(bytes, from, START)) return null;
    reset();
    let at = from + START.length - 1;
    let seen = 0;
    let step = steps.first;
    for (;;) {
      const next = steps.after(step, bytes, at, to);
      if (next === null || (seen & next.bit) !== 0) return null;
      step = next;
      seen |= step.bit;
      at = readValue(step, bytes, at + step.bytes.length, to);
      if (at < 0) return null;
      const c = bytes[at];
      at += 1;
      if (c === COMMA) continue;
      return c === CLOSE && isEnd(bytes, at, to) ? finish() : null;
    }
  };
};
