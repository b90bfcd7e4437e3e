import type { PolicyDocument } from "./policy.ts";

export const ASSUMED = "assumed-default-deny";

/** The lock that a namespace does not have yet: it allows nothing and puts every pod under default-deny (C A.5, A.7). */
export const assumedDefaultDeny = (namespace: string): PolicyDocument => ({
  object: {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name: ASSUMED, namespace },
    spec: { endpointSelector: {}, ingress: [{}], egress: [{}] },
  },
  origin: null,
});

export const withDefaultDeny = (
  policies: readonly PolicyDocument[],
  namespaces: readonly string[],
): readonly PolicyDocument[] => [...policies, ...[...new Set(namespaces)].sort().map(assumedDefaultDeny)];
