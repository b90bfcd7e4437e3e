import type { Random } from "./random.ts";

const PREFIXES = ["", "", "", "k8s:", "k8s:", "any:", "container:", "reserved:", "node:", "$", "k8s."] as const;

const KEYS = [
  ["app", ["a", "b", "c", "gw", "zz"]],
  ["app", ["a", "b", "c"]],
  ["tier", ["web", "db"]],
  ["app.kubernetes.io/name", ["envoy", "pg"]],
  ["k8s-app", ["kube-dns"]],
  ["cnpg.io/cluster", ["pg-main"]],
  ["io.kubernetes.pod.namespace", ["ns1", "ns2", "ns3", "kube-system", "nope"]],
  ["io.kubernetes.pod.namespace", ["ns1", "ns2"]],
  ["io.cilium.k8s.namespace.labels.team", ["red", "blue", "infra"]],
  ["io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name", ["ns1", "ns2"]],
  ["kubernetes.io/metadata.name", ["ns2"]],
  ["io.cilium.k8s.policy.cluster", ["default", "west"]],
  ["io.cilium.k8s.policy.serviceaccount", ["sa"]],
  ["role", ["cp"]],
  ["absent", ["x"]],
] as const satisfies readonly (readonly [string, readonly [string, ...string[]]])[];

const RESERVED = ["host", "remote-node", "world", "ingress", "health", "init", "kube-apiserver", "unmanaged"] as const;

const ODD_KEYS = [
  "",
  "a b",
  "a/b/c",
  "UPPER/x",
  "-x",
  "x-",
  "é",
  "a".repeat(70),
  "k8s:",
  ":x",
  "a:b:c",
  "app=a",
  "cidr:10.0.0.0/8",
] as const;
const ODD_VALUES: readonly [unknown, ...unknown[]] = [
  "a b",
  "",
  "a".repeat(64),
  "-x",
  "é",
  5,
  null,
  true,
  ["a"],
  "a/b",
];

const term = (r: Random, odd: boolean): readonly [key: string, values: readonly [string, ...string[]]] => {
  if (r.chance(0.06)) return [`reserved:${r.pick(RESERVED)}`, [""]];
  const [key, values] = r.pick<readonly [string, readonly [string, ...string[]]]>(KEYS);
  if (odd && r.chance(0.06)) return [r.pick(ODD_KEYS), values];
  return [`${r.pick(PREFIXES)}${key}`, values];
};

export const generateSelector = (r: Random, odd: boolean): unknown => {
  const out: Record<string, unknown> = {};
  if (r.chance(0.75)) {
    const labels: Record<string, unknown> = {};
    for (let n = r.pick([0, 1, 1, 1, 2]); n > 0; n--) {
      const [key, values] = term(r, odd);
      labels[key] = odd && r.chance(0.05) ? r.pick(ODD_VALUES) : r.pick(values);
    }
    out["matchLabels"] = distinctExtended(labels);
  }
  if (r.chance(0.35)) {
    out["matchExpressions"] = r.list(1, 2, () => {
      const [key, values] = term(r, odd);
      const operator = r.pick(["In", "NotIn", "Exists", "DoesNotExist"]);
      const chosen = operator === "In" || operator === "NotIn" ? r.list(1, 3, () => r.pick(values)) : undefined;
      const expression: Record<string, unknown> = { key, operator };
      if (chosen !== undefined) expression["values"] = chosen;
      if (odd && r.chance(0.06)) expression["operator"] = r.pick<unknown>(["Foo", "", "in", null, "Gt"]);
      if (odd && r.chance(0.06)) expression["values"] = r.pick<unknown>([[], null, ["a b"], "a", [1], ["x"]]);
      return expression;
    });
  }
  if (odd && r.chance(0.03)) return r.pick<unknown>([null, [], "x", { matchLabels: [] }, { matchExpressions: {} }]);
  return out;
};

/** Two spellings of one extended key in one map: Go keeps a random one, so no answer could be the right one. */
const distinctExtended = (labels: Record<string, unknown>): Record<string, unknown> => {
  const seen = new Set<string>();
  return Object.fromEntries(
    Object.entries(labels).filter(([key]) => {
      const bare = key
        .replace(/^any:|^:/, "")
        .replace(/=.*$/, "")
        .replace(/^\$/, "reserved:");
      return !seen.has(bare) && seen.add(bare) !== undefined;
    }),
  );
};
