import type { ClusterFacts } from "./cluster-facts.ts";
import type { DeclaredEdge, GatewayFact, Inventory, RouteFact, ServiceFact, WorkloadFact } from "./inventory.ts";
import type { Certainty } from "./known.ts";
import type { Protocol } from "./verdict.ts";

/** Pods as a policy peer. `workload` is null where only their labels are known (an operator's pods). */
export interface PodsFact {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly workload: WorkloadFact | null;
}

/**
 * Where a connection really arrives: policy sees the pod and its container port, after Service translation and after
 * split-horizon DNS (C D.1, D.2; lessons 10 and 11).
 */
export type Landing =
  | {
      readonly kind: "pods";
      readonly pods: PodsFact;
      readonly port: number;
      readonly protocol: Protocol;
      /** The Service or gateway that translated: `Service network/envoy`; null when the pod is addressed directly. */
      readonly through: string | null;
      readonly sure: Certainty;
    }
  | {
      readonly kind: "outside";
      readonly host: string | null;
      readonly address: string | null;
      readonly port: number;
      readonly protocol: Protocol;
    }
  | { readonly kind: "apiserver"; readonly port: number; readonly protocol: Protocol }
  | { readonly kind: "unknown"; readonly why: string; readonly wouldHelp: string };

type Target = Pick<DeclaredEdge, "target" | "port" | "protocol"> & { readonly source: { readonly namespace: string } };
type World = Pick<Inventory, "services" | "workloads" | "gateways" | "routes">;

const unknown = (why: string, wouldHelp: string): Landing => ({ kind: "unknown", why, wouldHelp });

export const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);

/** A route's or listener's hostname pattern: `*.` stands for one or more labels (Gateway API). */
export const hostMatches = (pattern: string, host: string): boolean => {
  const p = pattern.toLowerCase();
  const h = host.toLowerCase();
  return p.startsWith("*.") ? h.endsWith(p.slice(1)) && h.length > p.length - 1 : p === h;
};

export const isAddress = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:]+$/i.test(text);

const isLoopback = (host: string): boolean =>
  host === "localhost" ||
  host.endsWith(".localhost") ||
  host.startsWith("127.") ||
  host === "::1" ||
  host === "0.0.0.0";

/** The Service that a cluster-internal name means, or null when the name is none. */
const serviceName = (
  host: string,
  from: string,
  world: World,
  clusterDomain: string,
): { namespace: string; name: string } | null => {
  const suffixes = [`.svc.${clusterDomain}`.toLowerCase(), ".svc"];
  for (const suffix of suffixes) {
    if (!host.endsWith(suffix)) continue;
    // A pod's own name in front of a headless Service still means that Service.
    const labels = host.slice(0, -suffix.length).split(".");
    const namespace = labels.at(-1);
    const name = labels.at(-2);
    return namespace === undefined || name === undefined ? null : { namespace, name };
  }
  const labels = host.split(".");
  const [first, second] = labels;
  if (first === undefined) return null;
  if (labels.length === 1) return { namespace: from, name: first };
  const named = world.services.some((s) => s.name === first && s.namespace === second);
  return labels.length === 2 && second !== undefined && named ? { namespace: second, name: first } : null;
};

const containerPortOf = (service: ServiceFact, port: number, protocol: Protocol, pod: WorkloadFact): number | null => {
  const entry = service.ports.find((p) => p.port === port && p.protocol === protocol);
  if (entry === undefined) {
    // A headless Service's name gives the pod itself, whose ports may be addressed although the Service lists others.
    const direct = pod.containers.some((c) => c.ports.some((p) => p.port === port && p.protocol === protocol));
    return direct ? port : null;
  }
  if (typeof entry.targetPort === "number") return entry.targetPort;
  for (const container of pod.containers)
    for (const p of container.ports) if (p.name === entry.targetPort) return p.port;
  return entry.containerPort;
};

const weaker = (a: Certainty, b: Certainty): Certainty =>
  a === "guess" || b === "guess" ? "guess" : a === "likely" || b === "likely" ? "likely" : "certain";

/** A Service that selects nobody leads to whatever its EndpointSlices name. */
const onEndpoints = (service: ServiceFact, id: string, target: Target, world: World): readonly Landing[] => {
  const { protocol } = target;
  const name = service.ports.find((p) => p.port === target.port && p.protocol === protocol)?.name ?? null;
  const found = (service.endpoints ?? []).flatMap(({ address, pod, ports }): readonly Landing[] => {
    const port = ports.find((p) => p.protocol === protocol && (ports.length === 1 || p.name === name))?.port;
    if (port === undefined) return [];
    const workload = world.workloads.find(
      (w) => pod !== null && w.namespace === service.namespace && w.kind === pod.kind && w.name === pod.name,
    );
    if (workload === undefined) return [{ kind: "outside", host: null, address, port, protocol }];
    const pods = { namespace: workload.namespace, labels: workload.podLabels, workload };
    return [{ kind: "pods", pods, port, protocol, through: id, sure: "certain" }];
  });
  return found.length > 0 ? found : [unknown(`${id} has no selector`, "its EndpointSlices, from the cluster")];
};

