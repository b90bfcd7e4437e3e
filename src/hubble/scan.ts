import { readFileSync } from "node:fs";
import { l7FromJson } from "./decode-json.ts";
import type { Reducer } from "./reducer.ts";
import { Key, kindReader } from "./scan-kinds.ts";

/**
 * The fast path for export files: a small WebAssembly module (`assembly/`, compiled to `lines.wasm`) that walks the keys of
 * a line in whatever order they come and counts lines that differ in nothing but time, ports and message. What such a kind
 * of line means is asked here, once, of the full parse's own functions. No line is guessed at: a space, a key twice, ports
 * printed in another way and anything else unexpected goes to the full parse. What it does not need it still checks as JSON,
 * so that a broken line is not taken for a good one.
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

/** A number of the module's, as it stands now. */
interface Cell {
  readonly value: number;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly scan: (from: number, end: number) => number;
  readonly split: (from: number, end: number) => number;
  readonly begin: () => void;
  readonly turn: () => void;
  readonly lines: Cell;
  readonly flows: Cell;
  readonly first: Cell;
  readonly last: Cell;
  readonly current: Cell;
  readonly touched: Cell;
  readonly asked: Cell;
  readonly ASKED: Cell;
  readonly MINUTES: Cell;
  readonly SAID: Cell;
  readonly TALLIES: Cell;
  readonly TOUCHED: Cell;
  readonly VALUES: Cell;
  readonly WINDOW: Cell;
  readonly WINDOW_SIZE: Cell;
}

/** The part of the engine's own object that is used; the compiler knows it in browsers only. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  };
};

let compiled: object | null = null;
const compile = (): object =>
  (compiled ??= new WebAssembly.Module(readFileSync(new URL("./lines.wasm", import.meta.url))));

const MINUTE = 60_000;
const MINUTE_PRINTED = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:$/;
const KEYS = new Map<string, number>(Object.entries(Key));

/** Words of four bytes in a tally and in what was asked, and the message's part of the latter's key (`tallies.ts`). */
const TALLY = 8;
const ASKED = 4;
const MESSAGE_BITS = 13;

export const scanner = ({ reducer, httpPaths, parse }: ScannerOptions): Scanner => {
  const messages: ReturnType<typeof l7FromJson>[] = [];
  const nodes: string[] = [];

  const host = {
    key: (from: number, to: number): number => KEYS.get(memory.toString("latin1", from, to)) ?? 0,
    minute: (from: number): number => {
      const text = memory.toString("latin1", from, from + 17);
      return MINUTE_PRINTED.test(text) ? Date.parse(`${text}00Z`) : Number.NaN;
    },
    kind: (id: number): number => kinds.meet(id),
    message: (id: number, from: number, to: number): number => {
      const message = l7FromJson(JSON.parse(memory.toString("utf8", from, to)), httpPaths);
      messages[id] = message;
      return message.dns === null ? 1 : 2;
    },
    parse: (from: number, to: number): void => parse(memory, from, to),
    settle: (): void => settle(),
    forget: (): void => {
      messages.length = 0;
      kinds.forget();
    },
  };
  const wasm = new WebAssembly.Instance(compile(), { host }).exports as Exports;
  const { buffer } = wasm.memory;
  const memory = Buffer.from(buffer);
  const words = new Uint32Array(buffer);
  const numbers = new Float64Array(buffer);
  const start = wasm.WINDOW.value;
  const window = memory.subarray(start, start + wasm.WINDOW_SIZE.value);
  const at = {
    touched: wasm.TOUCHED.value / 4,
    tallies: wasm.TALLIES.value / 4,
    asked: wasm.ASKED.value / 4,
    minutes: wasm.MINUTES.value / 4,
  };
  const kinds = kindReader(reducer.ends, { memory, said: wasm.SAID.value, values: wasm.VALUES.value, nodes });

  const settleTallies = (): void => {
    for (let i = 0; i < wasm.touched.value; i++) {
      const tally = at.tallies + (words[at.touched + i] ?? 0) * TALLY;
      const flow = kinds.flow(words[tally] ?? 0, words[tally + 1] ?? 0, numbers[tally / 2 + 2] ?? 0);
      reducer.addMany(flow, words[tally + 2] ?? 0, numbers[tally / 2 + 3] ?? 0);
    }
  };

  /** What was asked is no more flows, only what they said. */
  const settleAsked = (): void => {
    for (let i = 1; i <= wasm.asked.value; i++) {
      const asked = at.asked + i * ASKED;
      const key = words[asked] ?? 0;
      const tally = at.tallies + (key >>> MESSAGE_BITS) * TALLY;
      const message = messages[key & ((1 << MESSAGE_BITS) - 1)];
      if (message === undefined) continue;
      const flow = kinds.flow(words[tally] ?? 0, words[tally + 1] ?? 0, numbers[tally / 2 + 2] ?? 0);
      const { dns } = flow;
      flow.dns = message.dns;
      flow.l7 = message.text;
      reducer.addMany(flow, 0, numbers[asked / 2 + 1] ?? 0);
      flow.dns = dns;
      flow.l7 = null;
    }
  };

  const settleMinutes = (): void => {
    for (const [i, node] of nodes.entries()) {
      for (let m = 0; m < 60; m++) {
        const seen = at.minutes + i * 60 + m;
        if (words[seen] === 0) continue;
        reducer.seen(node, wasm.current.value + m * MINUTE, words[seen] ?? 0);
        words[seen] = 0;
      }
    }
  };

  const settle = (): void => {
    settleMinutes();
    settleTallies();
    settleAsked();
  };

  const read = (by: (from: number, end: number) => number, size: number): number => {
    // Nothing that is searched for holds a zero byte.
    memory[start + size] = 0;
    return by(start, start + size) - start;
  };

  return {
    window,
    scan: (size) => read(wasm.scan, size),
    split: (size) => read(wasm.split, size),
    get lines() {
      return wasm.lines.value;
    },
    get flows() {
      return wasm.flows.value;
    },
    get first() {
      return wasm.first.value;
    },
    get last() {
      return wasm.last.value;
    },
    begin: wasm.begin,
    settle: wasm.turn,
  };
};
