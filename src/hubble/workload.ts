import type { WorkloadRef } from "../facts/flow.ts";
import { k8sLabel, type LabelSet } from "../facts/labels.ts";

/** What Kubernetes makes of names it generates: `rand.SafeEncodeString` knows neither vowels nor 0, 1 and 3. */
const RANDOM = "[bcdfghjklmnpqrstvwxz2456789]";
const REPLICA = new RegExp(`^(.+)-${RANDOM}{6,10}-${RANDOM}{5}$`);
const ORDINAL = /^(.+)-\d{1,4}$/;
const GENERATED = new RegExp(`^(.+)-${RANDOM}{5}$`);
/** A CronJob's Job carries the minute it was scheduled for. */
const SCHEDULED = /^(.+)-\d{8,10}$/;

const APP_LABELS = ["app.kubernetes.io/instance", "app.kubernetes.io/name", "app", "k8s-app"] as const;

const jobOf = (name: string): WorkloadRef => {
  const scheduled = SCHEDULED.exec(name)?.[1];
  return scheduled === undefined ? { kind: "Job", name } : { kind: "CronJob", name: scheduled };
};

/**
 * A pod's workload from what both ends of a connection know of it, its identity's labels and its name, and from nothing
 * else: the node that hosts the pod knows better (`workloads`, C F.1), but an edge seen from the other node must come out as
 * the same edge. The kind is a guess where a DaemonSet's and a bare Job's pods are named alike.
 */
export const derivedWorkload = (labels: LabelSet, pod: string | null): WorkloadRef => {
  const job = k8sLabel(labels, "batch.kubernetes.io/job-name") ?? k8sLabel(labels, "job-name");
  if (job !== null) return jobOf(job);
  const postgres = k8sLabel(labels, "cnpg.io/cluster");
  if (postgres !== null) return { kind: "Cluster", name: postgres };
  if (pod === null) {
    const app = APP_LABELS.map((key) => k8sLabel(labels, key)).find((value) => value !== null);
    return { kind: "Workload", name: app ?? k8sLabel(labels, "io.cilium.k8s.policy.serviceaccount") ?? "unknown" };
  }
  const replica = REPLICA.exec(pod)?.[1];
  if (replica !== undefined) return { kind: "Deployment", name: replica };
  const ordinal = ORDINAL.exec(pod)?.[1];
  if (ordinal !== undefined) return { kind: "StatefulSet", name: ordinal };
  const generated = GENERATED.exec(pod)?.[1];
  if (generated !== undefined) {
    const owner = jobOf(generated);
    return owner.kind === "CronJob" ? owner : { kind: "DaemonSet", name: generated };
  }
  return { kind: "Pod", name: pod };
};
