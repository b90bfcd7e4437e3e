import type { Area } from "../model.ts";
import { APISERVER_PORT } from "../nodes.ts";
import { every, service, talk, tcp, workload } from "../make.ts";

/** Prometheus; whom it reads follows from every workload's own metrics port. */
export const MONITORING: Area = {
  workloads: [
    workload("observability/prometheus", {
      kind: "StatefulSet",
      nodes: ["node-2"],
      serviceAccount: "prometheus",
      ports: [tcp("http", 9090)],
      probes: [9090],
    }),
  ],
  services: [service("observability/prometheus", 37, [["http", 9090, 9090]])],
  talks: [talk("observability/prometheus", "apiserver", String(APISERVER_PORT), every(10), { atStart: true })],
  journeys: [],
};
