import type { DnsRecord } from "../facts/flow.ts";
import { kindOf, mayBeStray } from "./hygiene.ts";
import type { FlowRecord, Mutable } from "./record.ts";
import type { Reducer } from "./reducer.ts";
import type { Row } from "./row.ts";
import { addTo } from "./sample.ts";
import { IS_DNS } from "./scan-keys.ts";
import { type Host, type ScanModule, scanModule } from "./scan-module.ts";

/** A message of layer 7 as a record has it. */
export type Message = Pick<FlowRecord, "dns" | "l7">;

/** The bytes of what was said under a key (`Key`) of the line or message at hand. */
export interface Said {
  /** Zero when nothing was said. Small, and the same for the same bytes until they are forgotten. */
  id(key: number): number;
  bytes(key: number): Buffer;
  /** What is no value but a number: the protocol, and whether there is DNS. */
  number(key: number): number;
}

export interface CountOptions {
  readonly reducer: Reducer;
  /** The flow that was said, without time, ports and message; a new object every time. */
  readonly tell: (said: Said) => Mutable<FlowRecord>;
  readonly message: (bytes: Buffer) => Message;
  /** Numbers of values begin anew. */
  readonly forget?: () => void;
  readonly host?: Partial<Pick<Host, "key" | "minute" | "parse">>;
}

export interface Counts {
  readonly module: ScanModule;
  readonly memory: Buffer;
  /** Where bytes to be read are put. */
  readonly window: Buffer;
  /** Names of nodes by their number. */
  readonly nodes: readonly string[];
  /** Of the message that was read last. */
  readonly now: { time(): number; print(): number; node(): number };
}

/** How a kind is counted, and what is read of the module's memory (`assembly/tallies.ts`, `assembly/values.ts`). */
const UNFIT = 1;
const PORTS_MATTER = 2;
const MAY_BE_STRAY = 4;
const NODE = 256;
const NODES = 5_120;
const NODE_WORDS = 61;
const TALLY_WORDS = 8;
const ASKED_WORDS = 2;
const MESSAGE_BITS = 13;
const ENTRIES = 24;

const BROKEN = 0;
const NO_DNS = 1;
const ASKS = 4;

const MINUTE = 60_000;

/** What cannot be decoded is for the full parse, which says why. */
const orNull = <T>(decode: () => T): T | null => {
  try {
    return decode();
  } catch {
    return null;
  }
};

/** A message of which nothing is known yet but that it is DNS. */
export const SOME_DNS: DnsRecord = { query: "", response: false, ips: [], rcode: 0, qtypes: [] };

const hasPorts = (flow: FlowRecord): boolean => {
  // An ICMP type decides what kind of record it is.
  if (flow.protocol === "ICMPv4" || flow.protocol === "ICMPv6") return true;
  const kind = kindOf(flow);
  return kind === "judged" || kind === "dropped" || kind === "error";
};

/**
 * The counting half of the fast path: a small WebAssembly module (`assembly/`, compiled to `scan.wasm`) counts flows that
 * differ in nothing but time, ports and message. What such a *kind* means is asked once, of the full parse's own functions;
 * the reducer is given each kind's sum, by hour.
 */
