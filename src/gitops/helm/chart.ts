import type { Certainty } from "../../facts/known.ts";
import { at, isRecord, list, portNumber, record, scalar, stringMap, text, type Json } from "../json.ts";
import type { ChartKnowledge, ChartService, ChartWorkload } from "../knowledge/chart.ts";
import { chartNamed } from "../knowledge/charts.ts";
import { locateValue, type Release } from "./release.ts";
import type { Unit } from "./unit.ts";

interface Names {
  readonly release: string;
  readonly namespace: string;
  readonly chart: string;
  readonly fullname: string;
  /** What a runner scale set is called, where that is not the release's name. */
  readonly scaleSet: string;
}

/** Helm's scaffold: the release's name if it contains the chart's, else both; overrides come first. */
const namesOf = ({ name, namespace, chart, values }: Release): Names => {
  const own = text(values["nameOverride"]) ?? text(at(values, "global", "nameOverride")) ?? chart.name;
  const full = text(values["fullnameOverride"]) ?? text(at(values, "global", "fullnameOverride"));
  return {
    release: name,
    namespace,
    chart: own,
    fullname: full ?? (name.includes(own) ? name : `${name}-${own}`),
    scaleSet: text(values["runnerScaleSetName"]) ?? name,
  };
};

const fill = (template: string, names: Names): string =>
  template.replace(/\{(release|namespace|chart|fullname|scaleSet)\}/g, (_, key: keyof Names) => names[key]);

const fillAll = (map: Readonly<Record<string, string>>, names: Names): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, fill(value, names)]));

const valueAt = (values: Json, path: string): unknown => at(values, ...path.split("."));

const isThere = ({ when, unlessOff }: Pick<ChartWorkload, "when" | "unlessOff">, values: Json): boolean =>
  (when === undefined || valueAt(values, when) === true) &&
  (unlessOff === undefined || valueAt(values, unlessOff) !== false);

const containerPort = (written: string): Json => {
  const [, name = "", port = "0", protocol = "TCP"] = /^(.+):(\d+)(?:\/(\w+))?$/.exec(written) ?? [];
  return { name, containerPort: Number(port), protocol };
};

const knownWorkload = (workload: ChartWorkload, names: Names, values: Json): Json => {
  const labels = { ...fillAll(workload.labels, names), ...stringMap(values["podLabels"]) };
  const template: Json = {
    metadata: { labels, annotations: stringMap(values["podAnnotations"]) },
    spec: {
      containers: [{ name: fill(workload.name, names), ports: (workload.ports ?? []).map(containerPort) }],
      hostNetwork: workload.hostNetwork ?? values["hostNetwork"] === true,
      ...(workload.serviceAccount === undefined ? {} : { serviceAccountName: fill(workload.serviceAccount, names) }),
    },
  };
  const spec = workload.kind === "CronJob" ? { jobTemplate: { spec: { template } } } : { template };
  return { kind: workload.kind, metadata: { name: fill(workload.name, names), namespace: names.namespace }, spec };
};

const FULLNAME = "{fullname}";

/** A Service that the data says nothing of is published where the chart's own `service` values publish it. */
const published = (service: ChartService, values: Json): { readonly annotations: unknown; readonly spec: Json } => {
  const isMain = service.published === undefined && service.name === FULLNAME;
  const said = isMain ? "service" : service.published;
  if (said === undefined) return { annotations: undefined, spec: {} };
  const { type, annotations, loadBalancerIP, externalTrafficPolicy } = record(valueAt(values, said));
  const usual = isMain ? undefined : "LoadBalancer";
  return { annotations, spec: { type: type ?? usual, loadBalancerIP, externalTrafficPolicy } };
};

const knownService = (service: ChartService, names: Names, values: Json): Json => ({
  kind: "Service",
  metadata: {
    name: fill(service.name, names),
    namespace: names.namespace,
    annotations: published(service, values).annotations,
  },
  spec: {
    ...published(service, values).spec,
    selector: fillAll(service.selector, names),
    ports: service.ports.map((written) => {
      const [, port = "0", target = port, protocol = "TCP"] = /^(\d+):([\w-]+)(?:\/(\w+))?$/.exec(written) ?? [];
      return { port: Number(port), targetPort: portNumber(target) ?? target, protocol };
    }),
  },
});

