import type { RouteFact } from "../facts/inventory.ts";
import type { Unit } from "./helm/unit.ts";
import { at, list, portNumber, scalar, strings, text } from "./json.ts";

const ROUTE_KINDS = ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"] as const;

const httpRoute = (unit: Unit, kind: RouteFact["kind"]): RouteFact => {
  const spec = at(unit.value, "spec");
  const backends = list(at(spec, "rules")).flatMap((rule) =>
    list(at(rule, "backendRefs")).flatMap((reference) => {
      const service = text(at(reference, "name"));
      const referred = text(at(reference, "kind")) ?? "Service";
      if (service === null || referred !== "Service") return [];
      const port = portNumber(at(reference, "port")) ?? text(at(reference, "port")) ?? 0;
      return [{ namespace: text(at(reference, "namespace")) ?? unit.namespace, service, port }];
    }),
  );
  return {
    kind,
    namespace: unit.namespace,
    name: unit.name,
    hostnames: strings(at(spec, "hostnames")),
    gateways: list(at(spec, "parentRefs")).flatMap((parent) => {
      const name = text(at(parent, "name"));
      return name === null ? [] : [`${text(at(parent, "namespace")) ?? unit.namespace}/${name}`];
    }),
    backends,
    sure: unit.sure,
    origin: unit.origin,
  };
};

const ingress = (unit: Unit): RouteFact => {
  const spec = at(unit.value, "spec");
  const rules = list(at(spec, "rules"));
  const written = [
    at(spec, "defaultBackend"),
    ...rules.flatMap((rule) => list(at(rule, "http", "paths")).map((path) => at(path, "backend"))),
  ];
  return {
    kind: "Ingress",
    namespace: unit.namespace,
    name: unit.name,
    hostnames: rules.flatMap((rule) => text(at(rule, "host")) ?? []),
    gateways: [
      scalar(at(spec, "ingressClassName")) ??
        scalar(at(unit.value, "metadata", "annotations", "kubernetes.io/ingress.class")),
    ].filter((name) => name !== null),
    backends: written.flatMap((backend) => {
      const service = text(at(backend, "service", "name")) ?? text(at(backend, "serviceName"));
      if (service === null) return [];
      const port = at(backend, "service", "port");
      const number = portNumber(at(port, "number")) ?? portNumber(at(backend, "servicePort"));
      return [{ namespace: unit.namespace, service, port: number ?? text(at(port, "name")) ?? 0 }];
    }),
    sure: unit.sure,
    origin: unit.origin,
  };
};

const HOST_RULE = /Host\(\s*[`"]([^`"]+)[`"]/g;

/** Traefik's own route; its backends may be other things than Services, and those are not followed. */
const ingressRoute = (unit: Unit): RouteFact => {
  const written = list(at(unit.value, "spec", "routes"));
  return {
    kind: "IngressRoute",
    namespace: unit.namespace,
    name: unit.name,
    hostnames: written.flatMap((r) => [...(text(at(r, "match")) ?? "").matchAll(HOST_RULE)].flatMap((m) => m[1] ?? [])),
    gateways: [scalar(at(unit.value, "metadata", "annotations", "kubernetes.io/ingress.class")) ?? []].flat(),
    backends: written.flatMap((r) =>
      list(at(r, "services")).flatMap((s) => {
        const service = text(at(s, "name"));
        if (service === null || (text(at(s, "kind")) ?? "Service") !== "Service") return [];
        const port = portNumber(at(s, "port")) ?? text(at(s, "port")) ?? 0;
        return [{ namespace: text(at(s, "namespace")) ?? unit.namespace, service, port }];
      }),
    ),
    sure: unit.sure,
    origin: unit.origin,
  };
};

/** The route that an object is; null for any other kind. */
export const routeOf = (unit: Unit): RouteFact | null => {
  const kind = ROUTE_KINDS.find((k) => k === unit.kind);
  if (kind !== undefined) return httpRoute(unit, kind);
  if (unit.kind === "IngressRoute" || unit.kind === "IngressRouteTCP") return ingressRoute(unit);
  return unit.kind === "Ingress" ? ingress(unit) : null;
};
