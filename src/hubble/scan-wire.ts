import { createHash } from "node:crypto";
import { flowFromProto, l7FromProto, whoFromProto } from "./decode-proto.ts";
import type { Sighting } from "./ends.ts";
import { Flow, Layer4 } from "./proto/flow/flow.ts";
import { type FlowRecord, type Mutable, recordOf } from "./record.ts";
import type { Reducer } from "./reducer.ts";
import { counts, type Said, SOME_DNS } from "./scan-counts.ts";
import { FLAGS, IS_DNS, Key, PROTOCOLS } from "./scan-keys.ts";

/**
 * The fast path for Relay's stream. Losses, node status, a field twice where it would have to be merged, and whatever else
 * is not plain go to the generated code.
 */
export interface WireScanner {
  /** Reads one encoded GetFlowsResponse; false when the generated code has to say what it is. Counts nothing yet. */
  read(bytes: Uint8Array): boolean;
  /** Of what was read: milliseconds since the epoch, the node, and 53 bits that tell it from every other flow. */
  readonly time: number;
  readonly node: string;
  readonly print: number;
  /** Counts what was read. */
  count(): void;
  /** The print of a flow that was left to the generated code: of one flow it is always the same. */
  printOf(bytes: Uint8Array): number;
  /** Hands all that was counted to the reducer. */
  settle(): void;
}

/** Read in another way: endpoints come again and again, and are decoded once. */
const OWN: ReadonlySet<number> = new Set([Key.source, Key.destination, Key.l4, Key.l7, FLAGS]);
const FIELDS = Object.values(Key).filter((key) => !OWN.has(key));

/** The fields that were said, put one behind the other, are a flow again. */
const flowSaid = (said: Said): Flow =>
  Flow.decode(Buffer.concat(FIELDS.flatMap((key) => (said.id(key) === 0 ? [] : [said.bytes(key)]))));

const opens = (said: Said): boolean => {
  if (said.id(FLAGS) === 0) return false;
  const field = said.bytes(FLAGS);
  // Layer4 with a TCP header of nothing but these flags.
  const flags = Layer4.decode(Buffer.concat([Buffer.from([0x0a, field.length]), field])).TCP?.flags;
  return flags?.SYN === true && !flags.ACK;
};

export const wireScanner = (reducer: Reducer, httpPaths = false): WireScanner => {
  const known: Sighting[] = [];
  const sighting = (said: Said, key: number): Sighting => {
    const id = said.id(key);
    if (id === 0) return nobody;
    return (known[id] ??= sightingOf(Flow.decode(said.bytes(key))));
  };
  const sightingOf = ({ source, destination }: Flow): Sighting => {
    const who = whoFromProto(source ?? destination);
    return reducer.ends.sighting(who, who.workload !== null);
  };
  const nobody = reducer.ends.sighting(whoFromProto(undefined), false);

  const tell = (said: Said): Mutable<FlowRecord> => ({
    ...recordOf(flowFromProto(flowSaid(said)), reducer.ends),
    source: sighting(said, Key.source),
    destination: sighting(said, Key.destination),
    protocol: PROTOCOLS[said.number(Key.l4)] ?? null,
    opens: opens(said),
    dns: said.number(Key.l7) === IS_DNS ? SOME_DNS : null,
  });
  const { module, window, nodes, now } = counts({
    reducer,
    tell,
    forget: () => (known.length = 0),
    message: (bytes) => {
      const { l7 } = Flow.decode(bytes);
      if (l7 === undefined) return { dns: null, l7: null };
      const { dns, text } = l7FromProto(l7, httpPaths);
      return { dns, l7: text };
    },
  });
  const start = module.WINDOW.value;

  const put = (bytes: Uint8Array): number => {
    window.set(bytes);
    return start + bytes.length;
  };

  return {
    read: (bytes) => bytes.length < window.length && module.wire(start, put(bytes)) !== 0,
    get time() {
      return now.time();
    },
    get node() {
      return nodes[now.node()] ?? "";
    },
    get print() {
      return now.print();
    },
    count: module.countWire,
    printOf: (bytes) =>
      bytes.length < window.length
        ? module.printOf(start, put(bytes))
        : createHash("sha256").update(bytes).digest().readUIntBE(0, 6),
    settle: module.turn,
  };
};
