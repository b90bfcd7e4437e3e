import type { WorkloadFact } from "../facts/inventory.ts";
import type { Json } from "../facts/json.ts";
import type { RulePeer } from "./generalise.ts";
import type { Rule, RulePort } from "./rules.ts";
import { type Selector, selectorFor, selectorObject } from "./selector.ts";

/** How the repository spells the namespace's label in a peer selector. */
export type NamespaceKey = "io.kubernetes.pod.namespace" | "k8s:io.kubernetes.pod.namespace";

export interface PeerContext {
  readonly namespace: string;
  readonly workloads: readonly WorkloadFact[];
  readonly namespaceKey: NamespaceKey;
}

/** The API server refuses more than this many ports in one entry (C C.1.11). */
const MAX_PORTS = 40;

/** The labels that select a peer's pods: its namespace always, when it is not the policy's own. */
const endpoints = (peer: RulePeer & { readonly kind: "pods" | "all-pods" }, context: PeerContext): Json | null => {
  if (peer.kind === "all-pods")
    return peer.namespace === null
      ? { matchExpressions: [{ key: context.namespaceKey, operator: "Exists" }] }
      : { matchLabels: { [context.namespaceKey]: peer.namespace } };
  const pods = { namespace: peer.namespace, podLabels: peer.workload?.podLabels ?? peer.labels };
  const chosen = selectorFor(peer.workload ?? pods, context.workloads);
  if (chosen === null) return null;
  const own = peer.namespace === context.namespace;
  return selectorObject(chosen, own ? {} : { [context.namespaceKey]: peer.namespace });
};

const toPorts = (ports: readonly RulePort[]): readonly Json[] => {
  const entries: Json[] = [];
  for (let at = 0; at < ports.length; at += MAX_PORTS)
    entries.push({
      ports: ports.slice(at, at + MAX_PORTS).map(({ port, protocol }) => ({ port: String(port), protocol })),
    });
  return entries;
};

/** A rule as Cilium reads it; null when its peer has no label to select by. */
export const ruleObject = (rule: Rule, context: PeerContext): Json | null => {
  const from = rule.direction === "ingress";
  const first = rule.peers[0];
  if (first === undefined) return null;
  const what: Record<string, unknown> = {};
  if (first.kind === "pods" || first.kind === "all-pods") {
    const selector = endpoints(first, context);
    if (selector === null) return null;
    what[from ? "fromEndpoints" : "toEndpoints"] = [selector];
  } else if (first.kind === "entities") what[from ? "fromEntities" : "toEntities"] = [...first.entities];
  else if (first.kind === "name")
    what["toFQDNs"] = rule.peers.flatMap((p) => (p.kind === "name" ? [{ matchName: p.name }] : []));
  else
    what[from ? "fromCIDR" : "toCIDR"] = rule.peers.flatMap((p) =>
      p.kind === "cidr" || p.kind === "range" ? [p.cidr] : [],
    );
  if (rule.ports.length > 0) what["toPorts"] = toPorts(rule.ports);
  if (rule.icmps.length > 0) what["icmps"] = [{ fields: rule.icmps.map(({ family, type }) => ({ family, type })) }];
  return what;
};

/** One list entry of a policy with the comment that stands above it. */
export interface Entry {
  readonly comment: readonly string[];
  readonly rule: Json;
}

export interface PolicyParts {
  readonly name: string;
  /** Written out only where neither Flux nor kustomize sets it. */
  readonly namespace: string | null;
  readonly selector: Selector;
  readonly ingress: readonly Entry[];
  readonly egress: readonly Entry[];
}

export const policyObject = (parts: PolicyParts): Json => ({
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  metadata: { name: parts.name, ...(parts.namespace === null ? {} : { namespace: parts.namespace }) },
  spec: {
    endpointSelector: selectorObject(parts.selector),
    enableDefaultDeny: { ingress: false, egress: false },
    ...(parts.ingress.length === 0 ? {} : { ingress: parts.ingress.map((e) => e.rule) }),
    ...(parts.egress.length === 0 ? {} : { egress: parts.egress.map((e) => e.rule) }),
  },
});
