import { isIdentityRelevant } from "../cilium/labels.ts";
import type { WorkloadFact } from "../facts/inventory.ts";
import { selects } from "../facts/landing.ts";
import { byText } from "./need.ts";

/** Labels to select by, and who else carries them. */
export interface Chosen {
  readonly labels: Readonly<Record<string, string>>;
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

/**
 * The fewest labels that select this workload's pods and no other workload's of the same namespace. With every label
 * shared, all of them are returned together with those who share them. Null: there is no label to select by.
 */
export const selectorFor = (
  workload: Pick<WorkloadFact, "podLabels"> & { readonly namespace: string },
  there: readonly WorkloadFact[],
): Chosen | null => {
  const keys = candidates(workload.podLabels);
  if (keys.length === 0) return null;
  const others = there.filter(
    (w) =>
      w !== workload && w.namespace === workload.namespace && !w.hostNetwork && !belongsTo(w, workload as WorkloadFact),
  );
  const rivals = (by: readonly string[]): readonly WorkloadFact[] => {
    const labels = pick(workload.podLabels, by);
    return others.filter((w) => selects(labels, w.podLabels));
  };
  for (const key of keys)
    if (rivals([key]).length === 0) return { labels: pick(workload.podLabels, [key]), shared: [] };
  const chosen: string[] = [];
  let left = rivals([]).length;
  for (const key of keys) {
    const remaining = rivals([...chosen, key]).length;
    if (chosen.length > 0 && remaining === left) continue;
    chosen.push(key);
    left = remaining;
    if (left === 0) break;
  }
  return { labels: pick(workload.podLabels, chosen), shared: rivals(chosen) };
};
