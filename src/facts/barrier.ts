import { channel } from "node:diagnostics_channel";
import { OperatorError } from "./errors.ts";

/**
 * What refused, by layer: L0 the door, L1 the guarded builder, L2 the seal, L4 the checkpoint store. The code is what a
 * test or an adversary's log names; the words are for people.
 */
export type BarrierCode =
  | "L0/forged-clearance"
  | "L0/spent-clearance"
  | "L0/other-bytes"
  | "L1/command"
  | "L1/parent-command"
  | "L1/send"
  | "L1/overwrite"
  | "L1/route"
  | "L1/wiring"
  | "L2/command"
  | "L2/input"
  | "L2/state-edit"
  | "L2/fork"
  | "L2/internal-key"
  | "L2/reconfigured"
  | "L2/no-thread"
  | "L2/no-pause"
  | "L2/busy"
  | "L2/version"
  | "L4/unsealed"
  | "L4/tampered";

/** Hears of every barrier that somebody ran into, also where a server between swallows the error. */
export const BARRIERS = channel("network-operator:barrier");

/** Somebody tried a way that is closed on purpose. */
export class BarrierError extends OperatorError {
  readonly code: BarrierCode;

  constructor(code: BarrierCode, what: string, options: { where?: string | null; remedy: string; cause?: unknown }) {
    super(code === "L2/busy" ? "busy" : "input", what, options);
    this.name = "BarrierError";
    this.code = code;
    BARRIERS.publish(this);
  }
}

export const isBarrier = (error: unknown): error is BarrierError => error instanceof BarrierError;
