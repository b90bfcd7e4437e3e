import { changesetDigest, type Changeset } from "../facts/changeset.ts";
import type { GateDecision, LaneId } from "../facts/rollout.ts";
import { BarrierError } from "../facts/barrier.ts";
import type { GateFacts } from "./gate.ts";

/** What the door found: the bytes, the base they were judged on, and every gate's word. */
export interface Cleared {
  readonly lane: LaneId;
  readonly namespace: string;
  readonly base: string;
  readonly changeset: Changeset;
  readonly facts: GateFacts;
  readonly decisions: readonly GateDecision[];
}

/**
 * The right to perform one effect once, for one digest. Opaque: it carries no data that a copy could carry too, and what
 * it stands for is kept beside it, in this process only. A checkpoint, a clone or an object of the same shape is none.
 */
declare const brand: unique symbol;
export interface Clearance {
  readonly [brand]: "clearance";
}

const contents = new WeakMap<object, Cleared>();
const spent = new WeakSet();

const frozen = ({ namespace, kind, files, digest }: Changeset): Changeset =>
  Object.freeze({ namespace, kind, digest, files: Object.freeze(files.map((file) => Object.freeze({ ...file }))) });

/** For the door alone; an import test holds every other file to that. */
export const mint = (cleared: Cleared): Clearance => {
  const clearance = Object.freeze(Object.create(null) as object);
  contents.set(clearance, Object.freeze({ ...cleared, changeset: frozen(cleared.changeset) }));
  return clearance as Clearance;
};

/**
 * Takes the clearance and gives what it clears, once. The bytes are hashed again, so that nobody between the door and
 * here can have swapped them.
 *
 * @throws BarrierError `L0/forged-clearance`, `L0/spent-clearance`, `L0/other-bytes`
 */
export const spend = (clearance: Clearance): Cleared => {
  const isObject = typeof clearance === "object" && clearance !== null;
  const cleared = isObject ? contents.get(clearance) : undefined;
  if (cleared === undefined)
    throw new BarrierError("L0/forged-clearance", "this is no clearance", {
      remedy: "Only the door makes one, from facts that it has just read.",
    });
  if (spent.has(clearance))
    throw new BarrierError("L0/spent-clearance", "this clearance is spent", {
      remedy: "A clearance serves one effect once; ask again.",
    });
  spent.add(clearance);
  const { namespace, kind, files, digest } = cleared.changeset;
  if (changesetDigest(namespace, kind, files) !== digest)
    throw new BarrierError("L0/other-bytes", "the bytes are not those that were judged", {
      remedy: "Ask again; nothing was written.",
    });
  return cleared;
};
