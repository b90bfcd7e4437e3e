import type { GatewayFact, RouteFact, WorkloadFact } from "../facts/inventory.ts";
import type { Release } from "./helm/release.ts";
import { at, portNumber, scalar, text, type Path } from "./json.ts";

/** How an Ingress controller's chart names its class and its pods' ports, as data. */
interface Controller {
  readonly charts: readonly string[];
  /** Where values name the class; `null`: after the release. */
  readonly classAt: Path;
  readonly className: string | null;
  /** Where values make it the default class. */
  readonly defaultAt: Path;
  /** Container ports behind 80 and 443, and where values move them. */
  readonly http: { readonly port: number; readonly at: Path };
  readonly https: { readonly port: number; readonly at: Path };
}

const CONTROLLERS: readonly Controller[] = [
  {
    charts: ["ingress-nginx"],
    classAt: ["controller", "ingressClassResource", "name"],
    className: "nginx",
    defaultAt: ["controller", "ingressClassResource", "default"],
    http: { port: 80, at: ["controller", "containerPort", "http"] },
    https: { port: 443, at: ["controller", "containerPort", "https"] },
  },
  {
    charts: ["traefik"],
    classAt: ["ingressClass", "name"],
    className: null,
    defaultAt: ["ingressClass", "isDefaultClass"],
    http: { port: 8000, at: ["ports", "web", "port"] },
    https: { port: 8443, at: ["ports", "websecure", "port"] },
  },
  {
    charts: ["kubernetes-ingress"],
    classAt: ["controller", "ingressClassResource", "name"],
    className: "haproxy",
    defaultAt: ["controller", "ingressClassResource", "default"],
    http: { port: 8080, at: ["controller", "containerPort", "http"] },
    https: { port: 8443, at: ["controller", "containerPort", "https"] },
  },
  {
    charts: ["kong", "ingress"],
    classAt: ["ingressController", "ingressClass"],
    className: "kong",
    defaultAt: ["ingressController", "ingressClassAnnotations"],
    http: { port: 8000, at: ["proxy", "http", "containerPort"] },
    https: { port: 8443, at: ["proxy", "tls", "containerPort"] },
  },
];

export type IngressController = GatewayFact & { readonly ingressClass: string; readonly isDefault: boolean };

/** Cilium's own ingress controller has no pods: its Envoy comes as the entity `ingress` (C D.2). */
const ciliumIngress = (release: Release): readonly IngressController[] => {
  const settings = at(release.values, "ingressController");
  if (at(settings, "enabled") !== true) return [];
  const listener = (name: string, port: number) => ({
    name,
    port,
    containerPort: port,
    protocol: name.toUpperCase(),
    hostname: null,
    udp: false,
  });
  return [
    {
      namespace: release.namespace,
      name: "cilium-ingress",
      podLabels: {},
      podNamespace: release.namespace,
      servedBy: "cilium",
      listeners: [listener("http", 80), listener("https", 443)],
      addresses: [scalar(at(settings, "service", "loadBalancerIP")) ?? []].flat(),
      ingressClass: "cilium",
      isDefault: at(settings, "default") === true,
      sure: "likely",
      origin: release.object.origin,
    },
  ];
};

/** The Ingress controllers that stand in the repository, as the gateways they are to policy. */
export const readIngressControllers = (
  releases: readonly Release[],
  workloadsOf: (release: Release) => readonly WorkloadFact[],
): readonly IngressController[] =>
  releases.flatMap((release) => {
    if (release.chart.name === "cilium") return ciliumIngress(release);
    // A controller on the host network comes as host and remote-node, which is no pod of its own.
    if ([["hostNetwork"], ["controller", "hostNetwork"]].some((path) => at(release.values, ...path) === true))
      return [];
    const known = CONTROLLERS.find((c) => c.charts.includes(release.chart.name));
    const made = workloadsOf(release);
    const pods = made.find((w) => /controller|proxy/.test(w.name)) ?? made[0];
    if (known === undefined || pods === undefined) return [];
    const { values } = release;
    const ingressClass = text(at(values, ...known.classAt)) ?? known.className ?? release.name;
    const listener = (name: "http" | "https", port: number) => ({
      name,
      port,
      containerPort: portNumber(at(values, ...known[name].at)) ?? known[name].port,
      protocol: name.toUpperCase(),
      hostname: null,
      udp: false,
    });
    return [
      {
        namespace: release.namespace,
        name: release.name,
        podLabels: pods.podLabels,
        podNamespace: pods.namespace,
        listeners: [listener("http", 80), listener("https", 443)],
        addresses: [
          at(values, "controller", "service", "loadBalancerIP"),
          at(values, "service", "spec", "loadBalancerIP"),
          at(values, "proxy", "loadBalancerIP"),
        ].flatMap((address) => scalar(address) ?? []),
        ingressClass,
        isDefault: at(values, ...known.defaultAt) === true,
        sure: "likely" as const,
        origin: release.object.origin,
      },
    ];
  });

/** An Ingress names a class, or none: then it is the default's, or the only one's. */
export const throughControllers = (
  routes: readonly RouteFact[],
  controllers: readonly IngressController[],
): readonly RouteFact[] =>
  routes.map((route) => {
    if (route.kind === "IngressRoute") {
      const traefik = controllers.filter((c) => Object.values(c.podLabels).includes("traefik"));
      const mine = traefik.filter((c) => route.gateways.length === 0 || route.gateways.includes(c.ingressClass));
      return { ...route, gateways: mine.map((c) => `${c.namespace}/${c.name}`) };
    }
    if (route.kind !== "Ingress") return route;
    const named = controllers.filter((c) => route.gateways.includes(c.ingressClass));
    const standard = controllers.filter((c) => c.isDefault);
    const serving = route.gateways.length > 0 ? named : standard.length > 0 ? standard : controllers.slice(0, 1);
    return serving.length === 0 ? route : { ...route, gateways: serving.map((c) => `${c.namespace}/${c.name}`) };
  });
