import type { Area } from "../model.ts";
import { APISERVER_PORT } from "../nodes.ts";
import { asked, every, journey, service, talk, tcp, workload } from "../make.ts";

const PG_MAIN: Readonly<Record<string, string>> = {
  "app.kubernetes.io/component": "database",
  "app.kubernetes.io/instance": "pg-main",
  "app.kubernetes.io/managed-by": "cloudnative-pg",
  "app.kubernetes.io/name": "postgresql",
  "app.kubernetes.io/version": "17",
  "cnpg.io/cluster": "pg-main",
  "cnpg.io/podRole": "instance",
};

const RECOVERY = "databases/pg-main-1-full-recovery";

const role = (name: "primary" | "replica"): Record<string, string> => ({ "cnpg.io/instanceRole": name, role: name });

/** CloudNativePG: an operator, a cluster of three, a weekly backup beyond the LAN. */
export const DATABASES: Area = {
  workloads: [
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
      replicaLabels: [1, 2, 3].map((n) => ({ "cnpg.io/instanceName": `pg-main-${String(n)}` })),
      roles: { primary: role("primary"), replica: role("replica") },
      serviceAccount: "pg-main",
      ports: [tcp("postgresql", 5432), tcp("metrics", 9187), tcp("status", 8000)],
      probes: [8000],
      metrics: 9187,
    }),
    // A restored instance is a Job of the operator's, under labels of its own (lesson 33).
    workload(RECOVERY, {
      kind: "Job",
      nodes: ["node-1"],
      labels: { "cnpg.io/cluster": "pg-main", "cnpg.io/instanceName": "pg-main-1", "cnpg.io/jobRole": "full-recovery" },
      serviceAccount: "pg-main",
      appliedBy: "databases/pg-main",
      runs: { kind: "journey", journey: "recover pg-main", minutes: 10 },
    }),
  ],
  services: [
    service("databases/pg-main-rw", 35, [["postgres", 5432, 5432]], {
      backend: { workload: "databases/pg-main", replica: "primary" },
      selector: { "cnpg.io/cluster": "pg-main", "cnpg.io/instanceRole": "primary" },
      appliedBy: "databases/pg-main",
    }),
    service("databases/cnpg-webhook-service", 36, [["webhook-server", 443, 9443]], {
      backend: { workload: "databases/cloudnative-pg", replica: null },
      selector: { "app.kubernetes.io/name": "cloudnative-pg" },
      appliedBy: "databases/cloudnative-pg",
    }),
  ],
  talks: [
    ...["databases/cloudnative-pg", "databases/pg-main"].map((id) =>
      talk(id, "apiserver", String(APISERVER_PORT), every(10), { atStart: true }),
    ),
    ...[0, 1, 2].map((n) => talk("databases/cloudnative-pg", `databases/pg-main#${String(n)}`, "8000", every(5))),
    talk("databases/pg-main#replica", "databases/pg-main#primary", "5432", every(30), {
      asks: "pg-main-rw.databases.svc.cluster.local",
      atStart: true,
    }),
    // What a restore does, and nothing else ever shows: it reads the backup and tells the API server how far it is.
    talk(RECOVERY, "outside:s3", "443", asked, { asks: "s3.offsite.example", atStart: true }),
    talk(RECOVERY, "apiserver", String(APISERVER_PORT), asked, { atStart: true }),
    talk(
      "databases/pg-main#2",
      "outside:s3",
      "443",
      { kind: "weekly", day: 0, hour: 2, minute: 30 },
      { asks: "s3.offsite.example" },
    ),
  ],
  journeys: [
    journey("recover pg-main", "the operator restores an instance of pg-main from its backup", asked),
    journey(
      "backup pg-main",
      "kubectl cnpg backup pg-main -n databases",
      asked,
      "databases/pg-main#2 > outside:s3:443",
    ),
  ],
};
