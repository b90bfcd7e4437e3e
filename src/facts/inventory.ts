import type { Certainty } from "./known.ts";
import type { Origin, PolicyDocument, PolicyKind, PolicyRef } from "./policy.ts";
import type { Protocol } from "./verdict.ts";

/** A Kubernetes object as rendered: what lands in the API server, before Flux substitutes variables it cannot know. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly object: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
  /** Position of a path inside the object, where it came from a file. */
  readonly locate: (path: readonly (string | number)[]) => Origin | null;
  /** `ns/name` of the Flux Kustomization that applies it; null when it is applied by none we know. */
  readonly owner: string | null;
}

/** A Flux Kustomization. Names are not unique across namespaces; `id` is `namespace/name`. */
export interface FluxKustomization {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** The folder it builds, relative to the repository root. */
  readonly path: string;
  readonly targetNamespace: string | null;
  /** It or an ancestor is suspended in Git, so that nothing new gets through it. */
  readonly suspended: boolean;
  /** `suspend: true` stands in its own manifest. */
  readonly suspendedHere?: boolean;
  readonly dependsOn: readonly string[];
  /** The Flux Kustomization that applies this one, or null for a root. */
  readonly parent: string | null;
  readonly source: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly origin: Origin;
  readonly objects: readonly RenderedObject[];
}

export interface ContainerPort {
  readonly name: string | null;
  readonly port: number;
  readonly protocol: Protocol;
  readonly sure: Certainty;
}

export interface ContainerFact {
  readonly name: string;
  readonly image: string | null;
  readonly ports: readonly ContainerPort[];
  /** Container ports that the kubelet probes. */
  readonly probePorts: readonly (number | string)[];
}

/** Anything that makes pods: Deployment, StatefulSet, DaemonSet, Job, CronJob, an operator's custom resource. */
export interface WorkloadFact {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  /** Pod labels, without sources and without Cilium's own. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** False when more labels may exist than we know (a chart we cannot render). */
  readonly labelsComplete: boolean;
  readonly serviceAccount: string | null;
  readonly containers: readonly ContainerFact[];
  readonly hostNetwork: boolean;
  /** Networks beyond the pod's own (Multus); their traffic is outside policy (lesson 35). */
  readonly secondaryNetworks: readonly string[];
  /** Its own Kustomization or HelmRelease is suspended, or it is scaled to zero on purpose. */
  readonly suspended: boolean;
  /** Pods that run now and then rather than all the time. */
  readonly transient: boolean;
  readonly sure: Certainty;
  /** Who makes the pods: the manifest itself, a chart, an operator (`cnpg`), or seen in the cluster. */
  readonly from: { readonly kind: "manifest" | "chart" | "operator" | "cluster"; readonly name: string };
  readonly owner: string | null;
  readonly origin: Origin | null;
}

export interface ServicePortFact {
  readonly name: string | null;
  readonly port: number;
  /** As written; a name is resolved in `containerPort` where the pods are known. */
  readonly targetPort: number | string;
  readonly containerPort: number | null;
  readonly protocol: Protocol;
}

export interface ServiceFact {
  readonly namespace: string;
  readonly name: string;
  readonly type: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
  /** Null: no selector, so its endpoints are somebody else's business. */
  readonly selector: Readonly<Record<string, string>> | null;
  readonly ports: readonly ServicePortFact[];
  readonly loadBalancerIps: readonly string[];
  /** Names that external-dns or an annotation publishes for it. */
  readonly hostnames: readonly string[];
  readonly externalTrafficPolicy: "Cluster" | "Local" | null;
  readonly externalName: string | null;
  /** What stands behind a Service without a selector, from the cluster; absent where nobody said. */
  readonly endpoints?: readonly {
    readonly address: string;
    readonly pod: Pick<WorkloadFact, "kind" | "name"> | null;
    readonly ports: readonly { readonly name: string | null; readonly port: number; readonly protocol: Protocol }[];
  }[];
  /** Labels of the Service itself, which ServiceMonitors select. */
  readonly labels?: Readonly<Record<string, string>>;
  /** It runs, and no manifest writes it: what it is for stands in its name alone. */
  readonly unwritten?: true;
  readonly sure: Certainty;
  readonly origin: Origin | null;
}

