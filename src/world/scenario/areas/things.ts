import type { Area } from "../model.ts";
import { INSIDE, asked, daily, every, journey, service, talk, tcp, web, workload } from "../make.ts";
import { SITES } from "../nodes.ts";

/** What fits no pattern: a crawler, an app that downloads when it starts, a broker, LAN machines, multicast, a CronJob. */
export const THINGS: Area = {
  workloads: [
    web("ai/crawler", "node-2", 8080),
    web("ai/models", "node-3", 11434),
    web("iot/broker", "node-1", 1883, { ports: [tcp("mqtt", 1883)] }),
    web("iot/hub", "node-2", 8123, { secondaryNetworks: ["iot/lan"] }),
    // No labels of its own: its pods are known by the Job's name alone, which is another one each night.
    workload("iot/tidy", {
      kind: "Job",
      nodes: ["node-3"],
      labels: {},
      runs: { kind: "schedule", everyHours: 24, atMinute: 3 * 60 + 30, minutes: 4 },
    }),
  ],
  services: [
    service("ai/crawler", 60, [["http", 80, 8080]]),
    service("ai/models", 61, [["http", 80, 11434]]),
    service("iot/broker", 62, [["mqtt", 1883, 1883]], { type: "LoadBalancer", loadBalancerIp: "10.45.0.20" }),
    service("iot/hub", 63, [["http", 8123, 8123]]),
  ],
  talks: [
    ...SITES.map((site) => talk("ai/crawler", `outside:${site.id}`, "443", daily(0, 24, 2), { asks: site.name ?? "" })),
    talk("ai/models", "outside:models-hub", "443", asked, { asks: "hub.models.example", atStart: true }),
    talk("network/envoy-internal", "ai/crawler", "8080", asked),
    talk("network/envoy-internal", "ai/models", "11434", asked),
    talk("client:sensor", "iot/broker", "1883", asked),
    talk("iot/hub", "iot/broker", "1883", every(30), {
      asks: "broker.iot.svc.cluster.local",
      via: "iot/broker:1883",
      atStart: true,
    }),
    talk("iot/hub", "outside:camera", "80", every(15)),
    talk("iot/hub", "outside:heating", "8080", every(30)),
    // Multicast DNS: no ipcache entry, so to policy the group's address is the world (C D.11).
    talk("iot/hub", "outside:mdns", "5353/UDP", every(20), { oneWay: true, atStart: true }),
    talk("network/envoy-internal", "iot/hub", "8123", asked),
    talk("iot/tidy", "outside:packages", "80", asked, { asks: "packages.distro.example", atStart: true }),
    talk("iot/tidy", "iot/hub", "8123", asked, {
      asks: "hub.iot.svc.cluster.local",
      via: "iot/hub:8123",
      atStart: true,
    }),
  ],
  journeys: [
    journey(
      "browse search",
      "open https://search.sample.example from the LAN",
      daily(8, 22, 10),
      INSIDE,
      "network/envoy-internal > ai/crawler:8080",
    ),
    journey(
      "browse models",
      "open https://models.sample.example from the LAN",
      daily(8, 22, 6),
      INSIDE,
      "network/envoy-internal > ai/models:11434",
    ),
    journey(
      "browse hub",
      "open https://hub.sample.example from the LAN",
      daily(6, 23, 20),
      INSIDE,
      "network/envoy-internal > iot/hub:8123",
    ),
    journey(
      "follow a bad link",
      "the crawler follows a link to a site whose name means harm",
      asked,
      "ai/crawler > outside:site-hostile:443",
    ),
    journey(
      "sensor report",
      "a sensor of the LAN publishes to mqtt://10.45.0.20:1883",
      daily(0, 24, 96),
      "client:sensor > iot/broker:1883",
    ),
  ],
};