const onService = (
  service: ServiceFact,
  target: Target,
  world: World,
  facts: ClusterFacts,
  depth: number,
): readonly Landing[] => {
  const id = `Service ${service.namespace}/${service.name}`;
  if (service.namespace === "default" && service.name === "kubernetes")
    return [{ kind: "apiserver", port: facts.apiserverPort, protocol: "TCP" }];
  if (service.externalName !== null) {
    if (depth > 3) return [unknown(`${id} points at itself`, "an ExternalName that ends somewhere")];
    return landHost(service.externalName, target, world, facts, depth + 1);
  }
  const selector = service.selector;
  if (selector === null) return onEndpoints(service, id, target, world);
  const pods = world.workloads.filter((w) => w.namespace === service.namespace && selects(selector, w.podLabels));
  if (pods.length === 0)
    return [unknown(`no known workload is selected by ${id}`, "the pods, from the cluster or the chart")];
  return pods.map((workload): Landing => {
    const port = containerPortOf(service, target.port, target.protocol, workload);
    if (port === null)
      return unknown(`${id} has no port ${target.port} that leads to a container port`, "the Service's targetPort");
    const sure = weaker(service.sure, workload.sure);
    const labels = workload.podLabels;
    return {
      kind: "pods",
      pods: { namespace: service.namespace, labels, workload },
      port,
      protocol: target.protocol,
      through: id,
      sure,
    };
  });
};

const onGateway = (gateway: GatewayFact, target: Target, world: World, sure: Certainty): readonly Landing[] => {
  const id = `Gateway ${gateway.namespace}/${gateway.name}`;
  if (gateway.servedBy === "cilium")
    return [unknown(`${id} is served by Cilium's own Envoy, before policy looks`, "a recorded flow")];
  if (Object.keys(gateway.podLabels).length === 0)
    return [unknown(`nobody here knows which pods serve ${id}`, "its class's controller, or a recorded flow")];
  const listener = gateway.listeners.find((l) => l.port === target.port);
  if (listener === undefined)
    return [unknown(`${id} has no listener on port ${target.port}`, "the listener, or the right port")];
  const workload =
    world.workloads.find((w) => w.namespace === gateway.podNamespace && selects(gateway.podLabels, w.podLabels)) ??
    null;
  return [
    {
      kind: "pods",
      pods: { namespace: gateway.podNamespace, labels: gateway.podLabels, workload },
      port: listener.containerPort,
      protocol: target.protocol,
      through: id,
      sure: weaker(gateway.sure, sure),
    },
  ];
};

const gatewaysOf = (routes: readonly RouteFact[], world: World): readonly GatewayFact[] => {
  const ids = new Set(routes.flatMap((r) => r.gateways));
  return world.gateways.filter((g) => ids.has(`${g.namespace}/${g.name}`));
};

const inside = (host: string, facts: ClusterFacts): boolean =>
  facts.insideZones.some((zone) => {
    const z = zone.toLowerCase();
    return host === z || host.endsWith(`.${z}`);
  });

/** A public name: the gateway that serves it here, a LoadBalancer that publishes it, or somewhere outside. */
const landPublic = (
  host: string,
  written: string,
  target: Target,
  world: World,
  facts: ClusterFacts,
): readonly Landing[] => {
  const known = inside(host, facts);
  const sure: Certainty = known ? "certain" : "likely";
  const service = world.services.find((s) => s.hostnames.some((h) => hostMatches(h, host)));
  if (service !== undefined) return onService(service, target, world, facts, 0);
  const exact = world.routes.filter((r) => r.hostnames.some((h) => h.toLowerCase() === host));
  const routes = exact.length > 0 ? exact : world.routes.filter((r) => r.hostnames.some((h) => hostMatches(h, host)));
  const gateways = gatewaysOf(routes, world);
  if (gateways.length > 0) return gateways.flatMap((g) => onGateway(g, target, world, sure));
  if (!known) return [{ kind: "outside", host, address: null, port: target.port, protocol: target.protocol }];
  const listening = world.gateways.filter((g) =>
    g.listeners.some((l) => l.port === target.port && l.hostname !== null && hostMatches(l.hostname, host)),
  );
  if (listening.length > 0) return listening.flatMap((g) => onGateway(g, target, world, "likely"));
  return [
    unknown(`${written} lies in a zone that is served inside, but no route names it`, "the route, or a recorded flow"),
  ];
};

