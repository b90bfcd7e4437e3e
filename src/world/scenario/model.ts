import type { Protocol } from "../../facts/verdict.ts";

/** A machine of the cluster. Pods on it live in `10.42.<index>.0/24`. */
export interface WorldNode {
  readonly name: string;
  readonly index: number;
  readonly ip: string;
  readonly controlPlane: boolean;
}

export interface WorldPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/**
 * What makes pods, written down as it runs: labels, container ports and places are facts of the scenario and are
 * derived from no manifest, so that a wrong belief about manifests does not become true here.
 */
export interface Workload {
  /** `namespace/name`. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet" | "Cluster" | "Job";
  /** One pod per entry. */
  readonly nodes: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Labels that one replica has and the others have not. */
  readonly replicaLabels: readonly Readonly<Record<string, string>>[];
  /** Labels of the one that leads and of those that follow, which a failover swaps; null where all are equal. */
  readonly roles: Readonly<Record<"primary" | "replica", Readonly<Record<string, string>>>> | null;
  readonly serviceAccount: string;
  readonly ports: readonly WorldPort[];
  /** Its pods are the node to everybody: no endpoint, no policy (lesson 35). */
  readonly hostNetwork: boolean;
  /** Networks beyond the pod's own, which no policy and no Hubble sees. */
  readonly secondaryNetworks: readonly string[];
  /** Container ports that the kubelet of the pod's own node probes. */
  readonly probes: readonly number[];
  /** Container port that Prometheus reads, or null. */
  readonly metrics: number | null;
  /** The Flux Kustomization whose first apply brought it; null: it came with the cluster. */
  readonly appliedBy: string | null;
  /** When its pods run, where they do not run all the time. */
  readonly runs: Runs | null;
}

/** A CronJob's or Job's pods: for so many minutes, every so many hours, or each time a journey is walked. */
export type Runs =
  | { readonly kind: "schedule"; readonly everyHours: number; readonly atMinute: number; readonly minutes: number }
  | { readonly kind: "journey"; readonly journey: string; readonly minutes: number };

export interface WorldService {
  readonly namespace: string;
  readonly name: string;
  readonly type: "ClusterIP" | "LoadBalancer";
  readonly clusterIp: string;
  readonly loadBalancerIp: string | null;
  /** `namespace/name` of the workload behind it; `replica` when it is one pod (a database's primary). */
  readonly backend: { readonly workload: string; readonly replica: Replica } | null;
  readonly selector: Readonly<Record<string, string>> | null;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly target: number;
    readonly protocol: Protocol;
  }[];
  readonly appliedBy: string | null;
}

/** Somebody beyond the cluster: a name that resolves to addresses, or a machine of the LAN. */
export interface Outsider {
  readonly id: string;
  readonly name: string | null;
  readonly ips: readonly string[];
}

/** Which of a workload's pods: one by number, the one that leads, those that follow, or any. */
export type Replica = number | "primary" | "replica" | null;

/** One end of a talk. */
export type Party =
  | { readonly kind: "workload"; readonly id: string; readonly replica: Replica }
  /** Whatever runs in the host's network on the other end's own node: the kubelet. */
  | { readonly kind: "kubelet" }
  /** The API server on the control plane's node. */
  | { readonly kind: "apiserver" }
  /** The API server as the one who calls (webhooks). */
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "outsider"; readonly id: string }
  /** A client of a load balancer: the world's, or a node's after SNAT (C D.3), as the announcing node decides. */
  | { readonly kind: "client"; readonly id: string };

export type Cadence =
  /** All day, every so many milliseconds, from each pod of the source. */
  | { readonly kind: "steady"; readonly every: number }
  /** So many times between two hours of the day (UTC). */
  | { readonly kind: "daily"; readonly from: number; readonly to: number; readonly times: number }
  /** Once a week: day 0 is Sunday. */
  | { readonly kind: "weekly"; readonly day: number; readonly hour: number; readonly minute: number }
  /** Every so many days after the world began, at an hour of the day. */
  | { readonly kind: "days"; readonly every: number; readonly hour: number }
  /** Only as a step of a journey, or at a pod's start. */
  | { readonly kind: "asked" };

/** Who talks to whom: container port after translation, as policy sees it. */
export interface Talk {
  readonly id: string;
  readonly from: Party;
  readonly to: Party;
  readonly port: number;
  readonly protocol: Protocol;
  readonly cadence: Cadence;
  /** The name that the source asks of DNS first. */
  readonly asks: string | null;
  /** `namespace/service:port` that the source dials, where a Service is translated before policy looks. */
  readonly via: string | null;
  /** The other way is no conntrack reply but a talk of its own (VXLAN: fixed port both ways, C D.10). */
  readonly oneWay: boolean;
  /** It also happens whenever a pod of the source starts. */
  readonly atStart: boolean;
}

/** Steps in order; one that is dropped ends the journey, as a person would see it. */
export interface Journey {
  readonly id: string;
  readonly about: string;
  /** Talk ids. */
  readonly steps: readonly string[];
  readonly cadence: Cadence;
}

/** One part of the cluster: who runs there, what stands before it, whom it talks to and what people do with it. */
export interface Area {
  readonly workloads: readonly Workload[];
  readonly services: readonly WorldService[];
  readonly talks: readonly Talk[];
  readonly journeys: readonly Journey[];
}
