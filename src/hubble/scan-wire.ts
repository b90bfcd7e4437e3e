import type { PolicyRef } from "../facts/policy.ts";
import type { Protocol } from "../facts/verdict.ts";
import { l7FromProto, whoFromProto } from "./decode-proto.ts";
import type { Interner, Sighting } from "./ends.ts";
import { policyRef } from "./policy-ref.ts";
import { Endpoint, Layer7, Policy } from "./proto/flow/flow.ts";
import { emptyRecord, type FlowRecord, type Mutable, pointOf } from "./record.ts";
import { hashOf } from "./scan-bytes.ts";
import { pieceCache } from "./scan-cache.ts";
import { dropReasonOf, FLOW_TYPES, nodeName, plainName, tracePointOf, verdictOf } from "./words.ts";

/** A flow off the wire, and 53 bits that tell it from every other. */
export interface WireFlow {
  readonly flow: FlowRecord;
  readonly print: number;
}

/** Reads one encoded GetFlowsResponse, or answers null: then the generated code has to say what it is. */
export type ScanWire = (bytes: Buffer) => WireFlow | null;

const LAYER4: readonly (Protocol | null)[] = [null, "TCP", "UDP", "ICMPv4", "ICMPv6", "SCTP", "VRRP", "IGMP"];
const HIGHEST_PORT = 65_535;

/** Wire types: a number, eight bytes, a length and so many bytes, four bytes. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const text = (bytes: Buffer): string => bytes.toString("utf8");

/**
 * The fast path for Relay's stream. Endpoints and policies, which are most of a message, are decoded once and compared by
 * their bytes from then on; the rest is read field by field. Losses, node status, a field twice where it would have to be
 * merged, and whatever else is not plain go to the generated code.
 *
 * The record it answers with is one and the same object every time: read it before the next message.
 * @throws RangeError on a message that is cut
 */
