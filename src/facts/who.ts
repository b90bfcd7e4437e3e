import { HOUR } from "./clock.ts";
import type { Edge, EdgeEnd } from "./edge.ts";
import type { Inventory, WorkloadFact } from "./inventory.ts";

/** Who a recorded end is today. */
export interface Roster {
  /** By its name, else by the one workload all of whose labels were recorded on it; null: no workload that we know. */
  workloadOf(end: EdgeEnd): WorkloadFact | null;
  /**
   * It was a workload of a namespace whose workloads are all known, is none of them any more, and was silent during the
   * last hour of the evidence. Whoever is still seen is judged, manifest or not.
   */
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
  const some = new Set(inventory.workloads.map((w) => w.namespace));
  return new Set(inventory.namespaces.map((n) => n.name).filter((name) => some.has(name) && !open.has(name)));
};

/** When each end was last seen, and how far back the last hour of the evidence begins. */
const lastSeen = (edges: readonly Edge[]): { readonly at: ReadonlyMap<string, number>; readonly recent: number } => {
  const at = new Map<string, number>();
  let newest = 0;
  for (const edge of edges) {
    for (const { id } of [edge.source, edge.destination]) at.set(id, Math.max(at.get(id) ?? 0, edge.lastSeen));
    newest = Math.max(newest, edge.lastSeen);
  }
  return { at, recent: newest - HOUR };
};

export const roster = (inventory: Reading, edges: readonly Edge[]): Roster => {
  const seen = lastSeen(edges);
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
      end.workload !== null &&
      end.namespace !== null &&
      known.has(end.namespace) &&
      workloadOf(end) === null &&
      (seen.at.get(end.id) ?? 0) < seen.recent,
  };
};
