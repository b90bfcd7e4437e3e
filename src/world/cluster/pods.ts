import { DAY, HOUR, MINUTE } from "../../facts/clock.ts";
import { labelSet, type LabelSet } from "../../facts/labels.ts";
import { hash, suffix } from "../hash.ts";
import type { Replica, Workload, WorldNode } from "../scenario/model.ts";
import { CLUSTER_NAME, NODES } from "../scenario/nodes.ts";
import { WORKLOADS } from "../scenario/areas.ts";
import type { Action } from "../state.ts";
import type { ClusterState } from "./flux.ts";
import { key } from "./objects.ts";

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly workload: Workload;
  readonly replica: number;
  readonly node: WorldNode;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As Cilium prints them. */
  readonly identityLabels: LabelSet;
  readonly identity: number;
  /** The endpoint's id on its own node. */
  readonly endpointId: number;
  readonly startedAt: number;
  /** It leads the others of its workload, where one does. */
  readonly primary: boolean;
}

/** Whether a pod is one of those that a party means. */
export const isReplica = (replica: Replica, pod: Pod): boolean => {
  if (replica === "primary") return pod.primary;
  if (replica === "replica") return !pod.primary;
  return replica === null || replica === pod.replica;
};

/** Which replica leads at a time. */
const primaryOf = (workload: Workload, actions: readonly Action[], time: number): number => {
  const last = actions.findLast((a) => a.kind === "failover" && a.workload === workload.id && a.time <= time);
  return last?.kind === "failover" ? last.primary : 0;
};

/** Pods that stood before the world began. */
const AGE_AT_START = 9 * DAY;

/** Cilium's default filter, written down once more and not taken from the kernel (C A.2.4). */
const IRRELEVANT =
  /^(io\.kubernetes|kubernetes\.io|k8s\.io|[^/]*beta\.kubernetes\.io|statefulset\.kubernetes\.io\/pod-name|apps\.kubernetes\.io\/pod-index|batch\.kubernetes\.io\/|pod-template-hash|pod-template-generation|controller-revision-hash|controller-uid|annotation|etcd_node)/;

const namespaceLabels = (state: ClusterState, namespace: string): Readonly<Record<string, string>> => ({
  ...state.objects.get(key("v1", "Namespace", null, namespace))?.metadata.labels,
  "kubernetes.io/metadata.name": namespace,
});

const identityLabels = (workload: Workload, labels: Readonly<Record<string, string>>, state: ClusterState): LabelSet =>
  labelSet([
    ...Object.entries(labels).flatMap(([k, v]) => (IRRELEVANT.test(k) ? [] : [`k8s:${k}=${v}`])),
    // Flux's owner labels among them, as in any cluster that Flux runs.
    ...Object.entries(namespaceLabels(state, workload.namespace)).map(
      ([k, v]) => `k8s:io.cilium.k8s.namespace.labels.${k}=${v}`,
    ),
    `k8s:io.cilium.k8s.policy.cluster=${CLUSTER_NAME}`,
    `k8s:io.cilium.k8s.policy.serviceaccount=${workload.serviceAccount}`,
    `k8s:io.kubernetes.pod.namespace=${workload.namespace}`,
  ]);

const podName = (workload: Workload, replica: number, generation: number): string => {
  if (workload.kind === "StatefulSet") return `${workload.name}-${String(replica)}`;
  if (workload.kind === "Cluster") return `${workload.name}-${String(replica + 1)}`;
  if (workload.kind === "Job") return `${jobName(workload, String(generation))}-${suffix(5, workload.id, generation)}`;
  const own = suffix(5, workload.id, replica, generation);
  return workload.kind === "DaemonSet"
    ? `${workload.name}-${own}`
    : `${workload.name}-${suffix(9, workload.id)}-${own}`;
};

/** A scheduled Job is named after its minute, so its pods' identity is a new one each time. */
const jobName = (workload: Workload, run: string): string =>
  workload.runs?.kind === "schedule" ? `${workload.name}-${run}` : workload.name;

const templateLabels = (workload: Workload, replica: number, run: string): Record<string, string> => {
  if (workload.kind === "Job") {
    const name = jobName(workload, run);
    return {
      "batch.kubernetes.io/job-name": name,
      "job-name": name,
      "batch.kubernetes.io/controller-uid": suffix(12, name),
    };
  }
  if (workload.kind === "Deployment") return { "pod-template-hash": suffix(9, workload.id) };
  if (workload.kind === "StatefulSet") {
    return {
      "apps.kubernetes.io/pod-index": String(replica),
      "statefulset.kubernetes.io/pod-name": `${workload.name}-${String(replica)}`,
    };
  }
  return {};
};

interface Slot {
  readonly workload: Workload;
  readonly replica: number;
  readonly node: WorldNode;
  readonly generation: number;
  readonly startedAt: number;
  /** Tells one run of a Job from the next; empty for what runs all the time. */
  readonly run: string;
  readonly primary: boolean;
}

