import { isRecord, type Json } from "../facts/json.ts";
import { NAMESPACE_LABEL, NAMESPACE_META_PREFIX } from "../facts/labels.ts";

/** Raised inside when something has no equal; the object is then left as it is. */
class NoEqual extends Error {}

const record = (value: unknown): Json => {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw new NoEqual();
  return value;
};

const list = (value: unknown): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new NoEqual();
  return value;
};

interface Terms {
  readonly matchLabels: Json;
  readonly matchExpressions: readonly Json[];
}

/** NetworkPolicies select by labels of the pod alone, so every key says its source (C A.2.1). */
const terms = (selector: unknown, prefix: string): Terms => {
  const { matchLabels, matchExpressions } = record(selector);
  return {
    matchLabels: Object.fromEntries(Object.entries(record(matchLabels)).map(([k, v]) => [`k8s:${prefix}${k}`, v])),
    matchExpressions: list(matchExpressions).map((e) => {
      const { key, ...rest } = record(e);
      if (typeof key !== "string") throw new NoEqual();
      return { key: `k8s:${prefix}${key}`, ...rest };
    }),
  };
};

const join = (a: Terms, b: Terms): Terms => ({
  matchLabels: { ...a.matchLabels, ...b.matchLabels },
  matchExpressions: [...a.matchExpressions, ...b.matchExpressions],
});

const selector = ({ matchLabels, matchExpressions }: Terms): Json => ({
  ...(Object.keys(matchLabels).length > 0 ? { matchLabels } : {}),
  ...(matchExpressions.length > 0 ? { matchExpressions } : {}),
});

const NOTHING: Terms = { matchLabels: {}, matchExpressions: [] };

const isEmpty = (t: Terms): boolean => Object.keys(t.matchLabels).length + t.matchExpressions.length === 0;

const namespaces = (value: unknown): Terms => {
  const own = terms(value, NAMESPACE_META_PREFIX);
  return isEmpty(own)
    ? { matchLabels: {}, matchExpressions: [{ key: `k8s:${NAMESPACE_LABEL}`, operator: "Exists" }] }
    : own;
};

interface Peers {
  readonly endpoints: readonly Json[];
  readonly blocks: readonly Json[];
}

const peersOf = (items: readonly unknown[]): Peers => {
  const endpoints: Json[] = [];
  const blocks: Json[] = [];
  for (const item of items) {
    const { podSelector, namespaceSelector, ipBlock } = record(item);
    if (ipBlock !== undefined && ipBlock !== null) {
      const { cidr, except } = record(ipBlock);
      blocks.push({ cidr, ...(list(except).length > 0 ? { except } : {}) });
    } else {
      const pods = podSelector === undefined || podSelector === null ? NOTHING : terms(podSelector, "");
      const inside =
        namespaceSelector === undefined || namespaceSelector === null ? NOTHING : namespaces(namespaceSelector);
      endpoints.push(selector(join(inside, pods)));
    }
  }
  return { endpoints, blocks };
};

const portsOf = (items: readonly unknown[]): readonly Json[] =>
  items.map((item) => {
    const { port, protocol, endPort } = record(item);
    return {
      port: typeof port === "string" || typeof port === "number" ? String(port) : "0",
      ...(typeof endPort === "number" ? { endPort } : {}),
      protocol: protocol ?? "TCP",
    };
  });

const MAX_PORTS = 40;

const chunks = (ports: readonly Json[]): readonly Json[] => {
  const out: Json[] = [];
  for (let at = 0; at < ports.length; at += MAX_PORTS) out.push({ ports: ports.slice(at, at + MAX_PORTS) });
  return out;
};

/** One rule becomes one for its pods and one for its addresses: a rule names one kind of peer only (C C.1.5). */
const rulesOf = (items: readonly unknown[], direction: "ingress" | "egress"): readonly Json[] => {
  const [from, block] = direction === "ingress" ? ["from", "fromCIDRSet"] : ["to", "toCIDRSet"];
  const pods = direction === "ingress" ? "fromEndpoints" : "toEndpoints";
  return items.flatMap((item): readonly Json[] => {
    const rule = record(item);
    const ports = portsOf(list(rule["ports"]));
    const toPorts = ports.length > 0 ? { toPorts: chunks(ports) } : {};
    const given = list(rule[from]);
    if (given.length === 0)
      return ports.length > 0 ? [toPorts] : [{ [direction === "ingress" ? "fromEntities" : "toEntities"]: ["all"] }];
    const { endpoints, blocks } = peersOf(given);
    return [
      ...(endpoints.length > 0 ? [{ [pods]: endpoints, ...toPorts }] : []),
      ...(blocks.length > 0 ? [{ [block]: blocks, ...toPorts }] : []),
    ];
  });
};

/**
 * A NetworkPolicy as CiliumNetworkPolicies of the same meaning, as far as it can be said; null where it cannot. What it
 * allows becomes an additive policy; that it locks its pods becomes a policy of its own, because an allow that also locks
 * is what people overlook (lesson 31, C A.5).
 */
export const ciliumOf = (policy: unknown): readonly Json[] | null => {
  try {
    const { metadata, spec: body } = record(policy);
    const { name, namespace, labels } = record(metadata);
    const spec = record(body);
    if (typeof name !== "string") throw new NoEqual();
    const types = list(spec["policyTypes"]);
    const governs = {
      ingress: types.includes("Ingress") || !types.includes("Egress") || list(spec["ingress"]).length > 0,
      egress: types.includes("Egress") || list(spec["egress"]).length > 0,
    };
    const endpointSelector = selector(terms(spec["podSelector"], ""));
    const rules = {
      ingress: rulesOf(list(spec["ingress"]), "ingress"),
      egress: rulesOf(list(spec["egress"]), "egress"),
    };
    const object = (own: string, content: Json): Json => ({
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: {
        name: own,
        ...(namespace === undefined ? {} : { namespace }),
        ...(isRecord(labels) && Object.keys(labels).length > 0 ? { labels } : {}),
      },
      spec: { endpointSelector, ...content },
    });
    const allows = rules.ingress.length + rules.egress.length > 0;
    const lock = object(allows ? `${name}-lock` : name, {
      ...(governs.ingress ? { ingress: [{}] } : {}),
      ...(governs.egress ? { egress: [{}] } : {}),
    });
    if (!allows) return [lock];
    const allow = object(name, {
      enableDefaultDeny: { ingress: false, egress: false },
      ...(rules.ingress.length > 0 ? { ingress: rules.ingress } : {}),
      ...(rules.egress.length > 0 ? { egress: rules.egress } : {}),
    });
    return [allow, lock];
  } catch (error) {
    if (error instanceof NoEqual) return null;
    throw error;
  }
};
