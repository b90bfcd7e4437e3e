import type { Random } from "./random.ts";

/** NetworkPolicies that an API server would accept: the agent sees no others. */

const TERMS = [
  { app: "a" },
  { app: "b" },
  { tier: "web" },
  { "app.kubernetes.io/name": "envoy" },
  { "k8s-app": "kube-dns" },
  {},
] as const;

const NAMESPACE_TERMS = [{ team: "red" }, { team: "infra" }, { "kubernetes.io/metadata.name": "ns2" }, {}] as const;

const expressions = (r: Random, key: string, values: readonly [string, ...string[]]): unknown => {
  const operator = r.pick(["In", "NotIn", "Exists", "DoesNotExist"]);
  if (operator === "Exists" || operator === "DoesNotExist") return [{ key, operator }];
  return [{ key, operator, values: r.list(1, 2, () => r.pick(values)) }];
};

const pods = (r: Random): unknown =>
  r.chance(0.25)
    ? { matchExpressions: expressions(r, "app", ["a", "b", "c"]) }
    : r.chance(0.2)
      ? {}
      : { matchLabels: r.pick(TERMS) };

const namespaces = (r: Random): unknown =>
  r.chance(0.2)
    ? { matchExpressions: expressions(r, "team", ["red", "blue"]) }
    : r.chance(0.3)
      ? {}
      : { matchLabels: r.pick(NAMESPACE_TERMS) };

const peer = (r: Random): unknown => {
  const kind = r.pick(["pods", "namespaces", "both", "block"]);
  if (kind === "pods") return { podSelector: pods(r) };
  if (kind === "namespaces") return { namespaceSelector: namespaces(r) };
  if (kind === "both") return { podSelector: pods(r), namespaceSelector: namespaces(r) };
  return {
    ipBlock: r.pick<unknown>([
      { cidr: "203.0.113.0/24" },
      { cidr: "10.0.0.0/8", except: ["10.45.0.0/24"] },
      { cidr: "0.0.0.0/0" },
      { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "192.168.0.0/16"] },
    ]),
  };
};

const port = (r: Random): unknown => {
  const protocol = r.chance(0.3) ? {} : { protocol: r.pick(["TCP", "UDP", "SCTP"]) };
  return r.pick<unknown>([
    { ...protocol, port: r.pick([80, 443, 53, 8080]) },
    { ...protocol, port: r.pick(["http", "web", "nosuch"]) },
    { ...protocol, port: 8000, endPort: r.pick([8000, 8050, 8100]) },
    protocol,
  ]);
};

const rule = (r: Random, direction: "ingress" | "egress"): unknown => {
  const out: Record<string, unknown> = {};
  if (r.chance(0.8)) out[direction === "ingress" ? "from" : "to"] = r.list(r.chance(0.1) ? 0 : 1, 3, () => peer(r));
  if (r.chance(0.6)) out["ports"] = r.list(r.chance(0.1) ? 0 : 1, 2, () => port(r));
  return out;
};

export const generateNetworkPolicy = (r: Random, name: string, namespace: string): unknown => {
  const spec: Record<string, unknown> = { podSelector: r.chance(0.5) ? {} : pods(r) };
  if (r.chance(0.7)) spec["policyTypes"] = r.pick<unknown>([["Ingress"], ["Egress"], ["Ingress", "Egress"], []]);
  if (r.chance(0.6)) spec["ingress"] = r.list(0, 2, () => rule(r, "ingress"));
  if (r.chance(0.5)) spec["egress"] = r.list(0, 2, () => rule(r, "egress"));
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec };
};
