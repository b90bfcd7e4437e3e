import { NAMESPACE_LABEL, NAMESPACE_META_PREFIX } from "../facts/labels.ts";
import type { Json } from "./json.ts";
import { asList, asObject, asStrings, asText } from "./json.ts";
import { isMisspelt } from "./spelling.ts";

/**
 * Label selectors as an audit reads them: against pods whose labels may be known only in part, so that a match has three
 * values. Verdicts come from the kernel; this decides which pods a person meant.
 */
export type Operator = "In" | "NotIn" | "Exists" | "DoesNotExist";

export interface Term {
  /** `any` when the key names no source (C A.2.1). */
  readonly source: string;
  readonly key: string;
  readonly operator: Operator;
  readonly values: readonly string[];
}

export interface Selector {
  readonly terms: readonly Term[];
  /** The selector as people read it; stable, so fit for a fingerprint. */
  readonly text: string;
}

export type Match = "yes" | "maybe" | "no";

const OPERATORS: readonly string[] = ["In", "NotIn", "Exists", "DoesNotExist"];
const isOperator = (value: string | null): value is Operator => value !== null && OPERATORS.includes(value);

const splitKey = (key: string): { readonly source: string; readonly key: string } => {
  const colon = key.indexOf(":");
  return colon < 0 ? { source: "any", key } : { source: key.slice(0, colon), key: key.slice(colon + 1) };
};

const termText = (term: Term): string => {
  const key = term.source === "any" || term.source === "k8s" ? term.key : `${term.source}:${term.key}`;
  const [first] = term.values;
  if (term.operator === "In" && term.values.length === 1) return `${key}=${first ?? ""}`;
  if (term.operator === "Exists") return key;
  if (term.operator === "DoesNotExist") return `!${key}`;
  return `${key} ${term.operator === "In" ? "in" : "notin"} (${[...term.values].sort().join(", ")})`;
};

export const selector = (terms: readonly Term[]): Selector => ({
  terms,
  text: terms.length === 0 ? "{}" : terms.map(termText).sort().join(", "),
});

export const term = (key: string, operator: Operator, values: readonly string[] = []): Term => ({
  ...splitKey(key),
  operator,
  values,
});

/** Reads `matchLabels` and `matchExpressions`; what is malformed is left to the validity rule. */
export const readSelector = (value: unknown, key: (key: string) => string = (k) => k): Selector => {
  const object: Json = asObject(value);
  const terms: Term[] = [];
  for (const [name, raw] of Object.entries(asObject(object["matchLabels"])))
    terms.push(term(key(name), "In", [asText(raw) ?? ""]));
  for (const raw of asList(object["matchExpressions"])) {
    const expression = asObject(raw);
    const name = asText(expression["key"]);
    const operator = asText(expression["operator"]);
    if (name !== null && isOperator(operator)) terms.push(term(key(name), operator, asStrings(expression["values"])));
  }
  return selector(terms);
};

export const namespaceLabelKey = (key: string): string => `${NAMESPACE_META_PREFIX}${key}`;

export const mentionsNamespace = (s: Selector): boolean =>
  s.terms.some((t) => t.key === NAMESPACE_LABEL || t.key.startsWith(NAMESPACE_META_PREFIX));

export const isReserved = (s: Selector): boolean => s.terms.some((t) => t.source === "reserved");

/** The namespaces a selector names by value; null when it names none (any, or by label). */
export const namedNamespaces = (s: Selector): readonly string[] | null => {
  const named = s.terms.filter(
    (t) =>
      t.operator === "In" &&
      (t.key === NAMESPACE_LABEL || t.key === `${NAMESPACE_META_PREFIX}kubernetes.io/metadata.name`),
  );
  const [first] = named;
  return first === undefined ? null : first.values;
};

/** The terms that speak of the pod itself, not of its namespace or cluster. */
export const podTerms = (s: Selector): readonly Term[] =>
  s.terms.filter(
    (t) =>
      t.key !== NAMESPACE_LABEL &&
      !t.key.startsWith(NAMESPACE_META_PREFIX) &&
      !t.key.startsWith("io.cilium.k8s.policy."),
  );

export interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
  /** False when the pod may carry more labels than these. */
  readonly complete: boolean;
  /** Whether the namespace's own labels are all known: its manifest is in the repository. */
  readonly namespaceKnown?: boolean;
  /** The values themselves are a guess (a chart we do not know): one that resembles what is asked may be it. */
  readonly guessed?: boolean;
}

/** A release's name against its chart's, a component against its app. */
export const isNear = (value: string, other: string): boolean =>
  value !== other && (other.includes(value) || value.includes(other)) && Math.min(value.length, other.length) > 3;

/** What a chart or an operator may add to its pods' labels is no key misspelt, and nothing of their namespace's. */
const mayCarry = ({ key, values }: Term, pod: Labelled): boolean =>
  !pod.complete &&
  !(pod.namespaceKnown === true && key.startsWith(NAMESPACE_META_PREFIX)) &&
  !isMisspelt(key, values, pod.labels);

const matchTerm = (t: Term, pod: Labelled): Match => {
  if (t.source !== "any" && t.source !== "k8s") return "no";
  const value = Object.hasOwn(pod.labels, t.key) ? pod.labels[t.key] : undefined;
  if (value === undefined) {
    if (mayCarry(t, pod)) return "maybe";
    return t.operator === "In" || t.operator === "Exists" ? "no" : "yes";
  }
  const hit =
    t.operator === "Exists" ||
    (t.operator === "In" && t.values.includes(value)) ||
    (t.operator === "NotIn" && !t.values.includes(value));
  if (hit) return "yes";
  return pod.guessed === true && t.operator === "In" && t.values.some((v) => isNear(v, value)) ? "maybe" : "no";
};

/** `maybe` when the labels that decide are not known. */
export const matches = (s: Selector, pod: Labelled): Match => {
  let result: Match = "yes";
  for (const t of s.terms) {
    const match = matchTerm(t, pod);
    if (match === "no") return "no";
    if (match === "maybe") result = "maybe";
  }
  return result;
};
