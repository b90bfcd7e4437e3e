import { app, component, type ChartKnowledge } from "./chart.ts";

/** Databases, brokers, proxies and helpers. */
export const SERVICES: readonly ChartKnowledge[] = [
  {
    charts: ["dragonfly-operator"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("dragonfly-operator"), ports: ["https:8443"] }],
  },
  {
    charts: ["snapshot-controller"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("snapshot-controller"), ports: ["http:8080"] }],
  },
  {
    charts: ["node-feature-discovery"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}-master",
        labels: { ...app("node-feature-discovery"), role: "master" },
        ports: ["health:8082", "metrics:8081"],
      },
      {
        kind: "DaemonSet",
        name: "{fullname}-worker",
        labels: { ...app("node-feature-discovery"), role: "worker" },
        ports: ["metrics:8081"],
      },
      { kind: "Deployment", name: "{fullname}-gc", labels: { ...app("node-feature-discovery"), role: "gc" } },
    ],
  },
  {
    charts: ["openebs", "localpv-provisioner"],
    workloads: [
      {
        kind: "Deployment",
        name: "{release}-localpv-provisioner",
        labels: { app: "localpv-provisioner", release: "{release}", name: "openebs-localpv-provisioner" },
      },
    ],
  },
  {
    charts: ["multus"],
    workloads: [{ kind: "DaemonSet", name: "{fullname}", labels: app("multus"), hostNetwork: true }],
  },
  {
    charts: ["pod-gateway"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: app("pod-gateway", { "app.kubernetes.io/controller": "main" }),
        ports: ["vxlan:4789/UDP", "dhcp:67/UDP", "dns:53/UDP"],
      },
      {
        kind: "Deployment",
        name: "{fullname}-webhook",
        labels: app("pod-gateway", { "app.kubernetes.io/controller": "webhook" }),
        ports: ["webhook:8080"],
      },
    ],
    services: [
      {
        name: "{fullname}-webhook",
        selector: app("pod-gateway", { "app.kubernetes.io/controller": "webhook" }),
        ports: ["443:8080"],
      },
    ],
  },
  {
    charts: ["pgadmin4"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("{chart}"), ports: ["http:80"] }],
    services: [{ name: "{fullname}", selector: app("{chart}"), ports: ["80:http"] }],
  },
  {
    charts: ["netbox"],
    workloads: [
      { kind: "Deployment", name: "{fullname}", labels: component("netbox", "netbox"), ports: ["http:8080"] },
      { kind: "Deployment", name: "{fullname}-worker", labels: component("netbox", "worker") },
      { kind: "CronJob", name: "{fullname}-housekeeping", labels: component("netbox", "housekeeping") },
    ],
    services: [{ name: "{fullname}", selector: component("netbox", "netbox"), ports: ["80:http"] }],
  },
  {
    charts: ["netdata"],
    workloads: [
      {
        kind: "Deployment",
        name: "netdata-parent",
        labels: { app: "netdata", release: "{release}", role: "parent" },
        ports: ["http:19999"],
      },
      {
        kind: "DaemonSet",
        name: "netdata-child",
        labels: { app: "netdata", release: "{release}", role: "child" },
        ports: ["http:19999"],
        hostNetwork: true,
      },
      {
        kind: "Deployment",
        name: "netdata-k8s-state",
        labels: { app: "netdata", release: "{release}", role: "k8sState" },
        ports: ["http:19999"],
      },
    ],
    services: [
      { name: "netdata", selector: { app: "netdata", release: "{release}", role: "parent" }, ports: ["19999:http"] },
    ],
  },
  {
    charts: ["renovate-operator"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: { app: "renovate-operator", ...app("renovate-operator") },
        ports: ["http:8081", "webhook:8082", "metrics:8080"],
      },
    ],
  },
  {
    charts: ["immich"],
    workloads: [
      {
        kind: "Deployment",
        name: "{release}-server",
        labels: app("server"),
        ports: ["http:2283", "metrics-api:8081", "metrics-ms:8082"],
      },
      { kind: "Deployment", name: "{release}-machine-learning", labels: app("machine-learning"), ports: ["http:3003"] },
    ],
    services: [
      { name: "{release}-server", selector: app("server"), ports: ["2283:http"] },
      { name: "{release}-machine-learning", selector: app("machine-learning"), ports: ["3003:http"] },
    ],
  },
  {
    charts: ["oauth2-proxy"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: { ...app("oauth2-proxy"), app: "oauth2-proxy" },
        ports: ["http:4180", "metrics:44180"],
      },
    ],
    services: [{ name: "{fullname}", selector: app("oauth2-proxy"), ports: ["80:http"] }],
  },
  {
    charts: ["connect", "onepassword-connect"],
    workloads: [
      {
        kind: "Deployment",
        name: "onepassword-connect",
        labels: { app: "onepassword-connect", "app.kubernetes.io/component": "connect" },
        ports: ["connect-api:8080", "connect-sync:8081"],
      },
    ],
    services: [
      { name: "onepassword-connect", selector: { app: "onepassword-connect" }, ports: ["8080:8080", "8081:8081"] },
    ],
  },
  {
    charts: ["flux-operator"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: app("flux-operator"),
        ports: ["http-metrics:8080", "http:8081"],
      },
    ],
  },
  {
    charts: ["flux2", "flux-instance"],
    workloads: ["source-controller", "kustomize-controller", "helm-controller", "notification-controller"].map(
      (name) => ({
        kind: "Deployment" as const,
        name,
        labels: {
          app: name,
          "app.kubernetes.io/component": name,
          "app.kubernetes.io/instance": "flux-system",
          "app.kubernetes.io/part-of": "flux",
        },
        ports: [
          "http-prom:8080",
          "healthz:9440",
          ...(name === "notification-controller"
            ? ["http:9090", "http-webhook:9292"]
            : name === "source-controller"
              ? ["http:9090"]
              : []),
        ],
        serviceAccount: name,
      }),
    ),
    services: [
      { name: "source-controller", selector: { app: "source-controller" }, ports: ["80:http"] },
      { name: "notification-controller", selector: { app: "notification-controller" }, ports: ["80:http"] },
      { name: "webhook-receiver", selector: { app: "notification-controller" }, ports: ["80:http-webhook"] },
    ],
  },
  {
    charts: ["emqx", "emqx-enterprise"],
    workloads: [
      {
        kind: "StatefulSet",
        name: "{fullname}",
        labels: app("emqx"),
        ports: ["mqtt:1883", "mqttssl:8883", "ws:8083", "wss:8084", "dashboard:18083"],
      },
    ],
    services: [
      { name: "{fullname}-headless", selector: app("emqx"), ports: ["1883:mqtt", "8083:ws", "18083:dashboard"] },
      {
        name: "{fullname}",
        selector: app("emqx"),
        ports: ["1883:mqtt", "8883:mqttssl", "8083:ws", "8084:wss", "18083:dashboard"],
      },
    ],
  },
  {
    charts: ["redis", "valkey"],
    workloads: [
      { kind: "StatefulSet", name: "{fullname}-master", labels: component("{chart}", "master"), ports: ["redis:6379"] },
      {
        kind: "StatefulSet",
        name: "{fullname}-replicas",
        labels: component("{chart}", "replica"),
        ports: ["redis:6379"],
      },
    ],
    services: [
      { name: "{fullname}-master", selector: component("{chart}", "master"), ports: ["6379:redis"] },
      { name: "{fullname}-replicas", selector: component("{chart}", "replica"), ports: ["6379:redis"] },
    ],
  },
  {
    charts: ["postgresql"],
    workloads: [
      {
        kind: "StatefulSet",
        name: "{fullname}",
        labels: component("postgresql", "primary"),
        ports: ["tcp-postgresql:5432"],
      },
    ],
    services: [{ name: "{fullname}", selector: component("postgresql", "primary"), ports: ["5432:tcp-postgresql"] }],
  },
  {
    charts: ["ingress-nginx"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}-controller",
        labels: component("ingress-nginx", "controller"),
        ports: ["http:80", "https:443", "webhook:8443", "metrics:10254"],
      },
    ],
    services: [
      {
        name: "{fullname}-controller",
        selector: component("ingress-nginx", "controller"),
        ports: ["80:http", "443:https"],
        published: "controller.service",
      },
      {
        name: "{fullname}-controller-admission",
        selector: component("ingress-nginx", "controller"),
        ports: ["443:webhook"],
      },
    ],
  },
  {
    charts: ["traefik"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: { "app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "{release}-{namespace}" },
        ports: ["web:8000", "websecure:8443", "metrics:9100", "traefik:8080"],
      },
    ],
    services: [
      {
        name: "{fullname}",
        selector: { "app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "{release}-{namespace}" },
        ports: ["80:web", "443:websecure"],
        published: "service",
      },
    ],
  },
  {
    charts: ["vpa"],
    workloads: ["recommender", "updater", "admission-controller"].map((part) => ({
      kind: "Deployment" as const,
      name: `{fullname}-${part}`,
      labels: component("vpa", part),
      ports: part === "admission-controller" ? ["http:8000", "metrics:8944"] : ["metrics:8942"],
    })),
  },
  {
    charts: ["goldilocks"],
    workloads: ["controller", "dashboard"].map((part) => ({
      kind: "Deployment" as const,
      name: `{fullname}-${part}`,
      labels: component("goldilocks", part),
      ports: part === "dashboard" ? ["http:8080"] : [],
    })),
    services: [{ name: "{fullname}-dashboard", selector: component("goldilocks", "dashboard"), ports: ["80:http"] }],
  },
];
