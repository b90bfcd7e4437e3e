import { app, component, type ChartKnowledge } from "./chart.ts";

const labelled = (name: string): Readonly<Record<string, string>> => ({
  app: name,
  "app.kubernetes.io/name": name,
  release: "{release}",
});
const harbor = (part: string): Readonly<Record<string, string>> => ({
  app: "harbor",
  release: "{release}",
  component: part,
});
const argo = (part: string, short: string): Readonly<Record<string, string>> => component(`argocd-${short}`, part);

const BITNAMI = [
  { chart: "mariadb", part: "mysql", port: 3306 },
  { chart: "mysql", part: "mysql", port: 3306 },
  { chart: "mongodb", part: "mongodb", port: 27_017 },
] as const;

/** Applications whose chart makes pods that its own name does not tell. */
export const APPS: readonly ChartKnowledge[] = [
  {
    charts: ["windmill"],
    workloads: [
      {
        kind: "Deployment",
        name: "windmill-app",
        labels: labelled("windmill-app"),
        ports: ["http:8000", "metrics:8001"],
      },
      { kind: "Deployment", name: "windmill-workers", labels: labelled("windmill-workers"), ports: ["metrics:8001"] },
      { kind: "Deployment", name: "windmill-lsp", labels: labelled("windmill-lsp"), ports: ["http:3001"] },
    ],
    services: [
      { name: "windmill-app", selector: { "app.kubernetes.io/name": "windmill-app" }, ports: ["8000:8000"] },
      { name: "windmill-lsp", selector: { "app.kubernetes.io/name": "windmill-lsp" }, ports: ["3001:3001"] },
    ],
  },
  {
    charts: ["authentik"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}-server",
        labels: component("authentik", "server"),
        ports: ["http:9000", "https:9443", "metrics:9300"],
      },
      {
        kind: "Deployment",
        name: "{fullname}-worker",
        labels: component("authentik", "worker"),
        ports: ["http:9000", "metrics:9300"],
      },
    ],
    services: [
      { name: "{fullname}-server", selector: component("authentik", "server"), ports: ["80:http", "443:https"] },
    ],
  },
  {
    charts: ["argo-cd"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}-server",
        labels: argo("server", "server"),
        ports: ["server:8080", "metrics:8083"],
      },
      {
        kind: "Deployment",
        name: "{fullname}-repo-server",
        labels: argo("repo-server", "repo-server"),
        ports: ["repo-server:8081", "metrics:8084"],
      },
      {
        kind: "StatefulSet",
        name: "{fullname}-application-controller",
        labels: argo("application-controller", "application-controller"),
        ports: ["metrics:8082"],
      },
      { kind: "Deployment", name: "{fullname}-redis", labels: argo("redis", "redis"), ports: ["redis:6379"] },
    ],
    services: [
      { name: "{fullname}-server", selector: argo("server", "server"), ports: ["80:server", "443:server"] },
      { name: "{fullname}-repo-server", selector: argo("repo-server", "repo-server"), ports: ["8081:repo-server"] },
      { name: "{fullname}-redis", selector: argo("redis", "redis"), ports: ["6379:redis"] },
    ],
  },
  {
    charts: ["harbor"],
    workloads: [
      { kind: "Deployment", name: "{fullname}-core", labels: harbor("core"), ports: ["http:8080"] },
      { kind: "Deployment", name: "{fullname}-portal", labels: harbor("portal"), ports: ["http:8080"] },
      {
        kind: "Deployment",
        name: "{fullname}-registry",
        labels: harbor("registry"),
        ports: ["registry:5000", "controller:8080"],
      },
      { kind: "Deployment", name: "{fullname}-jobservice", labels: harbor("jobservice"), ports: ["http:8080"] },
      {
        kind: "StatefulSet",
        name: "{fullname}-trivy",
        labels: harbor("trivy"),
        ports: ["api-server:8080"],
        unlessOff: "trivy.enabled",
      },
    ],
    services: [
      { name: "{fullname}-core", selector: harbor("core"), ports: ["80:8080"] },
      { name: "{fullname}-portal", selector: harbor("portal"), ports: ["80:8080"] },
      { name: "{fullname}-registry", selector: harbor("registry"), ports: ["5000:5000", "8080:8080"] },
    ],
  },
  {
    charts: ["nextcloud"],
    workloads: [{ kind: "Deployment", name: "{fullname}", labels: component("nextcloud", "app"), ports: ["http:80"] }],
    services: [{ name: "{fullname}", selector: component("nextcloud", "app"), ports: ["8080:80"] }],
  },
  {
    charts: ["rabbitmq"],
    workloads: [
      {
        kind: "StatefulSet",
        name: "{fullname}",
        labels: app("rabbitmq"),
        ports: ["amqp:5672", "epmd:4369", "dist:25672", "stats:15672", "metrics:9419"],
      },
    ],
    services: [{ name: "{fullname}", selector: app("rabbitmq"), ports: ["5672:amqp", "15672:stats"] }],
  },
  ...BITNAMI.map(({ chart, part, port }): ChartKnowledge => ({
    charts: [chart],
    // Several architectures, one label: the part (primary, secondary) is written only where it is known for sure.
    workloads: [{ kind: "StatefulSet", name: "{fullname}", labels: app(chart), ports: [`${part}:${port}`] }],
    services: [{ name: "{fullname}", selector: app(chart), ports: [`${port}:${part}`] }],
  })),
  {
    charts: ["velero"],
    workloads: [
      {
        kind: "Deployment",
        name: "{fullname}",
        labels: { ...app("velero"), name: "velero" },
        ports: ["http-monitoring:8085"],
      },
      {
        kind: "DaemonSet",
        name: "node-agent",
        labels: { ...app("velero"), name: "node-agent", role: "node-agent" },
        ports: ["http-monitoring:8085"],
        when: "deployNodeAgent",
      },
    ],
  },
];
