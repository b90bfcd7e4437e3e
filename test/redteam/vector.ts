import { BARRIERS, type BarrierCode, type BarrierError } from "../../src/facts/barrier.ts";
import type { LedgerEntry } from "../../src/facts/ports.ts";
import type { GateId } from "../../src/facts/rollout.ts";

/**
 * L0 the door and what the effect looks at first, L1 the guarded builder, L2 the seal, L3 the server's auth, L4 the sealed
 * checkpoints, `gate` one gate on its edge and at the door. A vector meets them from the outside in.
 */
export const LAYERS = ["L4", "L3", "L2", "L1", "gate", "L0"] as const;
export type Layer = (typeof LAYERS)[number];

/** What refused: a barrier's own code, or what a layer does without a throw. */
export type Refusal =
  | BarrierCode
  | `gate/${GateId}`
  /** The door judged and said no; the effect found its own work. */
  | "L0/door"
  | "L0/adopted"
  /** LangGraph's own refusal, which the seal switches on. */
  | "L2/strict-resume"
  /** What a caller sent beside its words went no further. */
  | "L2/dropped"
  /** The server says who asks, whatever the caller said. */
  | "L3/overwritten"
  /** HTTP status of the server's answer. */
  | `L3/${number}`;

export type Who = "caller" | "model" | "contributor" | "somebody with the database";

/** A graph with some of its layers taken out, and what can be seen of it from outside. */
export interface Ground {
  readonly ledger: readonly LedgerEntry[];
  readonly close?: () => Promise<void>;
}

export interface Vector<Place extends Ground = Ground> {
  /** `V1` to `V40` of the field notes, and `X…` for what was found beside them. */
  readonly id: string;
  readonly what: string;
  readonly who: Who;
  readonly over: "library" | "HTTP";
  /** In the order in which it meets them, each with the code it refuses by. */
  readonly stops: readonly Refusal[];
  readonly open: (out: ReadonlySet<Layer>) => Place | Promise<Place>;
  readonly attack: (place: Place) => Promise<unknown>;
  /** Whether the attacker has what they came for. */
  readonly reached: (place: Place) => boolean | Promise<boolean>;
}

/** Grounds differ by vector; whoever runs them need not know. */
export const vector = <Place extends Ground>(made: Vector<Place>): Vector => made as unknown as Vector;

export const layerOf = (refusal: Refusal): Layer => refusal.split("/")[0] as Layer;

/** Every layer of a vector, outermost first, none twice. */
export const layersOf = ({ stops }: Vector): readonly Layer[] => [...new Set(stops.map(layerOf))];

export class Answered extends Error {
  readonly status: number;
  constructor(status: number, text = "") {
    super(`answered ${status} ${text}`);
    this.status = status;
  }
}

export interface Outcome {
  /** Everything that refused on the way. */
  readonly refused: readonly Refusal[];
  readonly reached: boolean;
  /** What else was thrown. */
  readonly thrown: string | null;
}

const statusOf = (error: unknown): number | null => {
  if (error instanceof Answered) return error.status;
  const status: unknown = typeof error === "object" && error !== null && "status" in error ? error.status : null;
  return typeof status === "number" ? status : null;
};

/** These let a request through without what it brought: nothing is thrown, and nothing is reached. */
const SILENT: readonly Refusal[] = ["L2/dropped", "L3/overwritten"];

const fromLedger = (ledger: readonly LedgerEntry[]): Refusal[] =>
  ledger.flatMap(({ kind, body }): Refusal[] => {
    if (kind === "gate" && body["pass"] === false) return [`gate/${String(body["gate"])}` as Refusal];
    if (kind === "door" && body["open"] === false) return ["L0/door"];
    return kind === "effect" && body["adopted"] === true ? ["L0/adopted"] : [];
  });

/** One vector with some layers out: what refused, and whether it got what it came for. */
export const run = async (attack: Vector, out: ReadonlySet<Layer>): Promise<Outcome> => {
  const place = await attack.open(out);
  const refused: Refusal[] = [];
  const hear = (barrier: unknown): void => void refused.push((barrier as BarrierError).code);
  const before = place.ledger.length;
  BARRIERS.subscribe(hear);
  try {
    let thrown: string | null = null;
    try {
      await attack.attack(place);
    } catch (error) {
      const status = statusOf(error);
      if (status !== null) refused.push(`L3/${status}`);
      const name = error instanceof Error ? error.name : "";
      if (name === "UnknownInterruptError") refused.push("L2/strict-resume");
      thrown = error instanceof Error ? `${name}: ${error.message}` : String(error);
    }
    refused.push(...fromLedger(place.ledger.slice(before)));
    const reached = await attack.reached(place);
    const silent = SILENT.find((stop) => attack.stops.includes(stop) && !out.has(layerOf(stop)));
    if (refused.length === 0 && thrown === null && !reached && silent !== undefined) refused.push(silent);
    return { refused, reached, thrown };
  } finally {
    BARRIERS.unsubscribe(hear);
    await place.close?.();
  }
};

/** What is to be seen with the given layers out: the code of the outermost that is left; null when none is. */
export const expected = ({ stops }: Vector, out: ReadonlySet<Layer>): Refusal | null =>
  stops.find((stop) => !out.has(layerOf(stop))) ?? null;

/** Why an outcome is not what the layers promise, or null. */
export const fault = (attack: Vector, out: ReadonlySet<Layer>, outcome: Outcome): string | null => {
  const wanted = expected(attack, out);
  const said = `refused by ${outcome.refused.join(", ") || "nothing"}${outcome.thrown === null ? "" : ` (${outcome.thrown})`}`;
  if (wanted === null) return outcome.reached ? null : `with every layer out it still got nothing: ${said}`;
  if (outcome.reached) return `it got through; ${said}`;
  return outcome.refused.includes(wanted) ? null : `${wanted} should have refused; ${said}`;
};

/** None out; then each layer in turn, with those before it; at last all of them. */
export const mutantsOf = (attack: Vector): readonly ReadonlySet<Layer>[] =>
  layersOf(attack).map((_, at, layers) => new Set(layers.slice(0, at + 1)));