const landAddress = (address: string, target: Target, world: World, facts: ClusterFacts): readonly Landing[] => {
  const gateway = world.gateways.find((g) => g.addresses.includes(address));
  if (gateway !== undefined) return onGateway(gateway, target, world, "certain");
  const service = world.services.find((s) => s.loadBalancerIps.includes(address));
  const translated = service === undefined ? [] : onService(service, target, world, facts, 0);
  // An address without endpoints is an address like any other (lesson 11).
  if (translated.some((l) => l.kind === "pods")) return translated;
  return [{ kind: "outside", host: null, address, port: target.port, protocol: target.protocol }];
};

/** How controllers name the Service that they make for a Gateway: Envoy Gateway, Cilium, Istio, or after it. */
const isServiceOf = ({ namespace, name }: GatewayFact, service: string): boolean =>
  service === name ||
  service === `cilium-gateway-${name}` ||
  service === `${name}-istio` ||
  service.startsWith(`envoy-${namespace}-${name}`);

const landHost = (
  written: string,
  target: Target,
  world: World,
  facts: ClusterFacts,
  depth: number,
): readonly Landing[] => {
  const host = written.trim().toLowerCase().replace(/\.$/, "");
  if (host === "" || isLoopback(host)) return [];
  if (/^\$\{[^}]*\}$/.test(host))
    return [
      unknown(`the repository alone does not resolve ${written.trim()}`, "the variable's value, or a recorded flow"),
    ];
  if (isAddress(host)) return landAddress(host, target, world, facts);
  const name = serviceName(host, target.source.namespace, world, facts.clusterDomain);
  if (name === null) return landPublic(host, written.trim(), target, world, facts);
  const service = world.services.find((s) => s.namespace === name.namespace && s.name === name.name);
  if (service !== undefined) return onService(service, target, world, facts, depth);
  if (name.namespace === "default" && name.name === "kubernetes")
    return [{ kind: "apiserver", port: facts.apiserverPort, protocol: "TCP" }];
  const gateway = world.gateways.find((g) => g.podNamespace === name.namespace && isServiceOf(g, name.name));
  if (gateway !== undefined) return onGateway(gateway, target, world, "likely");
  if (!host.includes("."))
    return [
      unknown(
        `"${host}" is no known Service of ${name.namespace}, and as a host of the local network it has no address here`,
        "the Service from its chart or the cluster, or a recorded flow",
      ),
    ];
  return [unknown(`no Service ${name.namespace}/${name.name} is known`, "the Service, from the chart or the cluster")];
};

/**
 * Where a declared connection arrives. Empty for one that never leaves the pod (loopback). Several for a Service with
 * several kinds of pods, or a name served by two gateways.
 */
export const landings = (target: Target, world: World, facts: ClusterFacts): readonly Landing[] => {
  const to = target.target;
  if (to.kind === "host") return landHost(to.host, target, world, facts, 0);
  if (to.kind === "address") return landAddress(to.address, target, world, facts);
  if (to.kind === "outside")
    return [{ kind: "outside", host: null, address: null, port: target.port, protocol: target.protocol }];
  if (to.kind === "service") {
    const service = world.services.find((s) => s.namespace === to.namespace && s.name === to.name);
    if (service !== undefined) return onService(service, target, world, facts, 0);
    if (to.namespace === "default" && to.name === "kubernetes")
      return [{ kind: "apiserver", port: facts.apiserverPort, protocol: "TCP" }];
    return [unknown(`no Service ${to.namespace}/${to.name} is known`, "the Service, from the chart or the cluster")];
  }
  const pods = world.workloads.filter((w) => w.namespace === to.namespace && w.name === to.name);
  if (pods.length === 0)
    return [unknown(`no workload ${to.namespace}/${to.name} is known`, "the workload, from the chart or the cluster")];
  return pods.map((workload) => ({
    kind: "pods",
    pods: { namespace: to.namespace, labels: workload.podLabels, workload },
    port: target.port,
    protocol: target.protocol,
    through: null,
    sure: workload.sure,
  }));
};

/** Private ranges, where hosts of the LAN live (RFC 1918, and unique local addresses). */
export const isPrivate = (address: string): boolean =>
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address) || /^f[cd][0-9a-f]{2}:/i.test(address);

/** A name with a variable in it (`${SECRET_DOMAIN}`) is a name that the repository alone does not tell. */
export const hasVariable = (host: string): boolean => host.includes("${") || host.includes("{{");
