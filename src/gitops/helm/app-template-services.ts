import { at, list, portNumber, record, scalar, stringMap, text, type Json } from "../json.ts";
import { controllerLabels, enabled, fill, isEnabled, nameFor, type Context } from "./app-template-names.ts";

const protocolOf = (port: Json): string => {
  const written = text(port["protocol"]) ?? "TCP";
  return written === "HTTP" || written === "HTTPS" ? "TCP" : written;
};

export interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly target: number | string;
  readonly protocol: string;
}

const portsOf = (service: Json): readonly NamedPort[] =>
  Object.entries(record(service["ports"])).flatMap(([name, item]) => {
    if (!isEnabled(item)) return [];
    const range = record(item["portRange"]);
    const start = portNumber(range["start"]);
    const end = portNumber(range["end"] ?? range["stop"]);
    if (start !== null && end !== null && end - start < 1_000)
      return Array.from({ length: end - start + 1 }, (_, i) => ({
        name: `${name}-${start + i}`,
        port: start + i,
        target: start + i,
        protocol: protocolOf(item),
      }));
    const port = portNumber(item["port"]);
    if (port === null) return [];
    const target = portNumber(item["targetPort"]) ?? text(item["targetPort"]) ?? port;
    return [{ name, port, target, protocol: protocolOf(item) }];
  });

export interface Service {
  readonly id: string;
  readonly value: Json;
  readonly name: string;
  readonly controller: string | null;
  readonly ports: readonly NamedPort[];
}

export const servicesOf = (context: Context, controllers: readonly (readonly [string, Json])[]): readonly Service[] => {
  const services = enabled(context.release.values, "service");
  const [only, second] = controllers;
  // Up to 2.x the values say `main` where nobody says otherwise; later a controller has to be named, or be the only one.
  const isMain = context.major < 2 || (context.major < 3 && controllers.some(([id]) => id === "main"));
  const standard = isMain ? "main" : second === undefined ? (only?.[0] ?? null) : null;
  return services.map(([id, value]) => ({
    id,
    value,
    name: nameFor(
      context,
      id,
      value,
      services.length,
      value["primary"] === true || (context.major < 3 && id === "main"),
    ),
    controller: text(value["controller"]) ?? standard,
    ports: portsOf(value),
  }));
};

export const serviceObject = (
  context: Context,
  service: Service,
  controllers: readonly (readonly [string, Json])[],
): Json => {
  const { value } = service;
  const controller = controllers.find(([id]) => id === service.controller)?.[1] ?? {};
  const selector = {
    ...(service.controller === null ? context.labels : controllerLabels(context, service.controller, controller)),
    ...stringMap(value["extraSelectorLabels"]),
  };
  const type = text(value["type"]) ?? "ClusterIP";
  return {
    kind: "Service",
    metadata: {
      name: service.name,
      namespace: context.release.namespace,
      labels: { ...context.labels, "app.kubernetes.io/service": service.name, ...stringMap(value["labels"]) },
      annotations: stringMap(value["annotations"]),
    },
    spec: {
      type,
      ...(type === "ExternalName" ? { externalName: value["externalName"] } : { selector }),
      loadBalancerIP: value["loadBalancerIP"],
      externalIPs: value["externalIPs"],
      externalTrafficPolicy: value["externalTrafficPolicy"],
      ports: service.ports.map((p) => ({ name: p.name, port: p.port, targetPort: p.target, protocol: p.protocol })),
    },
  };
};

const backend = (written: unknown, services: readonly Service[], major: number): Json | null => {
  const said = text(at(written, "name"));
  const isWhole = services.some((s) => s.name === said);
  // Before 3.x a name is the key under `service`, unless it is a Service's whole name.
  const isKey = major < 3 && !isWhole && services.some((s) => s.id === said);
  const id = text(at(written, "identifier")) ?? (isKey ? said : null);
  const named = isKey ? null : said;
  const service = services.find((s) => s.id === id || (id === null && s.name === named));
  const port =
    portNumber(at(written, "port")) ??
    service?.ports.find((p) => p.name === at(written, "port"))?.port ??
    service?.ports[0]?.port;
  const name = named ?? service?.name;
  if (name === undefined) return null;
  return { name, port, namespace: at(written, "namespace"), kind: at(written, "kind") };
};

export const routeObject = (
  context: Context,
  id: string,
  route: Json,
  count: number,
  services: readonly Service[],
): Json => {
  const only = services.length === 1 ? services[0] : undefined;
  const standard = only === undefined ? [] : [{ name: only.name, port: only.ports[0]?.port }];
  const rules = list(route["rules"]).map((rule) => {
    const written = list(at(rule, "backendRefs"));
    return {
      ...record(rule),
      backendRefs:
        written.length === 0
          ? at(rule, "filters") === undefined
            ? standard
            : []
          : written.flatMap((w) => backend(w, services, context.major) ?? []),
    };
  });
  return {
    kind: text(route["kind"]) ?? "HTTPRoute",
    metadata: {
      name: nameFor(context, id, route, count, false),
      namespace: text(route["namespaceOverride"]) ?? context.release.namespace,
      annotations: route["annotations"],
    },
    spec: {
      hostnames: list(route["hostnames"]).map((h) => (typeof h === "string" ? fill(h, context) : h)),
      parentRefs: route["parentRefs"],
      rules: rules.length === 0 ? [{ backendRefs: standard }] : rules,
    },
  };
};

export const ingressObject = (
  context: Context,
  id: string,
  ingress: Json,
  count: number,
  services: readonly Service[],
): Json => ({
  kind: "Ingress",
  metadata: {
    name: nameFor(context, id, ingress, count, context.major < 3 && id === "main"),
    namespace: context.release.namespace,
    annotations: ingress["annotations"],
  },
  spec: {
    ingressClassName: ingress["className"] ?? ingress["ingressClassName"],
    rules: list(ingress["hosts"]).map((host) => ({
      host: fill(scalar(at(host, "host")) ?? "", context),
      http: {
        paths: list(at(host, "paths")).map((path) => {
          const found =
            backend(at(path, "service"), services, context.major) ??
            (services[0] === undefined ? null : { name: services[0].name, port: services[0].ports[0]?.port });
          return {
            backend: found === null ? {} : { service: { name: found["name"], port: { number: found["port"] } } },
          };
        }),
      },
    })),
  },
});
