import { app, component, type ChartKnowledge } from "./chart.ts";

/** Metrics, logs and dashboards. */
export const OBSERVABILITY: readonly ChartKnowledge[] = [
  {
    charts: ["kube-prometheus-stack"],
    workloads: [
      {
        kind: "StatefulSet",
        name: "prometheus-{fullname}",
        labels: {
          "app.kubernetes.io/name": "prometheus",
          "app.kubernetes.io/managed-by": "prometheus-operator",
          "operator.prometheus.io/name": "{fullname}",
          prometheus: "{fullname}",
        },
        ports: ["http-web:9090", "reloader-web:8080"],
        unlessOff: "prometheus.enabled",
      },
      {
        kind: "StatefulSet",
        name: "alertmanager-{fullname}",
        labels: {
          "app.kubernetes.io/name": "alertmanager",
          "app.kubernetes.io/managed-by": "prometheus-operator",
          alertmanager: "{fullname}",
        },
        ports: ["http-web:9093", "mesh-tcp:9094", "mesh-udp:9094/UDP"],
        unlessOff: "alertmanager.enabled",
      },
      {
        kind: "Deployment",
        name: "{fullname}-operator",
        labels: {
          app: "kube-prometheus-stack-operator",
          ...app("kube-prometheus-stack-prometheus-operator", { "app.kubernetes.io/component": "prometheus-operator" }),
        },
        ports: ["https:10250"],
        unlessOff: "prometheusOperator.enabled",
      },
      {
        kind: "Deployment",
        name: "{release}-kube-state-metrics",
        labels: app("kube-state-metrics"),
        ports: ["http:8080"],
        unlessOff: "kubeStateMetrics.enabled",
      },
      {
        kind: "DaemonSet",
        name: "{release}-prometheus-node-exporter",
        labels: app("prometheus-node-exporter"),
        ports: ["http-metrics:9100"],
        hostNetwork: true,
        unlessOff: "nodeExporter.enabled",
      },
      {
        kind: "Deployment",
        name: "{release}-grafana",
        labels: app("grafana"),
        ports: ["grafana:3000"],
        unlessOff: "grafana.enabled",
      },
      {
        kind: "Job",
        name: "{fullname}-admission-create",
        labels: { app: "kube-prometheus-stack-admission-create" },
        unlessOff: "prometheusOperator.enabled",
      },
      {
        kind: "Job",
        name: "{fullname}-admission-patch",
        labels: { app: "kube-prometheus-stack-admission-patch" },
        unlessOff: "prometheusOperator.enabled",
      },
    ],
    services: [
      {
        name: "{fullname}-prometheus",
        selector: { "app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": "{fullname}" },
        ports: ["9090:9090"],
      },
      { name: "prometheus-operated", selector: { "app.kubernetes.io/name": "prometheus" }, ports: ["9090:9090"] },
      {
        name: "{fullname}-alertmanager",
        selector: { "app.kubernetes.io/name": "alertmanager", alertmanager: "{fullname}" },
        ports: ["9093:9093"],
      },
      { name: "alertmanager-operated", selector: { "app.kubernetes.io/name": "alertmanager" }, ports: ["9093:9093"] },
      { name: "{fullname}-operator", selector: { app: "kube-prometheus-stack-operator" }, ports: ["443:https"] },
      {
        name: "{release}-kube-state-metrics",
        selector: app("kube-state-metrics"),
        ports: ["8080:8080"],
        unlessOff: "kubeStateMetrics.enabled",
      },
      { name: "{release}-grafana", selector: app("grafana"), ports: ["80:3000"], unlessOff: "grafana.enabled" },
    ],
  },
  {
    charts: ["kube-state-metrics"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("kube-state-metrics"), ports: ["http:8080"] }],
    services: [{ name: "{fullname}", selector: app("kube-state-metrics"), ports: ["8080:8080"] }],
  },
  {
    charts: ["prometheus-node-exporter"],
    workloads: [
      {
        kind: "DaemonSet",
        name: "{fullname}",
        labels: app("prometheus-node-exporter"),
        ports: ["metrics:9100"],
        hostNetwork: true,
      },
    ],
  },
  {
    charts: ["prometheus-blackbox-exporter", "blackbox-exporter"],
    workloads: [
      { kind: "Deployment", name: "{fullname}", labels: app("prometheus-blackbox-exporter"), ports: ["http:9115"] },
    ],
    services: [{ name: "{fullname}", selector: app("prometheus-blackbox-exporter"), ports: ["9115:http"] }],
  },
  {
    charts: ["prometheus-snmp-exporter"],
    workloads: [
      { kind: "Deployment", name: "{fullname}", labels: app("prometheus-snmp-exporter"), ports: ["http:9116"] },
    ],
    services: [{ name: "{fullname}", selector: app("prometheus-snmp-exporter"), ports: ["9116:http"] }],
  },
  {
    charts: ["grafana"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: app("grafana"), ports: ["grafana:3000"] }],
    services: [{ name: "{fullname}", selector: app("grafana"), ports: ["80:3000"] }],
  },
  {
    charts: ["loki"],
    workloads: [
      {
        kind: "StatefulSet",
        name: "{fullname}",
        labels: component("loki", "single-binary"),
        ports: ["http-metrics:3100", "grpc:9095", "http-memberlist:7946"],
      },
      {
        kind: "Deployment",
        name: "{fullname}-gateway",
        labels: component("loki", "gateway"),
        ports: ["http-metrics:8080"],
      },
    ],
    services: [
      { name: "{fullname}", selector: component("loki", "single-binary"), ports: ["3100:http-metrics", "9095:grpc"] },
      { name: "{fullname}-gateway", selector: component("loki", "gateway"), ports: ["80:http-metrics"] },
    ],
  },
];
