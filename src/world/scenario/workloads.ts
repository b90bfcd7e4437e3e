import type { Protocol } from "../../facts/verdict.ts";
import type { Workload, WorldPort } from "./model.ts";

type Given = Pick<Workload, "nodes"> & Partial<Omit<Workload, "id" | "namespace" | "name" | "nodes">>;

const tcp = (name: string, port: number): WorldPort => ({ name, port, protocol: "TCP" });
const udp = (name: string, port: number): WorldPort => ({ name, port, protocol: "UDP" });

const workload = (id: string, given: Given): Workload => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    id,
    namespace,
    name,
    kind: "Deployment",
    labels: { "app.kubernetes.io/name": name },
    replicaLabels: [],
    serviceAccount: "default",
    ports: [],
    hostNetwork: false,
    probes: [],
    metrics: null,
    appliedBy: id,
    ...given,
  };
};

/** The app-template chart's pod labels. */
const appTemplate = (name: string): Record<string, string> => ({
  "app.kubernetes.io/controller": name,
  "app.kubernetes.io/instance": name,
  "app.kubernetes.io/name": name,
});

/** Envoy Gateway's data-plane pods; a listener below 1024 listens 10,000 higher inside the pod. */
const gateway = (name: string, nodes: readonly string[]): Workload =>
  workload(`network/${name}`, {
    nodes,
    labels: {
      "app.kubernetes.io/component": "proxy",
      "app.kubernetes.io/managed-by": "envoy-gateway",
      "app.kubernetes.io/name": "envoy",
      "gateway.envoyproxy.io/owning-gateway-name": name,
      "gateway.envoyproxy.io/owning-gateway-namespace": "network",
    },
    serviceAccount: name,
    ports: [tcp("http-80", 10080), tcp("https-443", 10443), tcp("metrics", 19001), tcp("readiness", 19003)],
    probes: [19003],
    metrics: 19001,
    appliedBy: "network/gateways",
  });

const flux = (name: string, node: string): Workload =>
  workload(`flux-system/${name}`, {
    nodes: [node],
    labels: {
      app: name,
      "app.kubernetes.io/component": name,
      "app.kubernetes.io/instance": "flux-system",
      "app.kubernetes.io/part-of": "flux",
    },
    serviceAccount: name,
    ports: [tcp("http", 9090), tcp("http-prom", 8080), tcp("healthz", 9440)],
    probes: [9440],
    metrics: 8080,
    appliedBy: null,
  });

const web = (id: string, node: string, port: number, given: Partial<Given> = {}): Workload =>
  workload(id, { nodes: [node], ports: [tcp("http", port)], probes: [port], ...given });

const dns: readonly WorldPort[] = [udp("dns", 53), tcp("dns-tcp", 53), tcp("metrics", 9153)] satisfies readonly {
  protocol: Protocol;
}[];

const PG_MAIN: Readonly<Record<string, string>> = {
  "app.kubernetes.io/component": "database",
  "app.kubernetes.io/instance": "pg-main",
  "app.kubernetes.io/managed-by": "cloudnative-pg",
  "app.kubernetes.io/name": "postgresql",
  "app.kubernetes.io/version": "17",
  "cnpg.io/cluster": "pg-main",
  "cnpg.io/podRole": "instance",
};

const pgInstance = (number: number): Record<string, string> => {
  const role = number === 1 ? "primary" : "replica";
  return { "cnpg.io/instanceName": `pg-main-${String(number)}`, "cnpg.io/instanceRole": role, role };
};

export const WORKLOADS: readonly Workload[] = [
  workload("kube-system/coredns", {
    nodes: ["node-1", "node-2"],
    labels: { "app.kubernetes.io/name": "coredns", "k8s-app": "kube-dns" },
    serviceAccount: "coredns",
    ports: dns,
    probes: [8080, 8181],
    metrics: 9153,
  }),
  workload("kube-system/hubble-relay", {
    nodes: ["node-2"],
    labels: {
      "app.kubernetes.io/name": "hubble-relay",
      "app.kubernetes.io/part-of": "cilium",
      "k8s-app": "hubble-relay",
    },
    serviceAccount: "hubble-relay",
    ports: [tcp("grpc", 4245)],
    probes: [4222],
    appliedBy: null,
  }),
  flux("source-controller", "node-2"),
  flux("kustomize-controller", "node-3"),
  flux("helm-controller", "node-3"),
  flux("notification-controller", "node-1"),
  workload("network/envoy-gateway", {
    nodes: ["node-2"],
    labels: {
      "app.kubernetes.io/instance": "envoy-gateway",
      "app.kubernetes.io/name": "gateway-helm",
      "control-plane": "envoy-gateway",
    },
    serviceAccount: "envoy-gateway",
    ports: [tcp("grpc", 18000), tcp("ratelimit", 18001), tcp("metrics", 19001), tcp("webhook", 9443)],
    probes: [8081],
    metrics: 19001,
  }),
  gateway("envoy-external", ["node-1", "node-3"]),
  gateway("envoy-internal", ["node-2", "node-3"]),
  web("network/tunnel", "node-3", 8080, { metrics: 8080 }),
  web("auth/idp", "node-2", 9091, { labels: appTemplate("idp") }),
  web("auth/ldap", "node-1", 17170, { ports: [tcp("ldap", 3890), tcp("http", 17170)] }),
  web("collab/wiki", "node-2", 3000),
  web("collab/board", "node-3", 8065, { labels: appTemplate("board") }),
  web("home/stock", "node-3", 8080),
  workload("databases/cloudnative-pg", {
    nodes: ["node-1"],
    labels: { "app.kubernetes.io/instance": "cloudnative-pg", "app.kubernetes.io/name": "cloudnative-pg" },
    serviceAccount: "cloudnative-pg",
    ports: [tcp("metrics", 8080), tcp("webhook-server", 9443)],
    probes: [9443],
    metrics: 8080,
  }),
  workload("databases/pg-main", {
    kind: "Cluster",
    nodes: ["node-1", "node-2", "node-3"],
    labels: PG_MAIN,
    replicaLabels: [1, 2, 3].map(pgInstance),
    serviceAccount: "pg-main",
    ports: [tcp("postgresql", 5432), tcp("metrics", 9187), tcp("status", 8000)],
    probes: [8000],
    metrics: 9187,
  }),
  workload("observability/prometheus", {
    kind: "StatefulSet",
    nodes: ["node-2"],
    serviceAccount: "prometheus",
    ports: [tcp("http", 9090)],
    probes: [9090],
  }),
  web("media/player", "node-1", 8096),
  web("selfhosted/webhook", "node-3", 8080, { metrics: 8080 }),
  workload("vpn/pod-gateway", {
    nodes: ["node-3"],
    labels: { "app.kubernetes.io/instance": "pod-gateway", "app.kubernetes.io/name": "pod-gateway" },
    ports: [udp("vxlan", 4789)],
    probes: [9999],
  }),
  web("downloads/fetcher", "node-1", 8080),
];
