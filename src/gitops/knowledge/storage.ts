import { app, type ChartKnowledge } from "./chart.ts";

/** Storage engines, with the pods they make beside those of the chart. */
export const STORAGE: readonly ChartKnowledge[] = [
  {
    charts: ["longhorn"],
    workloads: [
      {
        kind: "DaemonSet",
        name: "longhorn-manager",
        labels: { app: "longhorn-manager", ...app("longhorn") },
        ports: ["manager:9500", "conversion-wh:9501", "admission-wh:9502", "recov-backend:9503"],
        serviceAccount: "longhorn-service-account",
      },
      {
        kind: "Deployment",
        name: "longhorn-ui",
        labels: { app: "longhorn-ui", ...app("longhorn") },
        ports: ["http:8000"],
      },
      {
        kind: "Deployment",
        name: "longhorn-driver-deployer",
        labels: { app: "longhorn-driver-deployer", ...app("longhorn") },
      },
      { kind: "DaemonSet", name: "longhorn-csi-plugin", labels: { app: "longhorn-csi-plugin" } },
      { kind: "Deployment", name: "csi-attacher", labels: { app: "csi-attacher" } },
      { kind: "Deployment", name: "csi-provisioner", labels: { app: "csi-provisioner" } },
      { kind: "Deployment", name: "csi-resizer", labels: { app: "csi-resizer" } },
      { kind: "Deployment", name: "csi-snapshotter", labels: { app: "csi-snapshotter" } },
      {
        kind: "DaemonSet",
        name: "engine-image",
        labels: { "longhorn.io/component": "engine-image", "longhorn.io/managed-by": "longhorn-manager" },
      },
      {
        kind: "DaemonSet",
        name: "instance-manager",
        labels: { "longhorn.io/component": "instance-manager", "longhorn.io/managed-by": "longhorn-manager" },
        ports: ["process-manager:8500", "proxy:8501", "disk:8502", "instance:8503", "spdk:8504"],
      },
      {
        kind: "Deployment",
        name: "share-manager",
        labels: { "longhorn.io/component": "share-manager", "longhorn.io/managed-by": "longhorn-manager" },
        ports: ["nfs:2049"],
        transient: true,
      },
      {
        kind: "Deployment",
        name: "backing-image-manager",
        labels: { "longhorn.io/component": "backing-image-manager", "longhorn.io/managed-by": "longhorn-manager" },
        ports: ["data:8000", "sync:8001"],
        transient: true,
      },
      { kind: "CronJob", name: "recurring-job", labels: { "longhorn.io/managed-by": "longhorn-manager" } },
    ],
    services: [
      { name: "longhorn-backend", selector: { app: "longhorn-manager" }, ports: ["9500:manager"] },
      { name: "longhorn-frontend", selector: { app: "longhorn-ui" }, ports: ["80:http"] },
      { name: "longhorn-admission-webhook", selector: { app: "longhorn-manager" }, ports: ["9502:admission-wh"] },
      { name: "longhorn-conversion-webhook", selector: { app: "longhorn-manager" }, ports: ["9501:conversion-wh"] },
      { name: "longhorn-recovery-backend", selector: { app: "longhorn-manager" }, ports: ["9503:recov-backend"] },
    ],
  },
  {
    charts: ["rook-ceph"],
    workloads: [
      {
        kind: "Deployment",
        name: "rook-ceph-operator",
        labels: { app: "rook-ceph-operator" },
        ports: ["webhook-server:9443"],
        serviceAccount: "rook-ceph-system",
      },
      {
        kind: "Deployment",
        name: "ceph-csi-controller-manager",
        labels: { "app.kubernetes.io/name": "ceph-csi", "control-plane": "ceph-csi-op-controller-manager" },
      },
      { kind: "Deployment", name: "csi-rbdplugin-provisioner", labels: { app: "csi-rbdplugin-provisioner" } },
      { kind: "Deployment", name: "csi-cephfsplugin-provisioner", labels: { app: "csi-cephfsplugin-provisioner" } },
      { kind: "DaemonSet", name: "csi-rbdplugin", labels: { app: "csi-rbdplugin" }, hostNetwork: true },
      { kind: "DaemonSet", name: "csi-cephfsplugin", labels: { app: "csi-cephfsplugin" }, hostNetwork: true },
    ],
  },
  {
    charts: ["rook-ceph-cluster"],
    workloads: [
      {
        kind: "Deployment",
        name: "rook-ceph-mon",
        labels: { app: "rook-ceph-mon", rook_cluster: "{namespace}" },
        ports: ["tcp-msgr2:3300", "tcp-msgr1:6789"],
      },
      {
        kind: "Deployment",
        name: "rook-ceph-mgr",
        labels: { app: "rook-ceph-mgr", rook_cluster: "{namespace}" },
        ports: ["mgr:6800", "http-metrics:9283", "dashboard:7000"],
      },
      { kind: "Deployment", name: "rook-ceph-osd", labels: { app: "rook-ceph-osd", rook_cluster: "{namespace}" } },
      {
        kind: "Job",
        name: "rook-ceph-osd-prepare",
        labels: { app: "rook-ceph-osd-prepare", rook_cluster: "{namespace}" },
      },
      { kind: "Deployment", name: "rook-ceph-mds", labels: { app: "rook-ceph-mds", rook_cluster: "{namespace}" } },
      {
        kind: "Deployment",
        name: "rook-ceph-rgw",
        labels: { app: "rook-ceph-rgw", rook_cluster: "{namespace}" },
        ports: ["http:8080"],
      },
      {
        kind: "Deployment",
        name: "rook-ceph-crashcollector",
        labels: { app: "rook-ceph-crashcollector", rook_cluster: "{namespace}" },
      },
      {
        kind: "Deployment",
        name: "rook-ceph-exporter",
        labels: { app: "rook-ceph-exporter", rook_cluster: "{namespace}" },
        ports: ["http-metrics:9926"],
      },
      { kind: "Deployment", name: "rook-ceph-tools", labels: { app: "rook-ceph-tools" }, when: "toolbox.enabled" },
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
];
