import type { WorldService } from "./model.ts";

type Port = readonly [name: string, port: number, target: number, protocol?: "TCP" | "UDP"];

/** Services in front of the scenario's pods, with the container port that each port really reaches. */
const service = (
  id: string,
  lastByte: number,
  ports: readonly Port[],
  given: Partial<WorldService> = {},
): WorldService => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    namespace,
    name,
    type: "ClusterIP",
    clusterIp: `10.43.0.${String(lastByte)}`,
    loadBalancerIp: null,
    backend: { workload: id, replica: null },
    selector: { "app.kubernetes.io/name": name },
    ports: ports.map(([name, port, target, protocol = "TCP"]) => ({ name, port, target, protocol })),
    appliedBy: id,
    ...given,
  };
};

const gateway = (name: string, lastByte: number, address: string): WorldService =>
  service(
    `network/${name}`,
    lastByte,
    [
      ["http-80", 80, 10080],
      ["https-443", 443, 10443],
    ],
    {
      type: "LoadBalancer",
      loadBalancerIp: address,
      selector: {
        "app.kubernetes.io/component": "proxy",
        "app.kubernetes.io/managed-by": "envoy-gateway",
        "app.kubernetes.io/name": "envoy",
        "gateway.envoyproxy.io/owning-gateway-name": name,
        "gateway.envoyproxy.io/owning-gateway-namespace": "network",
      },
      appliedBy: "network/gateways",
    },
  );

export const SERVICES: readonly WorldService[] = [
  service(
    "kube-system/kube-dns",
    10,
    [
      ["dns", 53, 53, "UDP"],
      ["dns-tcp", 53, 53],
      ["metrics", 9153, 9153],
    ],
    {
      backend: { workload: "kube-system/coredns", replica: null },
      selector: { "k8s-app": "kube-dns" },
      appliedBy: "kube-system/coredns",
    },
  ),
  service("kube-system/hubble-relay", 11, [["grpc", 80, 4245]], {
    selector: { "k8s-app": "hubble-relay" },
    appliedBy: null,
  }),
  service("flux-system/source-controller", 12, [["http", 80, 9090]], {
    selector: { app: "source-controller" },
    appliedBy: null,
  }),
  service("flux-system/notification-controller", 13, [["http", 80, 9090]], {
    selector: { app: "notification-controller" },
    appliedBy: null,
  }),
  service("network/envoy-gateway", 20, [["grpc", 18000, 18000]], { selector: { "control-plane": "envoy-gateway" } }),
  gateway("envoy-external", 21, "10.45.0.13"),
  gateway("envoy-internal", 22, "10.45.0.12"),
  service("auth/idp", 30, [["http", 9091, 9091]]),
  service("auth/ldap", 31, [
    ["http", 17170, 17170],
    ["ldap", 3890, 3890],
  ]),
  service("collab/wiki", 32, [["http", 80, 3000]]),
  service("collab/board", 33, [["http", 8065, 8065]]),
  service("home/stock", 34, [["http", 80, 8080]]),
  service("databases/pg-main-rw", 35, [["postgres", 5432, 5432]], {
    backend: { workload: "databases/pg-main", replica: 0 },
    selector: { "cnpg.io/cluster": "pg-main", "cnpg.io/instanceRole": "primary" },
    appliedBy: "databases/pg-main",
  }),
  service("databases/cnpg-webhook-service", 36, [["webhook-server", 443, 9443]], {
    backend: { workload: "databases/cloudnative-pg", replica: null },
    selector: { "app.kubernetes.io/name": "cloudnative-pg" },
    appliedBy: "databases/cloudnative-pg",
  }),
  service("observability/prometheus", 37, [["http", 9090, 9090]]),
  service("media/player", 38, [["http", 80, 8096]]),
  service("selfhosted/webhook", 39, [["http", 80, 8080]]),
  service("downloads/fetcher", 40, [["http", 80, 8080]]),
];

export const serviceOf = (id: string): WorldService | null =>
  SERVICES.find((s) => `${s.namespace}/${s.name}` === id) ?? null;
