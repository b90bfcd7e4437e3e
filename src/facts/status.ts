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
  /** Where Git and the cluster say different things; empty where they agree, absent where no cluster answered. */
  readonly drift?: readonly {
    readonly kind: string;
    readonly namespace: string | null;
    readonly what: string;
    readonly file: string | null;
    readonly line: number | null;
  }[];
}
