import { isRecord } from "../facts/json.ts";
import { CLUSTER_LABEL, NAMESPACE_LABEL, NAMESPACE_META_PREFIX } from "../facts/labels.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import type { Direction } from "../facts/verdict.ts";
import { containsAddress, parsePrefix } from "./cidr.ts";
import { Value } from "./go-json.ts";
import { readSelector } from "./label-syntax.ts";
import { cidrMatches, labelMatch, lowerPort, type LoweringContext } from "./lower-cnp.ts";
import type { PeerMatch, PolicyRule, RulePort } from "./model.ts";
import { isServiceName } from "./ports.ts";
import { pointer, type Problems } from "./problems.ts";
import { hasKey, type SelectorTerms, toSelector, withCluster, withLabel } from "./selector.ts";

/**
 * Kubernetes NetworkPolicy, read as Cilium's agent reads it (C A.1.6): every rule is an additive allow, `policyTypes` turn
 * default deny on, and an empty `from` or `to` is everybody, unlike in a CiliumNetworkPolicy.
 */

const K8S_KEY = (key: string): string => `k8s.${key}`;

/** The API server checks NetworkPolicies itself; the agent only refuses what it cannot decode. */
const refuse = (where: Value, message: string, remedy: string): void =>
  where.problems.add("schema", where.path, message, remedy);

const namespaceTerms = (terms: SelectorTerms): SelectorTerms => {
  const meta = (key: string): string => `k8s.${NAMESPACE_META_PREFIX}${key.slice("k8s.".length)}`;
  if (terms.labels.length + terms.expressions.length === 0) {
    return { labels: [], expressions: [{ key: `k8s.${NAMESPACE_LABEL}`, operator: "Exists", values: [] }] };
  }
  return {
    labels: terms.labels.map(([key, value]) => [meta(key), value] as const),
    expressions: terms.expressions.map((e) => ({ ...e, key: meta(e.key) })),
  };
};

const both = (a: SelectorTerms, b: SelectorTerms): SelectorTerms => ({
  labels: [...a.labels.filter(([key]) => !b.labels.some(([k]) => k === key)), ...b.labels],
  expressions: [...a.expressions, ...b.expressions],
});

const EMPTY: SelectorTerms = { labels: [], expressions: [] };

const OWN_PODS =
  "the patch release: some of 1.19 let the namespace's own pods in wherever an ingress peer of a NetworkPolicy is an ipBlock";

/** 1.19.4 does, while peers are of the local cluster; 1.20 does not any more; 1.18 refuses the policy. */
const bringsOwnPods = (direction: Direction, { settings }: LoweringContext): boolean =>
  direction === "ingress" && settings.defaultLocalCluster && settings.version === "1.19";

const lowerPeer = (
  peer: Value,
  direction: Direction,
  ref: PolicyRef,
  context: LoweringContext,
): readonly PeerMatch[] => {
  peer.checkObject();
  const pods = peer.at("podSelector");
  const namespaces = peer.at("namespaceSelector");
  const block = peer.at("ipBlock");
  if (pods.isNull && namespaces.isNull && block.isNull) {
    refuse(peer, "a peer needs podSelector, namespaceSelector or ipBlock", "Name who is meant, or remove the peer.");
  }
  if (!block.isNull && !(pods.isNull && namespaces.isNull)) {
    refuse(block, "ipBlock excludes podSelector and namespaceSelector", "Give ipBlock a peer of its own.");
  }
  const out: PeerMatch[] = [];
  const { settings } = context;
  const cluster = settings.defaultLocalCluster ? settings.clusterName : null;
  const podTerms = pods.isNull ? null : readSelector(pods, K8S_KEY);
  const scoped = (terms: SelectorTerms): SelectorTerms =>
    hasKey(terms, `k8s.${CLUSTER_LABEL}`) ? terms : withCluster(terms, cluster);
  if (!namespaces.isNull) {
    const chosen = namespaceTerms(readSelector(namespaces, K8S_KEY));
    out.push(labelMatch(toSelector(both(chosen, scoped(podTerms ?? EMPTY)))));
  } else if (podTerms !== null || bringsOwnPods(direction, context)) {
    const own = withLabel(scoped(podTerms ?? EMPTY), `k8s.${NAMESPACE_LABEL}`, ref.namespace ?? "default");
    const match = labelMatch(toSelector(own));
    out.push(podTerms === null ? { ...match, doubt: OWN_PODS, text: `${match.text} in doubt` } : match);
  }
  if (!block.isNull) {
    block.checkObject();
    const cidr = block.textAt("cidr");
    const except = block.textsAt("except") ?? [];
    checkBlock(block, cidr, except);
    out.push(...cidrMatches(cidr, except, settings));
    if (settings.version === "1.18" && direction === "ingress" && cluster !== null) {
      block.refuse(
        "combining FromEndpoints and FromCIDRSet is not supported: 1.18 adds a pod selector to every ingress ipBlock while peers are of the local cluster",
        "Write a CiliumNetworkPolicy instead, or turn policy-default-local-cluster off.",
      );
    }
  }
  return out;
};