export const wireScanner = (ends: Interner, httpPaths = false): ScanWire => {
  const sightings = pieceCache<Sighting>((bytes) => {
    const who = whoFromProto(Endpoint.decode(bytes));
    return ends.sighting(who, who.workload !== null);
  });
  const policies = pieceCache<PolicyRef | null>((bytes) => policyRef(Policy.decode(bytes)));
  const words = pieceCache<string>(text);
  const names = pieceCache<string>((bytes) => plainName(text(bytes)));
  const nodes = pieceCache<string>((bytes) => nodeName(text(bytes)));
  const nobody = ends.sighting(whoFromProto(undefined), false);
  const flow: Mutable<FlowRecord> = emptyRecord(nobody);
  let pos = 0;

  /** Up to 53 bits; what is larger is no field of ours and only passed over. */
  const varint = (bytes: Buffer): number => {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = bytes[pos];
      if (byte === undefined) throw new RangeError("the message is cut");
      pos += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new RangeError("a number without an end");
  };

  const skip = (bytes: Buffer, type: number): void => {
    if (type === VARINT) varint(bytes);
    else if (type === BYTES) pos = varint(bytes) + pos;
    else if (type === FIXED64) pos += 8;
    else if (type === FIXED32) pos += 4;
    else throw new RangeError("a wire type nobody uses");
    if (pos > bytes.length) throw new RangeError("the message is cut");
  };

  /** End of the piece whose length stands here. */
  const pieceEnd = (bytes: Buffer): number => {
    const to = varint(bytes) + pos;
    if (to > bytes.length) throw new RangeError("the message is cut");
    return to;
  };

  /** Numbers 1 and 2 of a small message; others are passed over. */
  let [one, two] = [0, 0];
  const readPair = (bytes: Buffer, to: number): void => {
    [one, two] = [0, 0];
    while (pos < to) {
      const tag = varint(bytes);
      if (tag === 8) one = varint(bytes);
      else if (tag === 16) two = varint(bytes);
      else skip(bytes, tag & 7);
    }
  };

  const readAddresses = (bytes: Buffer, to: number): void => {
    while (pos < to) {
      const tag = varint(bytes);
      if (tag !== 10 && tag !== 18) {
        skip(bytes, tag & 7);
        continue;
      }
      const end = pieceEnd(bytes);
      const ip = words(bytes, pos, end);
      if (tag === 10) flow.sourceIp = ip;
      else flow.destinationIp = ip;
      pos = end;
    }
  };

  const readFlags = (bytes: Buffer, to: number): void => {
    let [syn, ack] = [false, false];
    while (pos < to) {
      const tag = varint(bytes);
      if (tag === 16) syn = varint(bytes) !== 0;
      else if (tag === 40) ack = varint(bytes) !== 0;
      else skip(bytes, tag & 7);
    }
    flow.opens = syn && !ack;
  };

  const portOf = (number: number): number => (number > HIGHEST_PORT ? 0 : number);

  const readHeader = (bytes: Buffer, protocol: Protocol, to: number): void => {
    flow.protocol = protocol;
    const isIcmp = protocol === "ICMPv4" || protocol === "ICMPv6";
    const isOther = protocol === "VRRP" || protocol === "IGMP";
    while (pos < to) {
      const tag = varint(bytes);
      if (tag === 8 && !isOther) {
        const number = portOf(varint(bytes));
        if (isIcmp) flow.port = number;
        else flow.sourcePort = number;
      } else if (tag === 16 && !isIcmp && !isOther) flow.port = portOf(varint(bytes));
      else if (tag === 26 && protocol === "TCP") readFlags(bytes, pieceEnd(bytes));
      else skip(bytes, tag & 7);
    }
  };

  const readLayer4 = (bytes: Buffer, to: number): void => {
    while (pos < to) {
      const tag = varint(bytes);
      const protocol = (tag & 7) === BYTES ? (LAYER4[tag >>> 3] ?? null) : null;
      if (protocol === null) skip(bytes, tag & 7);
      else readHeader(bytes, protocol, pieceEnd(bytes));
    }
  };

  let eventSub = 0;
  let dropCode = 0;
  let dropDescribed = 0;
  let print = 0;

  /** Fields that are bytes or a message, by number. */
  const readPiece = (bytes: Buffer, field: number, to: number): boolean => {
    switch (field) {
      case 1:
        readPair(bytes, to);
        flow.time = one * 1_000 + Math.floor(two / 1_000_000);
        return true;
      case 5:
        readAddresses(bytes, to);
        return true;
      case 6:
        readLayer4(bytes, to);
        return true;
      case 8:
        flow.source = sightings(bytes, pos, to);
        return true;
      case 9:
        flow.destination = sightings(bytes, pos, to);
        return true;
      case 11:
        flow.node = nodes(bytes, pos, to);
        return true;
      case 13:
        flow.sourceNames = [...flow.sourceNames, names(bytes, pos, to)];
        return true;
      case 14:
        flow.destinationNames = [...flow.destinationNames, names(bytes, pos, to)];
        return true;
      case 15: {
        const { dns, text: asked } = l7FromProto(Layer7.decode(bytes.subarray(pos, to)), httpPaths);
        flow.dns = dns;
        flow.l7 = asked;
        return true;
      }
      case 19:
        readPair(bytes, to);
        flow.eventType = one;
        eventSub = two;
        return true;
      case 26:
        readPair(bytes, to);
        flow.isReply = one !== 0;
        return true;
      case 34:
        print = (hashOf(bytes, pos, to) & 0x1f_ffff) * 4_294_967_296 + (hashOf(bytes, pos + 3, to) >>> 0);
        return true;
      case 21_001:
      case 21_002: {
        const policy = policies(bytes, pos, to);
        if (policy === null) return true;
        if (field === 21_001) flow.egressAllowedBy = [...flow.egressAllowedBy, policy];
        else flow.ingressAllowedBy = [...flow.ingressAllowedBy, policy];
        return true;
      }
      default:
        return true;
    }
  };

  let wasReply = false;
  const readNumber = (field: number, value: number): void => {
    if (field === 2) flow.verdict = verdictOf(value);
    else if (field === 3) dropCode = value;
    else if (field === 10) flow.type = FLOW_TYPES[value] ?? "UNKNOWN_TYPE";
    else if (field === 16) wasReply = value !== 0;
    else if (field === 22) flow.direction = value === 1 ? "ingress" : value === 2 ? "egress" : null;
    else if (field === 24) flow.point = value === 0 ? null : tracePointOf(value) || null;
    else if (field === 25) dropDescribed = value;
  };

  const reset = (): void => {
    Object.assign(flow, EMPTY, { source: nobody, destination: nobody });
    eventSub = 0;
    dropCode = 0;
    dropDescribed = 0;
    print = 0;
    wasReply = false;
  };
  const EMPTY = emptyRecord(nobody);

  /** Messages that come twice would have to be merged; one bit each. */
  const MERGED = new Map([1, 5, 6, 8, 9, 15, 19, 26].map((field, i) => [field, 1 << i]));

  const readFlow = (bytes: Buffer, to: number): boolean => {
    let seen = 0;
    while (pos < to) {
      const tag = varint(bytes);
      const field = Math.floor(tag / 8);
      const type = tag & 7;
      if (type === VARINT) readNumber(field, varint(bytes));
      else if (type !== BYTES) skip(bytes, type);
      else {
        const bit = MERGED.get(field) ?? 0;
        if ((seen & bit) !== 0) return false;
        seen |= bit;
        const end = pieceEnd(bytes);
        readPiece(bytes, field, end);
        pos = end;
      }
    }
    return true;
  };

  return (bytes) => {
    pos = 0;
    // A flow comes first, then the envelope's node and time, which the flow has too.
    if (varint(bytes) !== 10) return null;
    reset();
    const to = pieceEnd(bytes);
    const from = pos;
    if (!readFlow(bytes, to) || Number.isNaN(flow.time) || flow.node === "") return null;
    while (pos < bytes.length) {
      const tag = varint(bytes);
      // Another of the kinds of which there is one.
      if (tag === 10 || tag === 18 || tag === 26) return null;
      skip(bytes, tag & 7);
    }
    if (flow.isReply === null && wasReply) flow.isReply = true;
    const code = dropDescribed === 0 ? dropCode : dropDescribed;
    flow.dropReason = code === 0 ? null : dropReasonOf(code);
    flow.point = pointOf(flow.point, flow.eventType, eventSub);
    if (print === 0)
      print = (hashOf(bytes, from, to) & 0x1f_ffff) * 4_294_967_296 + (hashOf(bytes, from + 3, to) >>> 0);
    return { flow, print };
  };
};
