import type { Area } from "../model.ts";
import { APISERVER_PORT } from "../nodes.ts";
import { asked, daily, every, journey, service, talk, tcp, web, workload } from "../make.ts";

const WIKI = { asks: "wiki.sample.example", via: "network/envoy-internal:443" } as const;

/**
 * Prometheus, whose targets follow from every workload's own metrics port; an exporter on the host's network; a prober
 * that keeps gateway connections warm; and a smoke test inside the cluster, green whatever happens to the way in.
 */
export const MONITORING: Area = {
  workloads: [
    workload("observability/prometheus", {
      kind: "StatefulSet",
      nodes: ["node-2"],
      serviceAccount: "prometheus",
      ports: [tcp("http", 9090)],
      probes: [9090],
    }),
    workload("observability/node-exporter", {
      kind: "DaemonSet",
      nodes: ["node-1", "node-2", "node-3"],
      ports: [tcp("metrics", 9100)],
      metrics: 9100,
      hostNetwork: true,
    }),
    web("probing/blackbox", "node-1", 9115),
    workload("probing/smoke", {
      kind: "Job",
      nodes: ["node-3"],
      runs: { kind: "schedule", everyHours: 6, atMinute: 15, minutes: 2 },
    }),
  ],
  services: [
    service("observability/prometheus", 37, [["http", 9090, 9090]]),
    service("probing/blackbox", 41, [["http", 9115, 9115]]),
  ],
  talks: [
    talk("observability/prometheus", "apiserver", String(APISERVER_PORT), every(10), { atStart: true }),
    talk("observability/prometheus", "probing/blackbox", "9115", every(10), {
      asks: "blackbox.probing.svc.cluster.local",
      via: "probing/blackbox:9115",
    }),
    talk("probing/blackbox", "network/envoy-internal", "10443", asked, WIKI),
    talk("probing/smoke", "network/envoy-internal", "10443", asked, { ...WIKI, atStart: true }),
  ],
  journeys: [
    journey(
      "probe wiki",
      "the prober opens https://wiki.sample.example",
      daily(0, 24, 144),
      "probing/blackbox > network/envoy-internal:10443",
      "network/envoy-internal > collab/wiki:3000",
    ),
    journey(
      "smoke test",
      "a curl of https://wiki.sample.example from inside the cluster",
      asked,
      "probing/blackbox > network/envoy-internal:10443",
      "network/envoy-internal > collab/wiki:3000",
    ),
  ],
};
