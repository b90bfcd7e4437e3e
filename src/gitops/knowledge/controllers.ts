import { app, type ChartKnowledge } from "./chart.ts";

const keda = (name: string): Readonly<Record<string, string>> => ({
  app: name,
  name,
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/part-of": "keda-operator",
  "app.kubernetes.io/instance": "{release}",
});
const kyverno = (part: string): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/component": part,
  "app.kubernetes.io/instance": "{release}",
  "app.kubernetes.io/part-of": "{fullname}",
});
const strimzi = { name: "strimzi-cluster-operator", "strimzi.io/kind": "cluster-operator" };

/** Operators and policy engines: they live by the API server, and it calls some of them back. */
export const CONTROLLERS: readonly ChartKnowledge[] = [
  {
    charts: ["keda"],
    workloads: [
      {
        kind: "Deployment",
        name: "keda-operator",
        labels: keda("keda-operator"),
        ports: ["http:8080", "metricsservice:9666"],
        serviceAccount: "keda-operator",
      },
      {
        kind: "Deployment",
        name: "keda-operator-metrics-apiserver",
        labels: keda("keda-operator-metrics-apiserver"),
        ports: ["https:6443", "metrics:8080"],
        serviceAccount: "keda-metrics-server",
      },
      {
        kind: "Deployment",
        name: "keda-admission-webhooks",
        labels: keda("keda-admission-webhooks"),
        ports: ["http:9443", "metrics:8080"],
        serviceAccount: "keda-webhook",
        unlessOff: "webhooks.enabled",
      },
    ],
    services: [
      { name: "keda-operator", selector: { app: "keda-operator" }, ports: ["9666:9666"] },
      {
        name: "keda-operator-metrics-apiserver",
        selector: { app: "keda-operator-metrics-apiserver" },
        ports: ["443:6443"],
      },
      {
        name: "keda-admission-webhooks",
        selector: { app: "keda-admission-webhooks" },
        ports: ["443:9443"],
        unlessOff: "webhooks.enabled",
      },
    ],
  },
  {
    charts: ["kyverno"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}-admission-controller",
        labels: kyverno("admission-controller"),
        ports: ["https:9443", "metrics-port:8000"],
        serviceAccount: "{fullname}-admission-controller",
      },
      ...["background", "cleanup", "reports"].map((part) => ({
        kind: "Deployment" as const,
        name: `{fullname}-${part}-controller`,
        labels: kyverno(`${part}-controller`),
        ports: part === "cleanup" ? ["https:9443", "metrics-port:8000"] : ["metrics-port:8000"],
        serviceAccount: `{fullname}-${part}-controller`,
        unlessOff: `${part}Controller.enabled`,
      })),
    ],
    services: [
      { name: "{fullname}-svc", selector: kyverno("admission-controller"), ports: ["443:https"] },
      {
        name: "{fullname}-cleanup-controller",
        selector: kyverno("cleanup-controller"),
        ports: ["443:https"],
        unlessOff: "cleanupController.enabled",
      },
    ],
  },
  {
    charts: ["tailscale-operator"],
    workloads: [{ kind: "Deployment", name: "operator", labels: { app: "operator" }, serviceAccount: "operator" }],
  },
  {
    charts: ["strimzi-kafka-operator"],
    workloads: [
      {
        kind: "Deployment",
        name: "strimzi-cluster-operator",
        labels: strimzi,
        ports: ["http:8080"],
        serviceAccount: "strimzi-cluster-operator",
      },
    ],
  },
  {
    charts: ["eck-operator"],
    workloads: [
      {
        kind: "StatefulSet",
        name: "elastic-operator",
        labels: { ...app("elastic-operator"), "control-plane": "elastic-operator" },
        ports: ["https-webhook:9443"],
        serviceAccount: "elastic-operator",
      },
    ],
    services: [
      {
        name: "elastic-operator-webhook",
        selector: { ...app("elastic-operator"), "control-plane": "elastic-operator" },
        ports: ["443:9443"],
        unlessOff: "webhook.enabled",
      },
    ],
  },
  {
    charts: ["mariadb-operator"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: app("mariadb-operator"),
        ports: ["metrics:8080"],
        serviceAccount: "{fullname}",
      },
      {
        kind: "Deployment",
        name: "{fullname}-webhook",
        labels: app("mariadb-operator-webhook"),
        ports: ["https:9443", "metrics:8080"],
        serviceAccount: "{fullname}-webhook",
        unlessOff: "webhook.enabled",
      },
      {
        kind: "Deployment",
        name: "{fullname}-cert-controller",
        labels: app("mariadb-operator-cert-controller"),
        ports: ["metrics:8080"],
        unlessOff: "certController.enabled",
      },
    ],
    services: [
      {
        name: "{fullname}-webhook",
        selector: app("mariadb-operator-webhook"),
        ports: ["443:https"],
        unlessOff: "webhook.enabled",
      },
    ],
  },
];