const checkBlock = (block: Value, cidr: string, except: readonly string[]): void => {
  const outer = parsePrefix(cidr);
  if (outer === null) {
    refuse(block.at("cidr"), `no CIDR: ${JSON.stringify(cidr)}`, "Write `address/bits`.");
    return;
  }
  for (const [i, text] of except.entries()) {
    const inner = parsePrefix(text);
    if (inner === null || inner.bits <= outer.bits || !containsAddress(outer, inner)) {
      refuse(
        block.at("except").at(i),
        `${text} is no strict part of ${cidr}`,
        "Except only what lies inside the CIDR.",
      );
    }
  }
};

const lowerPorts = (list: Value): PolicyRule["ports"] => {
  const ports = list.list() ?? [];
  if (ports.length === 0) return "every";
  const out: RulePort[] = [];
  for (const item of ports) {
    item.checkObject();
    const protocol = item.at("protocol").isNull ? "TCP" : item.textAt("protocol");
    if (!["TCP", "UDP", "SCTP"].includes(protocol)) {
      refuse(item.at("protocol"), `no protocol: ${JSON.stringify(protocol)}`, "Use TCP, UDP or SCTP.");
    }
    const port = item.at("port");
    const text = port.isNull ? "0" : typeof port.raw === "number" ? String(port.raw) : port.text();
    const named = typeof port.raw === "string";
    if (named ? !isServiceName(text) : !port.isNull && !(Number(text) >= 1 && Number(text) <= 65_535)) {
      refuse(
        port,
        `no port: ${JSON.stringify(port.raw)}`,
        "Write a number from 1 to 65535, or a container port's name.",
      );
    }
    const endPort = item.at("endPort").integer(0, 65_535);
    if (endPort > 0 && (port.isNull || named || endPort < Number(text))) {
      refuse(item.at("endPort"), "endPort needs a numeric port that is not above it", "Correct the range.");
    }
    for (const match of lowerPort(text, endPort, protocol)) {
      out.push({ match, redirect: null });
    }
  }
  return out;
};

interface Draft {
  readonly rule: string;
  readonly peers: PolicyRule["peers"];
  readonly ports: PolicyRule["ports"];
}

const lowerDirection = (
  spec: Value,
  direction: Direction,
  ref: PolicyRef,
  context: LoweringContext,
): readonly Draft[] => {
  const out: Draft[] = [];
  for (const item of spec.listAt(direction) ?? []) {
    item.checkObject();
    const peers = item.listAt(direction === "ingress" ? "from" : "to") ?? [];
    const ports = lowerPorts(item.at("ports"));
    const rule = pointer(item.path);
    if (peers.length === 0) out.push({ rule, peers: "every", ports });
    else out.push({ rule, peers: peers.flatMap((p) => lowerPeer(p, direction, ref, context)), ports });
  }
  return out;
};

export const lowerNetworkPolicy = (
  document: PolicyDocument,
  ref: PolicyRef,
  context: LoweringContext,
  problems: Problems,
): readonly PolicyRule[] => {
  const root = new Value(document.object, problems);
  if (!isRecord(document.object)) {
    root.refuse("a policy must be an object", "Write one Kubernetes object per YAML document.");
    return [];
  }
  if (root.at("metadata").textAt("name") === "") root.refuse("the policy has no name", "Set metadata.name.");
  const spec = root.at("spec");
  spec.checkObject();
  if (spec.isNull) refuse(root, "the policy has no spec", "Add a spec.");
  const types = spec.textsAt("policyTypes") ?? [];
  for (const [i, type] of types.entries()) {
    if (type !== "Ingress" && type !== "Egress") {
      refuse(spec.at("policyTypes").at(i), `no policy type: ${JSON.stringify(type)}`, "Use Ingress or Egress.");
    }
  }
  const written = spec.at("podSelector");
  const terms = withLabel(readSelector(written, K8S_KEY), `k8s.${NAMESPACE_LABEL}`, ref.namespace ?? "default");
  const subject = { selector: toSelector(terms), node: false, namespace: ref.namespace };
  const out: PolicyRule[] = [];
  for (const direction of ["ingress", "egress"] as const) {
    const drafts = lowerDirection(spec, direction, ref, context);
    const asked =
      direction === "ingress" ? types.includes("Ingress") || !types.includes("Egress") : types.includes("Egress");
    const shared = { direction, action: "allow", defaultDeny: true, subject, authentication: null } as const;
    for (const draft of drafts) {
      out.push({ ...shared, ref: { policy: ref, rule: draft.rule }, peers: draft.peers, ports: draft.ports });
    }
    if (drafts.length === 0 && asked) {
      out.push({ ...shared, ref: { policy: ref, rule: "/spec" }, peers: [], ports: "every" });
    }
  }
  return out;
};
