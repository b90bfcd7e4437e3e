import { isIdentityRelevant } from "../cilium/labels.ts";
import type { WorkloadFact } from "../facts/inventory.ts";
import { selects } from "../facts/landing.ts";
import { byText } from "./need.ts";

/** What a policy's selector asks of a pod. */
export interface Selector {
  readonly labels: Readonly<Record<string, string>>;
  /** Keys that the pods must not carry: what tells them from others who carry the same and more. */
  readonly absent: readonly string[];
}

/** Labels to select by, and who else carries them. */
export interface Chosen extends Selector {
  /** Other workloads of the namespace that these labels select as well: they cannot be told apart. */
  readonly shared: readonly WorkloadFact[];
}

/** In the order in which people reach for them; all others follow by name. */
const PREFERRED = [
  "cnpg.io/cluster",
  "gateway.envoyproxy.io/owning-gateway-name",
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
  "app.kubernetes.io/controller",
  "k8s-app",
  "app",
  "component",
  "name",
] as const;

/** Labels that move with a release, a revision or a replica; a selector on them ends with the next update. */
const MOVES =
  /^(helm\.sh\/chart|app\.kubernetes\.io\/version|app\.kubernetes\.io\/managed-by|version|chart|heritage|revision)$|hash$|^checksum\/|^cnpg\.io\/(instance|podRole|instanceName|instanceRole|operatorVersion)|^role$|^batch\.kubernetes\.io\/|^job-name$|^controller-uid$|timestamp$/i;

const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Whether Kubernetes would accept the label; what flows and files say is data, and may be anything (C C.1.4). */
export const isLabel = (key: string, value: string): boolean => {
  const [first = "", second, more] = key.split("/");
  const wellNamed = second === undefined ? NAME.test(first) : PREFIX.test(first) && NAME.test(second);
  return wellNamed && more === undefined && (value === "" || NAME.test(value));
};

const candidates = (labels: Readonly<Record<string, string>>): readonly string[] => {
  const usable = Object.keys(labels).filter(
    (key) => isIdentityRelevant(key) && !MOVES.test(key) && isLabel(key, labels[key] ?? ""),
  );
  const first = PREFERRED.filter((key) => usable.includes(key));
  const rest = usable.filter((key) => !first.some((f) => f === key)).sort(byText);
  return [...first, ...rest];
};

const pick = (labels: Readonly<Record<string, string>>, keys: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(keys.map((key) => [key, labels[key] ?? ""]));

/** Whether two workloads are one in the eyes of a policy: an operator's cluster and the Jobs that it starts for it. */
const belongsTo = (a: WorkloadFact, b: WorkloadFact): boolean => {
  const cluster = a.podLabels["cnpg.io/cluster"];
  return cluster !== undefined && cluster === b.podLabels["cnpg.io/cluster"];
};

/** These say which part of something a pod is, and mean nothing without saying of what. */
const PARTS = /(^|\/)(component|controller|part-of|tier|role)$/;

/** With more than this the pods are known by what they are not, and nobody can read it. */
const MAX_ABSENT = 2;

/** The fewest keys that every one of these carries and the workload does not; null where that takes too many. */
const absentFrom = (
  workload: Pick<WorkloadFact, "podLabels"> & { readonly labelsComplete?: boolean },
  rivals: readonly WorkloadFact[],
): readonly string[] | null => {
  if (workload.labelsComplete !== true) return null;
  const chosen: string[] = [];
  for (let left = rivals; left.length > 0;) {
    if (chosen.length === MAX_ABSENT) return null;
    const counts = new Map<string, number>();
    for (const rival of left)
      for (const key of candidates(rival.podLabels))
        if (!Object.hasOwn(workload.podLabels, key)) counts.set(key, (counts.get(key) ?? 0) + 1);
    const best = [...counts].sort(([a, n], [b, m]) => m - n || rank(a) - rank(b) || byText(a, b))[0]?.[0];
    if (best === undefined) return null;
    chosen.push(best);
    left = left.filter((rival) => !Object.hasOwn(rival.podLabels, best));
  }
  return chosen.sort(byText);
};

const rank = (key: string): number => {
  const at = PREFERRED.findIndex((k) => k === key);
  return at < 0 ? PREFERRED.length : at;
};

/**
 * The fewest labels that select this workload's pods and no other workload's of the same namespace; where others carry
 * all of its labels and more, the keys that only they carry as well. Where nothing tells them apart, all its labels
 * together with those who share them. Null: there is nothing to select by.
 */
export const selectorFor = (
  workload: Pick<WorkloadFact, "podLabels"> & { readonly namespace: string; readonly labelsComplete?: boolean },
  there: readonly WorkloadFact[],
): Chosen | null => {
  const keys = candidates(workload.podLabels);
  const others = there.filter(
    (w) =>
      w !== workload && w.namespace === workload.namespace && !w.hostNetwork && !belongsTo(w, workload as WorkloadFact),
  );
  const rivals = (by: readonly string[]): readonly WorkloadFact[] => {
    const labels = pick(workload.podLabels, by);
    return others.filter((w) => selects(labels, w.podLabels));
  };
  if (keys.length === 0) {
    // Without a label of its own it is known by lacking everybody else's; alone it is the whole namespace.
    const bare = others.filter((w) => candidates(w.podLabels).length === 0);
    const absent =
      bare.length === others.length
        ? null
        : absentFrom(
            workload,
            others.filter((w) => !bare.includes(w)),
          );
    return absent === null ? null : { labels: {}, absent, shared: bare };
  }
  for (const key of keys)
    if (!PARTS.test(key) && rivals([key]).length === 0)
      return { labels: pick(workload.podLabels, [key]), absent: [], shared: [] };
  const chosen: string[] = [];
  let left = rivals([]).length;
  for (const key of keys) {
    const remaining = rivals([...chosen, key]).length;
    if (chosen.length > 0 && remaining === left) continue;
    chosen.push(key);
    left = remaining;
    if (left === 0) break;
  }
  const labels = pick(workload.podLabels, chosen);
  const shared = rivals(chosen);
  const absent = shared.length === 0 ? [] : absentFrom(workload, shared);
  return absent === null ? { labels, absent: [], shared } : { labels, absent, shared: [] };
};

/** A selector as Kubernetes writes it; `more`: labels that stand before its own. */
export const selectorObject = (
  { labels, absent }: Selector,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, unknown>> => {
  const all = { ...more, ...labels };
  return {
    ...(Object.keys(all).length === 0 ? {} : { matchLabels: all }),
    ...(absent.length === 0 ? {} : { matchExpressions: absent.map((key) => ({ key, operator: "DoesNotExist" })) }),
  };
};