/** Every pod that runs in this state at this time; its name and address change when it restarts, its labels do not. */
export const podsAt = (
  state: ClusterState,
  actions: readonly Action[],
  start: number,
  time: number,
  guests: readonly Workload[] = [],
): readonly Pod[] => settle(slotsAt([...WORKLOADS, ...guests], state, actions, start, time, false), state);

/** Every pod there can be, Jobs that do not run now among them. */
export const everyPod = (state: ClusterState, actions: readonly Action[]): readonly Pod[] =>
  settle(slotsAt(WORKLOADS, state, actions, 0, 0, true), state);

const slotsAt = (
  workloads: readonly Workload[],
  state: ClusterState,
  actions: readonly Action[],
  start: number,
  time: number,
  always: boolean,
): readonly Slot[] => {
  const slots: Slot[] = [];
  for (const workload of workloads) {
    const born = workload.appliedBy === null ? start : state.born.get(workload.appliedBy);
    if (born === undefined) continue;
    if (workload.runs !== null) {
      const running = runsOf(workload, actions, start, time - DAY, time + 1).find((r) => r.from <= time && time < r.to);
      const run = always ? { from: time } : running;
      const node = NODES.find((n) => n.name === workload.nodes[0]);
      if (run === undefined || node === undefined) continue;
      const minute = Math.floor(run.from / MINUTE);
      slots.push({
        workload,
        replica: 0,
        node,
        generation: minute,
        startedAt: run.from,
        run: String(minute),
        primary: false,
      });
      continue;
    }
    for (const [replica, name] of workload.nodes.entries()) {
      const node = NODES.find((n) => n.name === name);
      if (node === undefined) continue;
      const restarts = actions.filter(
        (a) => a.kind === "restart" && a.workload === workload.id && a.replica === replica && a.time <= time,
      );
      const primary = workload.roles !== null && replica === primaryOf(workload, actions, time);
      const startedAt = restarts.at(-1)?.time ?? (born <= start ? start - AGE_AT_START : born);
      slots.push({ workload, replica, node, generation: restarts.length, startedAt, run: "", primary });
    }
  }
  return slots;
};

export interface Run {
  readonly from: number;
  readonly to: number;
}

/** When a CronJob's or Job's pod runs, as far as it touches `[from, to)`. */
export const runsOf = (
  workload: Workload,
  actions: readonly Action[],
  start: number,
  from: number,
  to: number,
): Run[] => {
  const { runs } = workload;
  if (runs === null) return [];
  const length = runs.minutes * MINUTE;
  const begins: number[] = [];
  if (runs.kind === "journey") {
    for (const a of actions) if (a.kind === "journey" && a.journey === runs.journey) begins.push(a.time);
  } else {
    const period = runs.everyHours * HOUR;
    const first = start + runs.atMinute * MINUTE;
    for (let k = Math.max(0, Math.floor((from - first - length) / period)); first + k * period < to; k++)
      begins.push(first + k * period);
  }
  return begins.map((begin) => ({ from: begin, to: begin + length })).filter((run) => run.from < to && run.to > from);
};

/** Addresses go out in order of start, so that a restart moves nobody else. */
const settle = (slots: readonly Slot[], state: ClusterState): readonly Pod[] => {
  const taken = new Set<string>();
  const ips = new Map<Slot, string>();
  const first = slots.filter((s) => s.generation === 0);
  const again = slots.filter((s) => s.generation > 0).sort((a, b) => a.startedAt - b.startedAt);
  for (const slot of [...first, ...again]) {
    if (slot.workload.hostNetwork) {
      ips.set(slot, slot.node.ip);
      continue;
    }
    let byte = hash(slot.workload.id, slot.replica, slot.generation) % 240;
    const at = (): string => `10.42.${String(slot.node.index)}.${String(10 + (byte % 240))}`;
    while (taken.has(at())) byte += 1;
    taken.add(at());
    ips.set(slot, at());
  }
  const identities = new Map<string, number>();
  const used = new Set<number>();
  const identityOf = (labels: LabelSet): number => {
    const text = labels.join(",");
    let identity = identities.get(text) ?? 1_000 + (hash(text) % 60_000);
    if (identities.has(text)) return identity;
    while (used.has(identity)) identity += 1;
    used.add(identity);
    identities.set(text, identity);
    return identity;
  };
  return slots.map((slot) => {
    const { workload, replica, node, generation, startedAt, run, primary } = slot;
    const labels = {
      ...workload.labels,
      ...workload.replicaLabels[replica],
      ...workload.roles?.[primary ? "primary" : "replica"],
      ...templateLabels(workload, replica, run),
    };
    const cilium = identityLabels(workload, labels, state);
    return {
      namespace: workload.namespace,
      name: podName(workload, replica, generation),
      workload,
      replica,
      node,
      ip: ips.get(slot) ?? "",
      labels,
      identityLabels: cilium,
      identity: identityOf(cilium),
      endpointId: 10 + (hash("endpoint", workload.id, replica, generation) % 4_000),
      startedAt,
      primary,
    };
  });
};
