import type { Stage, WaitingFor } from "./rollout.ts";

/** The `status` contract. */
export interface StatusReport {
  readonly version: 1;
  readonly clock: string;
  readonly namespaces: readonly {
    readonly name: string;
    readonly stage: Stage;
    readonly policies: readonly {
      readonly kind: string;
      readonly name: string;
      readonly file: string;
      readonly line: number;
    }[];
    readonly waitingFor: WaitingFor | null;
    readonly pullRequest: { readonly number: number; readonly url: string; readonly branch: string } | null;
  }[];
}