export interface GatewayFact {
  readonly namespace: string;
  readonly name: string;
  /** Labels of the data-plane pods: the peer that policy sees. */
  readonly podLabels: Readonly<Record<string, string>>;
  readonly podNamespace: string;
  readonly listeners: readonly {
    readonly name: string;
    readonly port: number;
    readonly containerPort: number;
    readonly protocol: string;
    readonly hostname: string | null;
    /** HTTP/3: the same port over UDP. */
    readonly udp: boolean;
  }[];
  readonly addresses: readonly string[];
  /** Cilium's own Envoy serves it: there are no pods, and policy sees the entity `ingress` (C D.2). */
  readonly servedBy?: "cilium";
  /** An Ingress controller stands here too; this is the class it serves. */
  readonly ingressClass?: string;
  readonly sure: Certainty;
  readonly origin: Origin | null;
}

export interface RouteFact {
  readonly kind: "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute" | "Ingress" | "IngressRoute";
  readonly namespace: string;
  readonly name: string;
  readonly hostnames: readonly string[];
  /** `namespace/name` of each gateway (or ingress class). */
  readonly gateways: readonly string[];
  readonly backends: readonly {
    readonly namespace: string;
    readonly service: string;
    readonly port: number | string;
  }[];
  readonly sure: Certainty;
  readonly origin: Origin | null;
}

/** What a manifest says that a workload will talk to, seen or not. */
export interface DeclaredEdge {
  readonly source: { readonly namespace: string; readonly workload: string; readonly kind: string };
  /** The host as written (variables kept), an address, or a Service. */
  readonly target:
    | { readonly kind: "host"; readonly host: string }
    | { readonly kind: "address"; readonly address: string }
    | { readonly kind: "service"; readonly namespace: string; readonly name: string }
    | { readonly kind: "workload"; readonly namespace: string; readonly name: string }
    /** Somewhere outside the cluster that no manifest can name, and why not. */
    | { readonly kind: "outside"; readonly why: string };
  /** Port as written: a Service port for a Service, else the destination's. */
  readonly port: number;
  readonly protocol: Protocol;
  /** `url`, `issuer`, `probe`, `scrape`, `database`, `backup`, `webhook`, `redirect` ... */
  readonly why: string;
  /** The configuration key: `OIDC_ISSUER`, `spec.backup.endpointURL`. */
  readonly key: string;
  readonly sure: Certainty;
  readonly origin: Origin;
}

export interface NamespaceFact {
  readonly name: string;
  /** The folder its manifests live in, where there is one. */
  readonly folder: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** The Flux Kustomization (or an ancestor) that carries it is suspended in Git. */
  readonly suspended: boolean;
  /** Commented out of its parent, or no path leads to it. */
  readonly dormant: boolean;
  readonly origin: Origin | null;
}

export interface AppliedPolicy extends PolicyDocument {
  readonly ref: PolicyRef;
  readonly owner: string | null;
}

/** A policy written in a file that nothing applied reaches. */
export interface OrphanPolicy extends Origin {
  readonly kind?: PolicyKind;
  readonly name?: string;
  /** The kustomization that lists the file and is itself not applied; null when none lists it. */
  readonly listedBy?: string | null;
  /** The kustomization in its own folder, or the next one up. */
  readonly nearest?: string | null;
}

/** Something the walk did not understand: said, never guessed. */
export interface InventoryProblem {
  readonly what: string;
  readonly origin: Origin | null;
  readonly remedy: string;
}

/** What the repository (and, where reachable, the cluster) says exists. */
export interface Inventory {
  readonly commit: string | null;
  readonly namespaces: readonly NamespaceFact[];
  readonly kustomizations: readonly FluxKustomization[];
  readonly objects: readonly RenderedObject[];
  readonly policies: readonly AppliedPolicy[];
  readonly workloads: readonly WorkloadFact[];
  readonly services: readonly ServiceFact[];
  readonly gateways: readonly GatewayFact[];
  readonly routes: readonly RouteFact[];
  readonly declared: readonly DeclaredEdge[];
  /** Policies in files that nothing applied reaches. */
  readonly orphans: readonly OrphanPolicy[];
  readonly problems: readonly InventoryProblem[];
}