/** Ports that a scaffolded chart's values usually give: `service.port`, `service.ports`, `containerPort`. */
const guessedPorts = (
  values: Json,
): readonly { readonly name: string; readonly port: number; readonly target: number }[] => {
  const service = record(values["service"]);
  const target =
    portNumber(service["targetPort"]) ??
    portNumber(values["containerPort"]) ??
    portNumber(at(values, "containerPorts", "http"));
  const single = portNumber(service["port"]);
  if (single !== null) return [{ name: "http", port: single, target: target ?? single }];
  const several = Object.entries(record(service["ports"])).flatMap(([name, item]) => {
    const port = portNumber(item) ?? portNumber(at(item, "port"));
    return port === null ? [] : [{ name, port, target: portNumber(at(item, "targetPort")) ?? port }];
  });
  return several.length > 0 ? several : target === null ? [] : [{ name: "http", port: target, target }];
};

const guessed = (names: Names, values: Json): readonly Json[] => {
  const labels = { "app.kubernetes.io/name": names.chart, "app.kubernetes.io/instance": names.release };
  const ports = guessedPorts(values);
  const metadata = { name: names.fullname, namespace: names.namespace };
  const containers = [{ name: names.chart, ports: ports.map((p) => ({ name: p.name, containerPort: p.target })) }];
  const template = {
    metadata: {
      labels: { ...labels, ...stringMap(values["podLabels"]) },
      annotations: stringMap(values["podAnnotations"]),
    },
    spec: { containers, hostNetwork: values["hostNetwork"] === true },
  };
  const service = {
    kind: "Service",
    metadata: { ...metadata, annotations: at(values, "service", "annotations") },
    spec: {
      ...record(values["service"]),
      selector: labels,
      ports: ports.map((p) => ({ name: p.name, port: p.port, targetPort: p.target })),
    },
  };
  return [{ kind: "Deployment", metadata, spec: { template } }, ...(ports.length === 0 ? [] : [service])];
};

/** Routes in the shapes that charts share: `ingress.hosts`, `route.main` of newer scaffolds, `httpRoute`. */
const routesIn = (names: Names, values: Json, service: string, port: number | null): readonly Json[] => {
  const metadata = { name: names.fullname, namespace: names.namespace };
  const ingress = record(values["ingress"]);
  const hosts = [
    ...list(ingress["hosts"]),
    ...(ingress["host"] === undefined ? [] : [ingress["host"]]),
    ...(ingress["hostname"] === undefined ? [] : [ingress["hostname"]]),
  ];
  const made: Json[] = [];
  if (ingress["enabled"] === true && hosts.length > 0)
    made.push({
      kind: "Ingress",
      metadata,
      spec: {
        ingressClassName: ingress["ingressClassName"] ?? ingress["className"],
        rules: hosts.map((host) => ({
          host: text(host) ?? scalar(at(host, "host")) ?? scalar(at(host, "name")) ?? "",
          http: { paths: [{ backend: { service: { name: service, port: { number: port } } } }] },
        })),
      },
    });
  const routes = [...Object.values(record(values["route"])), values["httpRoute"]].filter(
    (r) => isRecord(r) && r["enabled"] === true,
  );
  for (const route of routes)
    made.push({
      kind: text(at(route, "kind")) ?? "HTTPRoute",
      metadata,
      spec: {
        hostnames: at(route, "hostnames"),
        parentRefs: at(route, "parentRefs"),
        rules: [{ backendRefs: [{ name: service, port }] }],
      },
    });
  return made;
};

/** What a chart other than the app-template makes: by the data files where it is well known, else by Helm's scaffold. */
export const renderChart = (release: Release): readonly Unit[] => {
  const names = namesOf(release);
  const { values } = release;
  const knowledge: ChartKnowledge | null = chartNamed(release.chart.name);
  const unit = (value: Json, sure: Certainty): Unit => ({
    value,
    kind: text(value["kind"]) ?? "",
    namespace: release.namespace,
    name: text(at(value, "metadata", "name")) ?? release.name,
    owner: release.object.owner,
    origin: locateValue(release, []),
    suspended: release.suspended,
    sure,
    labelsComplete: false,
    from: { kind: "chart", name: release.chart.name },
  });
  const objects =
    knowledge === null
      ? guessed(names, values)
      : [
          ...knowledge.workloads.filter((w) => isThere(w, values)).map((w) => knownWorkload(w, names, values)),
          ...(knowledge.services ?? []).filter((s) => isThere(s, values)).map((s) => knownService(s, names, values)),
        ];
  const first = objects.find((o) => o["kind"] === "Service");
  const service = text(at(first, "metadata", "name")) ?? names.fullname;
  const routes = routesIn(names, values, service, portNumber(at(first, "spec", "ports", 0, "port")));
  return [
    ...objects.map((o) => unit(o, knowledge === null ? "guess" : "likely")),
    ...routes.map((r) => unit(r, "likely")),
  ];
};
