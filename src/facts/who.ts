import type { EdgeEnd } from "./edge.ts";
import type { Inventory, WorkloadFact } from "./inventory.ts";

/** Who a recorded end is today. */
export interface Roster {
  /** By its name, else by the one workload all of whose labels were recorded on it; null: no workload that we know. */
  workloadOf(end: EdgeEnd): WorkloadFact | null;
  /** It was a workload of a namespace whose workloads are all known, and is none of them any more. */
  isGone(end: EdgeEnd): boolean;
}

export const workloadId = (w: Pick<WorkloadFact, "namespace" | "kind" | "name">): string =>
  `${w.namespace}/${w.kind}/${w.name}`;

type Reading = Pick<Inventory, "namespaces" | "workloads" | "objects">;

/**
 * Namespaces in which a recorded workload that is not in the inventory has really gone: every HelmRelease there gave
 * workloads, and none is a guess. Elsewhere it may be a chart that nobody could read, and its edges are still judged.
 */
const fullyKnown = (inventory: Reading): ReadonlySet<string> => {
  const open = new Set<string>();
  for (const w of inventory.workloads) if (w.sure === "guess" || !w.labelsComplete) open.add(w.namespace);
  const read = new Set(inventory.workloads.map((w) => w.origin?.file).filter((file) => file !== undefined));
  for (const o of inventory.objects)
    if (o.kind === "HelmRelease" && o.namespace !== null && !read.has(o.origin.file)) open.add(o.namespace);
  return new Set(inventory.namespaces.map((n) => n.name).filter((name) => !open.has(name)));
};

export const roster = (inventory: Reading): Roster => {
  const byId = new Map(inventory.workloads.map((w) => [workloadId(w), w]));
  const byNamespace = Map.groupBy(inventory.workloads, (w) => w.namespace);
  const known = fullyKnown(inventory);

  const workloadOf = (end: EdgeEnd): WorkloadFact | null => {
    if (end.namespace === null) return null;
    const there = byNamespace.get(end.namespace) ?? [];
    if (end.workload !== null) {
      const { kind, name } = end.workload;
      const exact = byId.get(`${end.namespace}/${kind}/${name}`);
      if (exact !== undefined) return exact;
      const named = there.filter((w) => w.name === name);
      if (named.length === 1) return named[0] ?? null;
    }
    const recorded = new Set(end.labels);
    const fits = there.filter((w) => {
      const labels = Object.entries(w.podLabels);
      return labels.length > 0 && labels.every(([k, v]) => recorded.has(`k8s:${k}=${v}`));
    });
    return fits.length === 1 ? (fits[0] ?? null) : null;
  };

  return {
    workloadOf,
    isGone: (end) =>
      end.workload !== null && end.namespace !== null && known.has(end.namespace) && workloadOf(end) === null,
  };
};
