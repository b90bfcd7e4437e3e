import type { OperatorKnowledge } from "./operator.ts";

const labels = (name: string): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/instance": "{name}",
  "app.kubernetes.io/component": "monitoring",
});
const selected = (name: string): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/instance": "{name}",
});

/** One program of VictoriaMetrics: its resource, what its pods are called, and the ports it opens. */
const victoria = (kind: string, program: string, port: number, more: readonly string[] = []): OperatorKnowledge => ({
  operator: "victoria-metrics",
  group: "operator.victoriametrics.com",
  kind,
  pods: [{ kind, name: `${program}-{name}`, labels: labels(program), ports: [`http:${port}`, ...more] }],
  services: [{ name: `${program}-{name}`, selector: selected(program), ports: [`${port}:${port}`] }],
});

const cluster = (program: string, ports: readonly string[]): OperatorKnowledge["pods"][number] => ({
  kind: "VMCluster",
  name: `${program}-{name}`,
  labels: labels(program),
  ports,
});

/** Metrics, logs and dashboards that run by a custom resource. */
export const MONITORING_OPERATORS: readonly OperatorKnowledge[] = [
  victoria("VMSingle", "vmsingle", 8429),
  victoria("VMAgent", "vmagent", 8429),
  victoria("VMAlert", "vmalert", 8080),
  victoria("VMAlertmanager", "vmalertmanager", 9093, ["mesh:9094"]),
  victoria("VMAuth", "vmauth", 8427),
  victoria("VLSingle", "vlsingle", 9428),
  victoria("VLogs", "vlogs", 9428),
  {
    operator: "victoria-metrics",
    group: "operator.victoriametrics.com",
    kind: "VMCluster",
    pods: [
      cluster("vmselect", ["http:8481"]),
      cluster("vminsert", ["http:8480"]),
      cluster("vmstorage", ["http:8482", "vminsert:8400", "vmselect:8401"]),
    ],
    services: [
      { name: "vmselect-{name}", selector: selected("vmselect"), ports: ["8481:8481"] },
      { name: "vminsert-{name}", selector: selected("vminsert"), ports: ["8480:8480"] },
      { name: "vmstorage-{name}", selector: selected("vmstorage"), ports: ["8482:8482", "8400:8400", "8401:8401"] },
    ],
  },
  {
    operator: "grafana-operator",
    group: "grafana.integreatly.org",
    kind: "Grafana",
    pods: [{ kind: "Deployment", name: "{name}-deployment", labels: { app: "{name}" }, ports: ["grafana-http:3000"] }],
    services: [{ name: "{name}-service", selector: { app: "{name}" }, ports: ["3000:3000"] }],
  },
];
