import type { PodRecord, WorkloadRecord } from "../facts/evidence.ts";
import type { Hour } from "./hour.ts";

/** Bound per hour, for what strangers can make up. */
const PODS = 50_000;

/**
 * A pod at an address, first seen by its own node. Of two that claim to be it the earlier counts, then the one that sorts
 * first: whoever is told first, the hour comes out the same.
 * @returns when it was first seen, or null when there is no room for it
 */
export const meetPod = (hour: Hour, pod: PodRecord): number | null => {
  const key = `${pod.namespace}/${pod.pod}/${pod.ip}`;
  const known = hour.pods.get(key);
  if (known === undefined) {
    if (hour.pods.size >= PODS) return null;
    hour.pods.set(key, { ...pod });
    return pod.firstSeen;
  }
  const isFirst =
    pod.firstSeen < known.firstSeen ||
    (pod.firstSeen === known.firstSeen && `${pod.node} ${pod.workload}` < `${known.node} ${known.workload}`);
  if (isFirst) Object.assign(known, pod);
  return known.firstSeen;
};

const nameOf = ({ workload }: WorkloadRecord): string => `${workload.kind}/${workload.name}`;

/** What a node says owns a pod; of two that sort differently the first, in whatever order they are told. */
export const meetWorkload = (hour: Hour, told: WorkloadRecord): void => {
  const key = `${told.namespace}/${told.derived}\n${told.labels.join("\n")}`;
  const known = hour.workloads.get(key);
  if (known === undefined || nameOf(told) < nameOf(known)) hour.workloads.set(key, told);
};