export const counts = ({ reducer, tell, message, forget, host }: CountOptions): Counts => {
  const kinds: Mutable<FlowRecord>[] = [];
  const messages: (Message | undefined)[] = [];
  const nodes: string[] = [];
  const numberOf = new Map<string, number>();

  const nobody = (): never => {
    throw new RangeError("asked for what this reader has not");
  };
  const module = scanModule({
    key: nobody,
    minute: nobody,
    parse: nobody,
    ...host,
    kind: (id) => meet(id),
    message: (id, from, to) => {
      const told = orNull(() => message(memory.subarray(from, to)));
      if (told === null) return BROKEN;
      messages[id] = told;
      return (told.dns === null ? NO_DNS : IS_DNS) + (told.l7 === null ? 0 : ASKS);
    },
    settle: () => settle(),
    forget: () => {
      kinds.length = 0;
      forget?.();
    },
  });
  const { buffer } = module.memory;
  const memory = Buffer.from(buffer);
  const [halves, words, numbers] = [new Uint16Array(buffer), new Uint32Array(buffer), new Float64Array(buffer)];
  const start = module.WINDOW.value;

  const number = (key: number): number => halves[module.SAID.value / 2 + key] ?? 0;
  const said: Said = {
    id: number,
    number,
    bytes: (key) => {
      const entry = (words[(module.VALUES.value + ENTRIES) / 4] ?? 0) / 4 + 4 * number(key);
      const from = words[entry] ?? 0;
      return memory.subarray(from, from + (words[entry + 1] ?? 0));
    },
  };

  /** The node's number; -1 when it has no name, which only the envelope may know, or there are too many. */
  const nodeNumber = (name: string): number => {
    if (name === "") return -1;
    const known = numberOf.get(name);
    if (known !== undefined) return known;
    if (nodes.length >= NODES) return -1;
    numberOf.set(name, nodes.length);
    return nodes.push(name) - 1;
  };

  const meet = (id: number): number => {
    const flow = orNull(() => tell(said));
    if (flow === null) return UNFIT;
    kinds[id] = flow;
    const node = nodeNumber(flow.node);
    if (node < 0) return UNFIT;
    return node * NODE + (hasPorts(flow) ? PORTS_MATTER : 0) + (mayBeStray(flow) ? MAY_BE_STRAY : 0);
  };

  const flowOf = (tally: number): Mutable<FlowRecord> => {
    const flow = kinds[words[tally] ?? 0];
    if (flow === undefined) throw new RangeError("a kind nobody met");
    const ports = words[tally + 1] ?? 0;
    flow.port = ports & 0xffff;
    flow.sourcePort = ports >>> 16;
    flow.time = numbers[tally / 2 + 2] ?? 0;
    return flow;
  };

  const settleMinutes = (): void => {
    for (const [i, node] of nodes.entries()) {
      const at = module.MINUTES.value / 4 + i * NODE_WORDS;
      if (words[at + 60] === 0) continue;
      for (let m = 0; m < 60; m++)
        if (words[at + m] !== 0) reducer.seen(node, module.current.value + m * MINUTE, words[at + m] ?? 0);
      words.fill(0, at, at + NODE_WORDS);
    }
  };

  /** Rows of the tallies that were handed over last. */
  const rows: (Row | null)[] = [];
  const settleTallies = (): void => {
    for (let i = 0; i < module.touched.value; i++) {
      const id = words[module.TOUCHED.value / 4 + i] ?? 0;
      const tally = module.TALLIES.value / 4 + id * TALLY_WORDS;
      rows[id] = reducer.addMany(flowOf(tally), words[tally + 2] ?? 0, numbers[tally / 2 + 3] ?? 0);
    }
  };

  const settleMessages = (): void => {
    for (let i = 1; i <= module.asked.value; i++) {
      const key = words[module.ASKED.value / 4 + i * ASKED_WORDS] ?? 0;
      const asked = messages[key & ((1 << MESSAGE_BITS) - 1)]?.l7 ?? null;
      const row = rows[key >>> MESSAGE_BITS] ?? null;
      if (asked !== null && row !== null) addTo(row.l7, asked);
    }
    for (const [id, message] of messages.entries()) {
      const seen = module.LASTS.value / 8 + id;
      const last = numbers[seen] ?? 0;
      if (last === 0) continue;
      if (message !== undefined && message.dns !== null) reducer.answered(message.dns, last);
      numbers[seen] = 0;
    }
  };

  const settle = (): void => {
    settleMinutes();
    settleTallies();
    settleMessages();
  };

  // Read from memory: a global of the module's is slow to ask for.
  const at = module.NOW.value / 8;
  const now = {
    time: (): number => numbers[at] ?? 0,
    print: (): number => numbers[at + 1] ?? 0,
    node: (): number => words[2 * at + 4] ?? 0,
  };
  return { module, memory, window: memory.subarray(start, start + module.WINDOW_SIZE.value), nodes, now };
};
