import { CLUSTER_LABEL, NAMESPACE_LABEL, NAMESPACE_META_PREFIX } from "../facts/labels.ts";
import type { Identity } from "./identity.ts";

/**
 * Label selectors as Cilium's agent keeps them. A key `source:key` is stored as `source.key` (the extended key, C A.2.1);
 * injection compares extended keys; only then is the source split off again at the first dot.
 */

export type Operator = "In" | "NotIn" | "Exists" | "DoesNotExist";

/** A label selector with extended keys, before or after injection. */
export interface SelectorTerms {
  readonly labels: readonly (readonly [key: string, value: string])[];
  readonly expressions: readonly {
    readonly key: string;
    readonly operator: Operator;
    readonly values: readonly string[];
  }[];
}

export interface Requirement {
  /** `any` matches a label of every source. */
  readonly source: string;
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

/** All requirements must hold; none at all selects everything. */
export interface Selector {
  readonly requirements: readonly Requirement[];
  /** Equal for selectors with the same requirements. */
  readonly text: string;
}

const NAMESPACE_KEYS = [`k8s.${NAMESPACE_LABEL}`, `any.${NAMESPACE_LABEL}`] as const;
const CLUSTER_KEYS = [`k8s.${CLUSTER_LABEL}`, `any.${CLUSTER_LABEL}`] as const;
const META = NAMESPACE_META_PREFIX.slice(0, -1);
const META_PREFIXES = [`k8s.${META}`, `any.${META}`] as const;

const splitSource = (text: string, delimiter: ":" | "."): readonly [source: string, rest: string] => {
  if (text.startsWith("$")) return ["reserved", text.slice(1)];
  const at = text.indexOf(delimiter);
  if (at >= 0) return [text.slice(0, at), text.slice(at + 1)];
  if (delimiter === ":" && text.startsWith("reserved.")) return ["reserved", text.slice("reserved.".length)];
  return ["", text];
};

/** `k8s:app` → `k8s.app`, `app` → `any.app` (C A.2.1). */
export const extendedKey = (key: string): string => {
  const [source, rest] = splitSource(key, ":");
  const equals = rest.indexOf("=");
  return `${source === "" ? "any" : source}.${equals < 0 ? rest : rest.slice(0, equals)}`;
};

export const hasKey = (terms: SelectorTerms, key: string): boolean =>
  terms.labels.some(([k]) => k === key) || terms.expressions.some((e) => e.key === key);

const hasKeyPrefix = (terms: SelectorTerms, prefix: string): boolean =>
  terms.labels.some(([k]) => k.startsWith(prefix)) || terms.expressions.some((e) => e.key.startsWith(prefix));

/** Sets a label term, as a Go map would: the key occurs once. */
export const withLabel = (terms: SelectorTerms, key: string, value: string): SelectorTerms => ({
  labels: [...terms.labels.filter(([k]) => k !== key), [key, value]],
  expressions: terms.expressions,
});

export const withExists = (terms: SelectorTerms, key: string): SelectorTerms => ({
  labels: terms.labels,
  expressions: [...terms.expressions, { key, operator: "Exists", values: [] }],
});

export interface InjectionScope {
  /** The policy's namespace; null for a clusterwide policy. */
  readonly namespace: string | null;
  /** The local cluster's name, or null when peers of any cluster are meant (`policy-default-local-cluster` off). */
  readonly cluster: string | null;
  /** The policy's own endpointSelector mentions `reserved:init`. */
  readonly subjectIsInit: boolean;
}

export const withCluster = (terms: SelectorTerms, cluster: string | null): SelectorTerms => {
  if (cluster === null || CLUSTER_KEYS.some((key) => hasKey(terms, key))) return terms;
  return withLabel(terms, CLUSTER_KEYS[0], cluster);
};

/** The namespace and cluster that a `fromEndpoints`/`toEndpoints` selector means without saying so (C A.4). */
export const injectPeerScope = (terms: SelectorTerms, scope: InjectionScope): SelectorTerms => {
  if (hasKeyPrefix(terms, "reserved.")) return terms;
  let out = terms;
  if (!NAMESPACE_KEYS.some((key) => hasKey(terms, key))) {
    if (scope.namespace === null) {
      if (!scope.subjectIsInit) out = withExists(out, NAMESPACE_KEYS[0]);
    } else if (!META_PREFIXES.some((prefix) => hasKeyPrefix(terms, prefix))) {
      out = withLabel(out, NAMESPACE_KEYS[0], scope.namespace);
    }
  }
  return withCluster(out, scope.cluster);
};

/** The subject of a namespaced policy: its own namespace replaces any other given with `k8s:` (C A.3.1, A.3.2). */
export const injectSubjectNamespace = (terms: SelectorTerms, namespace: string | null): SelectorTerms =>
  namespace === null ? terms : withLabel(terms, NAMESPACE_KEYS[0], namespace);

const requirement = (extended: string, operator: Operator, values: readonly string[]): Requirement => {
  const [source, key] = splitSource(extended, ".");
  return { source: source === "" ? "any" : source, key, operator, values };
};

const textOf = ({ source, key, operator, values }: Requirement): string =>
  `${source}:${key} ${operator} ${values.length === 1 ? (values[0] ?? "") : [...values].sort().join("|")}`;

export const toSelector = (terms: SelectorTerms): Selector => {
  const requirements = [
    ...terms.labels.map(([key, value]) => requirement(key, "In", [value])),
    ...terms.expressions.map((e) => requirement(e.key, e.operator, e.values)),
  ];
  return { requirements, text: requirements.map(textOf).sort().join(" & ") };
};

/** What a requirement says of a value, or of its absence (C A.2.3). */
const holds = (r: Requirement, value: string | undefined): boolean => {
  if (r.operator === "Exists") return value !== undefined;
  if (r.operator === "DoesNotExist") return value === undefined;
  const among = value !== undefined && r.values.includes(value);
  return r.operator === "In" ? among : !among;
};

export const selects = (selector: Selector, identity: Identity): boolean => {
  for (const r of selector.requirements) if (!holds(r, identity.lookup(r.source, r.key))) return false;
  return true;
};
