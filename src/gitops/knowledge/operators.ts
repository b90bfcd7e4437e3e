import { DATABASE_OPERATORS } from "./database-operators.ts";
import { MONITORING_OPERATORS } from "./monitoring-operators.ts";
import type { OperatorKnowledge } from "./operator.ts";

const instance = { "cnpg.io/cluster": "{name}", "cnpg.io/podRole": "instance" };
const cnpgJob = (role: string): Readonly<Record<string, string>> => ({
  "cnpg.io/cluster": "{name}",
  "cnpg.io/jobRole": role,
});

export const OPERATORS: readonly OperatorKnowledge[] = [
  {
    operator: "cnpg",
    group: "postgresql.cnpg.io",
    kind: "Cluster",
    pods: [
      // `cnpg.io/instanceRole` moves between the pods with every switchover, so no pod is known by it.
      {
        kind: "Cluster",
        name: "{name}",
        labels: instance,
        ports: ["postgresql:5432", "status:8000", "metrics:9187"],
        serviceAccount: "{name}",
      },
      // Instance Jobs carry no podRole: a policy written for the instances leaves them out (lesson 20).
      {
        kind: "Job",
        name: "{name}-initdb",
        labels: cnpgJob("initdb"),
        transient: true,
        serviceAccount: "{name}",
        unless: "spec.bootstrap.recovery",
      },
      {
        kind: "Job",
        name: "{name}-full-recovery",
        labels: cnpgJob("full-recovery"),
        transient: true,
        serviceAccount: "{name}",
        when: "spec.bootstrap.recovery",
      },
      {
        kind: "Job",
        name: "{name}-pgbasebackup",
        labels: cnpgJob("pgbasebackup"),
        transient: true,
        serviceAccount: "{name}",
        when: "spec.bootstrap.pg_basebackup",
      },
      {
        kind: "Job",
        name: "{name}-join",
        several: "spec.instances",
        labels: cnpgJob("join"),
        transient: true,
        serviceAccount: "{name}",
      },
    ],
    services: [
      { name: "{name}-rw", selector: instance, ports: ["5432:5432"] },
      { name: "{name}-ro", selector: instance, ports: ["5432:5432"] },
      { name: "{name}-r", selector: instance, ports: ["5432:5432"] },
    ],
  },
  {
    operator: "cnpg",
    group: "postgresql.cnpg.io",
    kind: "Pooler",
    pods: [
      {
        kind: "Pooler",
        name: "{name}",
        labels: {
          "cnpg.io/poolerName": "{name}",
          "cnpg.io/podRole": "pooler",
          "cnpg.io/cluster": "{spec.cluster.name}",
        },
        ports: ["pgbouncer:5432", "metrics:9127"],
      },
    ],
    services: [{ name: "{name}", selector: { "cnpg.io/poolerName": "{name}" }, ports: ["5432:5432"] }],
  },
  {
    operator: "dragonfly",
    group: "dragonflydb.io",
    kind: "Dragonfly",
    pods: [
      {
        kind: "Dragonfly",
        name: "{name}",
        labels: {
          app: "{name}",
          "app.kubernetes.io/name": "dragonfly",
          "app.kubernetes.io/instance": "{name}",
          "app.kubernetes.io/part-of": "dragonfly",
        },
        ports: ["redis:6379", "admin:9999"],
      },
    ],
    services: [
      { name: "{name}", selector: { app: "{name}", "app.kubernetes.io/name": "dragonfly" }, ports: ["6379:6379"] },
    ],
  },
  {
    operator: "prometheus-operator",
    group: "monitoring.coreos.com",
    kind: "Prometheus",
    pods: [
      {
        kind: "Prometheus",
        name: "{name}",
        labels: {
          "app.kubernetes.io/name": "prometheus",
          "app.kubernetes.io/managed-by": "prometheus-operator",
          "operator.prometheus.io/name": "{name}",
          prometheus: "{name}",
        },
        ports: ["web:9090", "reloader-web:8080"],
      },
    ],
    services: [
      { name: "prometheus-operated", selector: { "app.kubernetes.io/name": "prometheus" }, ports: ["9090:9090"] },
    ],
  },
  {
    operator: "prometheus-operator",
    group: "monitoring.coreos.com",
    kind: "Alertmanager",
    pods: [
      {
        kind: "Alertmanager",
        name: "{name}",
        labels: {
          "app.kubernetes.io/name": "alertmanager",
          "app.kubernetes.io/managed-by": "prometheus-operator",
          alertmanager: "{name}",
        },
        ports: ["web:9093", "mesh-tcp:9094"],
      },
    ],
    services: [
      { name: "alertmanager-operated", selector: { "app.kubernetes.io/name": "alertmanager" }, ports: ["9093:9093"] },
    ],
  },
  {
    operator: "rook",
    group: "ceph.rook.io",
    kind: "CephCluster",
    pods: [
      {
        kind: "CephCluster",
        name: "{name}-mon",
        labels: { app: "rook-ceph-mon", rook_cluster: "{namespace}" },
        ports: ["tcp-msgr2:3300", "tcp-msgr1:6789"],
      },
      {
        kind: "CephCluster",
        name: "{name}-mgr",
        labels: { app: "rook-ceph-mgr", rook_cluster: "{namespace}" },
        ports: ["mgr:6800", "http-metrics:9283", "dashboard:7000"],
      },
      { kind: "CephCluster", name: "{name}-osd", labels: { app: "rook-ceph-osd", rook_cluster: "{namespace}" } },
      {
        kind: "Job",
        name: "{name}-osd-prepare",
        labels: { app: "rook-ceph-osd-prepare", rook_cluster: "{namespace}" },
        transient: true,
      },
      {
        kind: "CephCluster",
        name: "{name}-crashcollector",
        labels: { app: "rook-ceph-crashcollector", rook_cluster: "{namespace}" },
      },
      {
        kind: "CephCluster",
        name: "{name}-exporter",
        labels: { app: "rook-ceph-exporter", rook_cluster: "{namespace}" },
        ports: ["http-metrics:9926"],
      },
    ],
    services: [
      {
        name: "rook-ceph-mgr",
        selector: { app: "rook-ceph-mgr", rook_cluster: "{namespace}" },
        ports: ["9283:http-metrics"],
      },
      {
        name: "rook-ceph-mgr-dashboard",
        selector: { app: "rook-ceph-mgr", rook_cluster: "{namespace}" },
        ports: ["7000:dashboard"],
      },
    ],
  },
  {
    operator: "rook",
    group: "ceph.rook.io",
    kind: "CephFilesystem",
    pods: [
      {
        kind: "CephFilesystem",
        name: "{name}-mds",
        labels: { app: "rook-ceph-mds", rook_file_system: "{name}" },
        ports: ["mds:6800"],
      },
    ],
  },
  {
    operator: "rook",
    group: "ceph.rook.io",
    kind: "CephObjectStore",
    pods: [
      {
        kind: "CephObjectStore",
        name: "{name}-rgw",
        labels: { app: "rook-ceph-rgw", rook_object_store: "{name}" },
        ports: ["http:8080"],
      },
    ],
    services: [
      {
        name: "rook-ceph-rgw-{name}",
        selector: { app: "rook-ceph-rgw", rook_object_store: "{name}" },
        ports: ["80:8080"],
      },
    ],
  },
  {
    operator: "actions-runner-controller",
    group: "actions.github.com",
    kind: "AutoscalingRunnerSet",
    pods: [
      {
        kind: "AutoscalingRunnerSet",
        name: "{name}",
        labels: {
          "actions.github.com/scale-set-name": "{name}",
          "actions.github.com/scale-set-namespace": "{namespace}",
          "app.kubernetes.io/component": "runner",
        },
        transient: true,
      },
    ],
  },
  {
    operator: "renovate-operator",
    group: "renovate-operator.mogenius.com",
    kind: "RenovateJob",
    pods: [
      {
        kind: "RenovateJob",
        name: "{name}",
        labels: { "renovate-operator.mogenius.com/name": "{name}" },
        transient: true,
      },
    ],
  },
  ...DATABASE_OPERATORS,
  ...MONITORING_OPERATORS,
  {
    operator: "keycloak",
    group: "k8s.keycloak.org",
    kind: "Keycloak",
    pods: [
      {
        kind: "Keycloak",
        name: "{name}",
        labels: {
          app: "keycloak",
          "app.kubernetes.io/instance": "{name}",
          "app.kubernetes.io/managed-by": "keycloak-operator",
        },
        ports: ["https:8443", "http:8080", "management:9000"],
      },
    ],
    services: [
      {
        name: "{name}-service",
        selector: { app: "keycloak", "app.kubernetes.io/instance": "{name}" },
        ports: ["8443:8443", "8080:8080", "9000:9000"],
      },
    ],
  },
  {
    operator: "volsync",
    group: "volsync.backube",
    kind: "ReplicationSource",
    pods: [
      {
        kind: "Job",
        name: "volsync-src-{name}",
        labels: { "app.kubernetes.io/created-by": "volsync", "volsync.backube/cleanup": "true" },
        transient: true,
      },
    ],
  },
  {
    operator: "volsync",
    group: "volsync.backube",
    kind: "ReplicationDestination",
    pods: [
      {
        kind: "Job",
        name: "volsync-dst-{name}",
        labels: { "app.kubernetes.io/created-by": "volsync", "volsync.backube/cleanup": "true" },
        transient: true,
      },
    ],
  },
];
