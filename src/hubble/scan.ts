import type { Flow, HubbleVerdict } from "../facts/flow.ts";
import type { PolicyRef } from "../facts/policy.ts";
import {
  addressesFromJson,
  directionFromJson,
  dropFromJson,
  eventFromJsonValue,
  l7FromJson,
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
import { emptyRecord, type FlowRecord, type Mutable, pointOf } from "./record.ts";
import type { Reducer } from "./reducer.ts";
import { counts, type Said, SOME_DNS } from "./scan-counts.ts";
import { FLAGS, IS_DNS, Key, PROTOCOLS } from "./scan-keys.ts";
import { dropReasonOf } from "./words.ts";

/**
 * The fast path for export files: it walks the keys of a line in whatever order they come. No line is guessed at: a space, a
 * key twice, ports printed in another way and anything else unexpected goes to the full parse. What it does not need it
 * still checks as JSON, so that a broken line is not taken for a good one.
 */
export interface Scanner {
  /** Where the next bytes go. A newline may be put right behind it. */
  readonly window: Buffer;
  /** Reads the whole lines among the first `size` bytes of the window. Returns where the unfinished one begins. */
  scan(size: number): number;
  /** The same, but leaves every line to the full parse. */
  split(size: number): number;
  /** Lines and flows read since `begin`, and the first and last time of a flow. Lines of the full parse are not flows. */
  readonly lines: number;
  readonly flows: number;
  readonly first: number;
  readonly last: number;
  begin(): void;
  /** Hands all that was counted to the reducer. */
  settle(): void;
}

export interface ScannerOptions {
  readonly reducer: Reducer;
  readonly httpPaths: boolean;
  /** A line that is not plain: the bytes in `[from, to)` of the memory, without its end. */
  readonly parse: (memory: Buffer, from: number, to: number) => void;
}

const MINUTE_PRINTED = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:$/;
const KEYS = new Map<string, number>(Object.entries(Key));

const parsed = (bytes: Buffer): unknown => JSON.parse(bytes.toString("utf8"));

/** Puts a flow together from what the full parse's own functions make of each value, asked once for the same bytes. */
const teller = (ends: Interner): { tell(said: Said): Mutable<FlowRecord>; forget(): void } => {
  const forgotten: (() => void)[] = [];
  const meaning = <T>(decode: (value: unknown) => T): ((said: Said, key: number) => T) => {
    const known: T[] = [];
    const nothing = decode(undefined);
    forgotten.push(() => (known.length = 0));
    return (said, key) => {
      const id = said.id(key);
      return id === 0 ? nothing : (known[id] ??= decode(parsed(said.bytes(key))));
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

  const tell = (said: Said): Mutable<FlowRecord> => {
    const flow = emptyRecord(nobody);
    const { type: eventType, subType } = event(said, Key.event_type);
    const [described, old] = [drop(said, Key.drop_reason_desc), drop(said, Key.drop_reason)];
    const code = described.code === 0 ? old.code : described.code;
    const ips = addresses(said, Key.IP);
    flow.verdict = verdict(said, Key.verdict);
    flow.type = type(said, Key.Type);
    flow.node = node(said, Key.node_name);
    flow.direction = direction(said, Key.traffic_direction);
    // The old field cannot tell "no" from "not known", so only its "yes" is believed.
    flow.isReply = reply(said, Key.is_reply) ?? (reply(said, Key.reply) === true ? true : null);
    flow.eventType = eventType;
    flow.point = pointOf(point(said, Key.trace_observation_point), eventType, subType);
    flow.dropReason = described.reason ?? (code === 0 ? null : dropReasonOf(code));
    flow.protocol = PROTOCOLS[said.number(Key.l4)] ?? null;
    flow.opens = opens(said, FLAGS);
    flow.source = sighting(said, Key.source);
    flow.destination = sighting(said, Key.destination);
    flow.sourceIp = ips.source;
    flow.destinationIp = ips.destination;
    flow.sourceNames = names(said, Key.source_names);
    flow.destinationNames = names(said, Key.destination_names);
    flow.egressAllowedBy = policies(said, Key.egress_allowed_by);
    flow.ingressAllowedBy = policies(said, Key.ingress_allowed_by);
    flow.dns = said.number(Key.l7) === IS_DNS ? SOME_DNS : null;
    return flow;
  };

  return { tell, forget: () => forgotten.forEach((clear) => clear()) };
};

export const scanner = ({ reducer, httpPaths, parse }: ScannerOptions): Scanner => {
  const { module, memory, window } = counts({
    reducer,
    ...teller(reducer.ends),
    message: (bytes) => {
      const { dns, text } = l7FromJson(parsed(bytes), httpPaths);
      return { dns, l7: text };
    },
    host: {
      key: (from, to) => KEYS.get(memory.toString("latin1", from, to)) ?? 0,
      minute: (from) => {
        const text = memory.toString("latin1", from, from + 17);
        return MINUTE_PRINTED.test(text) ? Date.parse(`${text}00Z`) : Number.NaN;
      },
      parse: (from, to) => parse(memory, from, to),
    },
  });
  const start = module.WINDOW.value;

  const read = (by: (from: number, end: number) => number, size: number): number => {
    // Nothing that is searched for holds a zero byte.
    memory[start + size] = 0;
    return by(start, start + size) - start;
  };

  return {
    window,
    scan: (size) => read(module.scan, size),
    split: (size) => read(module.split, size),
    get lines() {
      return module.lines.value;
    },
    get flows() {
      return module.flows.value;
    },
    get first() {
      return module.first.value;
    },
    get last() {
      return module.last.value;
    },
    begin: module.begin,
    settle: module.turn,
  };
};
