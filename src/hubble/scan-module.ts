import { readFileSync } from "node:fs";

/** What `assembly/` asks of us (`host.ts` there). Numbers are addresses in its memory, or what it numbered itself. */
export interface Host {
  key(from: number, to: number): number;
  minute(from: number): number;
  kind(id: number): number;
  message(id: number, from: number, to: number): number;
  parse(from: number, to: number): void;
  settle(): void;
  forget(): void;
}

/** A number of the module's, as it stands now. */
interface Cell {
  readonly value: number;
}

/** What `assembly/index.ts` offers. */
export interface ScanModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly scan: (from: number, end: number) => number;
  readonly split: (from: number, end: number) => number;
  readonly wire: (from: number, end: number) => number;
  readonly countWire: () => void;
  readonly printOf: (from: number, end: number) => number;
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
  readonly LASTS: Cell;
  readonly MINUTES: Cell;
  readonly NOW: Cell;
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
    readonly Instance: new (module: object, imports: { readonly host: Host }) => { readonly exports: unknown };
  };
};

let compiled: object | null = null;

export const scanModule = (host: Host): ScanModule => {
  compiled ??= new WebAssembly.Module(readFileSync(new URL("./scan.wasm", import.meta.url)));
  return new WebAssembly.Instance(compiled, { host }).exports as ScanModule;
};
