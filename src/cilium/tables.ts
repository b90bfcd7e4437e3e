import type { Protocol } from "../facts/verdict.ts";

/** A Service as `toServices` needs it. */
export interface ServiceEntry {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null or empty: no selector, so its backends' addresses count. */
  readonly selector: Readonly<Record<string, string>> | null;
  /** Backend addresses of a Service without selector. */
  readonly backends: readonly string[];
}

/** A CiliumCIDRGroup. */
export interface CidrGroup {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
}

/**
 * What only a live cluster knows and a policy may ask for. A table that is absent makes such a rule unknown (C G.3); a table
 * that is there and empty says that nothing of the kind exists.
 */
export interface Tables {
  readonly services?: readonly ServiceEntry[];
  readonly cidrGroups?: readonly CidrGroup[];
  /**
   * Every named port of the cluster, for egress: Cilium resolves an egress name over all pods, and a name that stands for
   * two ports resolves to none. Absent: the peer's own named ports decide.
   */
  readonly namedPorts?: readonly { readonly name: string; readonly port: number; readonly protocol: Protocol | null }[];
  /** Rules with toGroups or fromGroups as the policy core alone would read them. For comparing with that core only. */
  readonly groupsUntranslated?: boolean;
}
