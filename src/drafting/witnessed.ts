import type { Edge, EdgeEnd } from "../facts/edge.ts";
import type { Inventory, ServiceFact, WorkloadFact } from "../facts/inventory.ts";
import { selects } from "../facts/landing.ts";
import { workloadId } from "../facts/who.ts";
import { podLabelsOf } from "./observed.ts";

type Labels = Readonly<Record<string, string>>;

/** Per workload, the labels that every recorded pod of it carried. */
const recordedLabels = (edges: readonly Edge[]): ReadonlyMap<string, Labels> => {
  const found = new Map<string, Labels>();
  const see = (end: EdgeEnd): void => {
    if (end.namespace === null || end.workload === null || end.labels.length === 0) return;
    const id = workloadId({ namespace: end.namespace, ...end.workload });
    const labels = podLabelsOf(end.labels);
    const before = found.get(id);
    found.set(
      id,
      before === undefined ? labels : Object.fromEntries(Object.entries(before).filter(([k, v]) => labels[k] === v)),
    );
  };
  for (const { source, destination } of edges) {
    see(source);
    see(destination);
  }
  return found;
};

/**
 * The inventory as the evidence bears it out: what a chart or an operator was thought to label its pods gives way to the
 * labels that were recorded on them. What manifests say themselves stays. Pure.
 */
export const witnessed = (inventory: Inventory, edges: readonly Edge[]): Inventory => {
  const seen = recordedLabels(edges);
  const corrected = new Map<WorkloadFact, WorkloadFact>();
  for (const workload of inventory.workloads) {
    const labels = seen.get(workloadId(workload));
    if (labels === undefined || (workload.labelsComplete && workload.sure === "certain")) continue;
    if (Object.keys(labels).length > 0)
      corrected.set(workload, { ...workload, podLabels: labels, labelsComplete: true });
  }
  if (corrected.size === 0) return inventory;
  return {
    ...inventory,
    workloads: inventory.workloads.map((w) => corrected.get(w) ?? w),
    services: inventory.services.map((service) => followed(service, corrected)),
  };
};

/** A Service that was thought to select these pods goes on selecting them, by what they really carry. */
const followed = (service: ServiceFact, corrected: ReadonlyMap<WorkloadFact, WorkloadFact>): ServiceFact => {
  const { selector } = service;
  if (selector === null || service.sure === "certain") return service;
  for (const [before, after] of corrected) {
    if (before.namespace !== service.namespace || !selects(selector, before.podLabels)) continue;
    const kept = Object.entries(selector).filter(([key, value]) => after.podLabels[key] === value);
    if (kept.length > 0 && kept.length < Object.keys(selector).length)
      return { ...service, selector: Object.fromEntries(kept) };
  }
  return service;
};
