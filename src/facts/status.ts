import type { Stage, WaitingFor } from "./rollout.ts";

/** New policy drops at a namespace's pods since something of it was merged. */
export interface DropReport {
  readonly namespace: string;
  readonly since: string;
  /** The pull request that was merged then. */
  readonly pullRequest: number;
  readonly drops: readonly {
    readonly source: string;
    readonly destination: string;
    readonly port: number;
    readonly protocol: string;
    readonly direction: string | null;
    readonly flows: number;
    readonly lastSeen: string;
  }[];
  readonly remedy: string;
}

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
  /** Most recent merges first; empty where nothing new is dropped, absent where there is no evidence. */
  readonly drops?: readonly DropReport[];
  /** Where Git and the cluster say different things; empty where they agree, absent where no cluster answered. */
  readonly drift?: readonly {
    readonly kind: string;
    readonly namespace: string | null;
    readonly what: string;
    readonly file: string | null;
    readonly line: number | null;
  }[];
}
