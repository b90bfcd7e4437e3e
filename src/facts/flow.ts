import type { LabelSet } from "./labels.ts";
import type { PolicyRef } from "./policy.ts";
import type { Direction, Protocol } from "./verdict.ts";

/** Hubble's verdict enum (C E.6). */
export const HUBBLE_VERDICTS = [
  "VERDICT_UNKNOWN",
  "FORWARDED",
  "DROPPED",
  "ERROR",
  "AUDIT",
  "REDIRECTED",
  "TRACED",
  "TRANSLATED",
] as const;
export type HubbleVerdict = (typeof HUBBLE_VERDICTS)[number];

export interface WorkloadRef {
  readonly kind: string;
  readonly name: string;
}

export interface FlowEnd {
  readonly identity: number;
  readonly namespace: string | null;
  readonly labels: LabelSet;
  readonly pod: string | null;
  /** Only known for pods of the observing node (C F.1). */
  readonly workload: WorkloadRef | null;
  readonly ip: string | null;
  /** From the source endpoint's DNS history; empty does not mean "no name" (C F.2.7). */
  readonly names: readonly string[];
  readonly service: { readonly namespace: string; readonly name: string } | null;
}

export interface DnsRecord {
  readonly query: string;
  readonly response: boolean;
  readonly ips: readonly string[];
  readonly rcode: number;
  readonly qtypes: readonly string[];
}

export interface HttpRecord {
  readonly response: boolean;
  readonly code: number;
  readonly method: string;
  readonly url: string;
}

/** One Hubble event of kind flow, decoded. Times are milliseconds since the epoch. */
export interface Flow {
  readonly time: number;
  readonly node: string;
  readonly uuid: string | null;
  readonly verdict: HubbleVerdict;
  readonly type: "L3_L4" | "L7" | "SOCK" | "UNKNOWN_TYPE";
  /** Monitor event: 1 drop, 4 trace, 5 policy verdict, 7 trace-sock, 129 L7 (C F.1); 0 when absent. */
  readonly eventType: number;
  /** Drop code, or trace point: `TO_ENDPOINT`, `FROM_ENDPOINT` ... by number. */
  readonly eventSubType: number;
  /** `TO_ENDPOINT`, `TO_STACK`, `FROM_ENDPOINT` ...; null when absent. */
  readonly observationPoint: string | null;
  readonly direction: Direction | null;
  /** Absent is unknown, not false (C F.2.2). */
  readonly isReply: boolean | null;
  readonly protocol: Protocol | null;
  readonly sourcePort: number;
  /** Destination port, or ICMP type. */
  readonly destinationPort: number;
  readonly tcpSyn: boolean;
  readonly tcpAck?: boolean;
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  readonly dns: DnsRecord | null;
  readonly http: HttpRecord | null;
  /** `POLICY_DENIED`, `POLICY_DENY` ...; null when not dropped. */
  readonly dropReason: string | null;
  readonly policyMatchType: number;
  readonly egressAllowedBy: readonly PolicyRef[];
  readonly ingressAllowedBy: readonly PolicyRef[];
  readonly egressDeniedBy: readonly PolicyRef[];
  readonly ingressDeniedBy: readonly PolicyRef[];
}

export interface LostEvents {
  /** When the last of them was lost, or when the loss was told. */
  readonly time: number;
  /** When the first of them was lost, where that is said (Cilium 1.19). */
  readonly from?: number;
  readonly node: string;
  readonly source: string;
  readonly count: number;
}

export interface NodeStatus {
  readonly time: number;
  readonly state: "NODE_CONNECTED" | "NODE_UNAVAILABLE" | "NODE_GONE" | "NODE_ERROR" | "UNKNOWN_NODE_STATE";
  readonly nodes: readonly string[];
  readonly message: string;
}

export type HubbleEvent =
  | { readonly kind: "flow"; readonly flow: Flow }
  | { readonly kind: "lost"; readonly lost: LostEvents }
  | { readonly kind: "node-status"; readonly status: NodeStatus };
