import type { LabelSet } from "./labels.ts";
import type { RuleRef } from "./policy.ts";

/** Three values. Unknown never promotes and never counts as green. */
export type Verdict = "allowed" | "dropped" | "unknown";

export type Direction = "ingress" | "egress";
export const DIRECTIONS = ["ingress", "egress"] as const satisfies readonly Direction[];

export type Protocol = "TCP" | "UDP" | "SCTP" | "ICMPv4" | "ICMPv6" | "VRRP" | "IGMP";

/** A pod (or other endpoint) as policy sees it. */
export interface Endpoint {
  readonly labels: LabelSet;
  /** Container ports by name, for named ports (C B.6.3). Absent: not known. A null protocol stands for every protocol. */
  readonly namedPorts?: Readonly<Record<string, { readonly port: number; readonly protocol: Protocol | null }>>;
}

/** The other side. `labels: null` means that the flow does not say who it was. */
export interface Peer {
  readonly labels: LabelSet | null;
  /** Address, where known: CIDR rules need it when the labels carry no `cidr:` (C G.3). */
  readonly ip?: string | null;
  /** Names that were asked and answered with this address; `null`: not known, `[]`: known to have none. */
  readonly names?: readonly string[] | null;
  readonly namedPorts?: Endpoint["namedPorts"];
  /**
   * The labels are the whole identity as an agent holding these very policies has it, `cidr:` and `fqdn:` labels included:
   * address and names are then not asked for. Never true of a recorded flow judged under other policies.
   */
  readonly exact?: boolean;
}

/** One direction of one connection: `port` is the port after service translation, for ICMP the type (C D.1). */
export interface Question {
  readonly direction: Direction;
  readonly subject: Endpoint;
  readonly peer: Peer;
  readonly protocol: Protocol;
  readonly port: number;
}

/** Why a direction came out as it did, in Cilium's own terms (C G.4). */
export type Outcome =
  /** A rule matched, or nothing restricts the direction. */
  | "allowed"
  /** Allowed, and redirected to the L7 proxy, which may still refuse. */
  | "allowed-l7"
  /** A deny rule matched. */
  | "denied"
  /** Nothing matched under default deny. */
  | "default-denied"
  | "unknown"
  /** The subject has no policy: host, world, remote-node, unmanaged. */
  | "not-subject";

export interface DirectionVerdict {
  readonly outcome: Outcome;
  readonly verdict: Verdict;
  /** The deciding rules; empty when default allow, default deny or localhost decided. */
  readonly by: readonly RuleRef[];
  /** Which rule put the direction under default deny, when that decided. */
  readonly defaultDeny: readonly RuleRef[];
  /** Needs mutual authentication as well. */
  readonly auth: boolean;
  /** Allowed only because a DNS name that was asked matches a toFQDNs rule: no proof that Cilium labels the address so. */
  readonly onPaper?: boolean;
  /** What would make an unknown known. */
  readonly missing: readonly string[];
}

/** Both directions of one connection: dropped if either drops, unknown if either is unknown (C G.4.7). */
export interface ConnectionVerdict {
  readonly verdict: Verdict;
  readonly egress: DirectionVerdict;
  readonly ingress: DirectionVerdict;
  readonly missing: readonly string[];
}
