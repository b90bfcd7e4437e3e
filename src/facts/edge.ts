import type { HubbleVerdict, WorkloadRef } from "./flow.ts";
import type { LabelSet } from "./labels.ts";
import type { PolicyRef } from "./policy.ts";
import type { Direction, Protocol } from "./verdict.ts";

/**
 * One end of an edge. `id` is `ns/Kind/name` for a workload, else `reserved:X`, `cidr:X` or `fqdn:X`, and is for people;
 * two ends are the same end only when id and labels agree, because identity numbers are reused (C B.2).
 */
export interface EdgeEnd {
  readonly id: string;
  readonly labels: LabelSet;
  readonly namespace: string | null;
  readonly workload: WorkloadRef | null;
  /** A bounded sample of addresses seen. */
  readonly ips: readonly string[];
  /** There were more addresses than the sample holds. */
  readonly moreIps?: boolean;
  /** Names seen for the addresses, asked names first. */
  readonly names: readonly string[];
}

/** Start-up is a class of its own and never noise (lesson 33). */
export type DropClass = "policy" | "datapath" | "start-up" | "noise";

export interface DropCount {
  readonly class: DropClass;
  readonly reason: string;
  readonly direction: Direction | null;
  readonly flows: number;
  readonly lastSeen: number;
}

/** What Cilium itself said of new connections in one direction, from policy verdicts (C F.2.12). */
export interface CiliumWord {
  /** Policies that Cilium named as the reason: the allow is live and matches. */
  readonly named: readonly { readonly policy: PolicyRef; readonly flows: number; readonly lastSeen: number }[];
  /** Passed by the synthesised allow-any, where that can be trusted: default-deny would drop it. */
  readonly unnamed: { readonly flows: number; readonly lastSeen: number };
}

/** Flows aggregated by who, to whom, port and protocol. Times are milliseconds since the epoch. */
export interface Edge {
  readonly source: EdgeEnd;
  readonly destination: EdgeEnd;
  readonly protocol: Protocol;
  /** Container port after translation; ICMP type. */
  readonly port: number;
  /** Judged records only: what may count is in the replay gate's rules. */
  readonly flows: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly verdicts: Partial<Readonly<Record<HubbleVerdict, number>>>;
  readonly drops: readonly DropCount[];
  /** At which ends it was seen: both is agreement. */
  readonly seenAt: readonly Direction[];
  readonly word: { readonly egress: CiliumWord; readonly ingress: CiliumWord };
  readonly nodes: readonly string[];
  /** What was asked in it, where Cilium parsed it: `DNS A example.com`, `HTTP GET` (paths only when asked for). */
  readonly l7?: readonly string[];
}

/** Where an edge that the draft must allow comes from. */
export type EdgeSource = "observed" | "declared" | "required";
