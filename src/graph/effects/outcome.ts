import type { Refusal, WaitingFor } from "../../facts/rollout.ts";
import type { PullRequestCard } from "../answer.ts";

/** The ways out of an effect. `again`: the world moved between the door and the write; nothing was written. */
export type EffectOutcome =
  | { readonly kind: "done"; readonly adopted: boolean; readonly pullRequest: PullRequestCard; readonly note: string }
  | { readonly kind: "signed"; readonly adopted: boolean; readonly by: string; readonly attestation: string }
  | {
      readonly kind: "green";
      readonly adopted: boolean;
      readonly number: number;
      readonly head: string;
      readonly summary: string;
    }
  | {
      readonly kind: "rolled-back";
      /** Nothing was left to do: an earlier run had done it. */
      readonly adopted: boolean;
      readonly steps: readonly string[];
      readonly notes: readonly string[];
      /** The revert that keeps the lock away. */
      readonly pullRequest: PullRequestCard | null;
      readonly waitingFor: WaitingFor | null;
    }
  | { readonly kind: "again"; readonly why: string }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] };
