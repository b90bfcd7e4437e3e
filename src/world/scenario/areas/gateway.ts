import type { Area, Workload, WorldService } from "../model.ts";
import { APISERVER_PORT } from "../nodes.ts";
import { asked, byDay, every, journey, service, talk, tcp, udp, web, workload } from "../make.ts";

const labels = (name: string): Record<string, string> => ({
  "app.kubernetes.io/component": "proxy",
  "app.kubernetes.io/managed-by": "envoy-gateway",
  "app.kubernetes.io/name": "envoy",
  "gateway.envoyproxy.io/owning-gateway-name": name,
  "gateway.envoyproxy.io/owning-gateway-namespace": "network",
});

/** Envoy Gateway's data-plane pods; a listener below 1024 listens 10,000 higher inside the pod. */
const proxy = (name: string, nodes: readonly string[]): Workload =>
  workload(`network/${name}`, {
    nodes,
    labels: labels(name),
    serviceAccount: name,
    ports: [
      tcp("http-80", 10080),
      tcp("https-443", 10443),
      udp("https-443-quic", 10443),
      tcp("metrics", 19001),
      tcp("readiness", 19003),
    ],
    probes: [19003],
    metrics: 19001,
    appliedBy: "network/gateways",
  });

const loadBalancer = (name: string, lastByte: number, address: string): WorldService =>
  service(
    `network/${name}`,
    lastByte,
    [
      ["http-80", 80, 10080],
      ["https-443", 443, 10443],
    ],
    { type: "LoadBalancer", loadBalancerIp: address, selector: labels(name), appliedBy: "network/gateways" },
  );

/** The gateways' way to every app: Envoy resolves endpoints itself and asks no DNS. */
const BEHIND: readonly (readonly [gateways: readonly string[], app: string, port: number])[] = [
  [["envoy-external"], "selfhosted/webhook", 8080],
  [["envoy-external", "envoy-internal"], "collab/wiki", 3000],
  [["envoy-external", "envoy-internal"], "collab/board", 8065],
  [["envoy-external", "envoy-internal"], "auth/idp", 9091],
  [["envoy-internal"], "home/stock", 8080],
  [["envoy-external", "envoy-internal"], "media/player", 8096],
  [["envoy-internal"], "observability/prometheus", 9090],
  [["envoy-internal"], "downloads/fetcher", 8080],
];

export const GATEWAY: Area = {
  workloads: [
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
    proxy("envoy-external", ["node-1", "node-3"]),
    proxy("envoy-internal", ["node-2", "node-3"]),
    web("network/tunnel", "node-3", 8080, { metrics: 8080 }),
  ],
  services: [
    service("network/envoy-gateway", 20, [["grpc", 18000, 18000]], { selector: { "control-plane": "envoy-gateway" } }),
    loadBalancer("envoy-external", 21, "10.45.0.13"),
    loadBalancer("envoy-internal", 22, "10.45.0.12"),
  ],
  talks: [
    talk("network/envoy-gateway", "apiserver", String(APISERVER_PORT), every(10), { atStart: true }),
    ...["envoy-external", "envoy-internal"].map((name) =>
      talk(`network/${name}`, "network/envoy-gateway", "18000", every(30), {
        asks: "envoy-gateway.network.svc.cluster.local",
        via: "network/envoy-gateway:18000",
        atStart: true,
      }),
    ),
    talk("network/tunnel", "outside:tunnel-edge", "7844", every(20), { asks: "edge.tunnel.example", atStart: true }),
    talk("network/tunnel", "outside:tunnel-edge", "7844/UDP", every(20), {
      asks: "edge.tunnel.example",
      atStart: true,
    }),
    talk("network/tunnel", "network/envoy-external", "10443", asked, {
      asks: "envoy-external.network.svc.cluster.local",
      via: "network/envoy-external:443",
    }),
    talk("client:laptop", "network/envoy-internal", "10443", asked),
    talk("client:phone", "network/envoy-internal", "10443", asked),
    // HTTP/3: the same port over UDP.
    talk("client:phone", "network/envoy-internal", "10443/UDP", asked),
    ...BEHIND.flatMap(([gateways, app, port]) => gateways.map((g) => talk(`network/${g}`, app, String(port), asked))),
  ],
  journeys: [
    journey(
      "browse wiki quic",
      "open https://wiki.sample.example from the LAN over HTTP/3",
      byDay(6),
      "client:phone > network/envoy-internal:10443/UDP",
      "network/envoy-internal > collab/wiki:3000",
    ),
  ],
};
