import { parseCidr } from "../cilium/cidr.ts";
import type { DeclaredEdge, ServiceFact } from "../facts/inventory.ts";
import type { Certainty } from "../facts/known.ts";
import type { Peer } from "../facts/verdict.ts";
import type { Context } from "./context.ts";
import type { Published } from "./gateways.ts";
import { publishersOf } from "./gateways.ts";
import { hostMatches, isClusterName, serviceOf } from "./hostnames.ts";
import { targetName } from "../facts/declared.ts";
import { HOST, WORLD, podPeer } from "./judge.ts";
import type { PodView } from "./pods.ts";
import { weaker } from "./rule.ts";

/** Where a declared connection ends once the Service, the gateway or the load balancer has translated it (C D.1). */
export type Landing =
  | {
      readonly kind: "pod";
      readonly pod: PodView;
      readonly containerPort: number;
      readonly through: string;
      /** The Service that translates, where one is written. */
      readonly service: ServiceFact | null;
      readonly sure: Certainty;
    }
  /** A name of the cluster's zone whose Service no manifest makes: only its namespace is known. */
  | { readonly kind: "namespace"; readonly namespace: string; readonly name: string; readonly sure: Certainty }
  | { readonly kind: "gateway"; readonly host: string; readonly published: Published; readonly sure: Certainty }
  | { readonly kind: "outside"; readonly peer: Peer; readonly text: string; readonly sure: Certainty }
  | { readonly kind: "node"; readonly peer: Peer; readonly text: string; readonly sure: Certainty };

/** The pods that a declaration speaks for. */
export const sourcesOf = (context: Context, edge: DeclaredEdge): readonly PodView[] => {
  const named = context.podsIn(edge.source.namespace).filter((p) => p.fact.name === edge.source.workload);
  const exact = named.filter((p) => p.fact.kind === edge.source.kind);
  return exact.length > 0 ? exact : named;
};

const throughService = (context: Context, service: ServiceFact, port: number, sure: Certainty): readonly Landing[] => {
  if (service.externalName !== null)
    return [{ kind: "outside", peer: { ...WORLD, names: [service.externalName] }, text: service.externalName, sure }];
  const entry = service.ports.find((p) => p.port === port);
  // A headless Service translates nothing: the port asked is the pod's own.
  const containerPort = entry === undefined ? port : (entry.containerPort ?? numeric(entry.targetPort));
  if (containerPort === null) return [];
  return context.backends(service).map(({ pod, match }) => ({
    kind: "pod",
    pod,
    containerPort,
    through: `Service ${service.namespace}/${service.name}`,
    service,
    sure: weaker(weaker(sure, service.sure), weaker(pod.sure, match === "yes" ? "certain" : "likely")),
  }));
};

const numeric = (port: number | string): number | null => (typeof port === "number" ? port : null);

/** NFS and SMB. */
const FILE_SERVERS: ReadonlySet<number> = new Set([2049, 445]);

const byHost = (context: Context, edge: DeclaredEdge, host: string): readonly Landing[] => {
  const { facts } = context;
  const named = serviceOf(host, facts);
  const service = named === null ? null : context.service(named.namespace, named.name);
  if (service !== null && (isClusterName(host, facts) || host.split(".").length === 2))
    return throughService(context, service, edge.port, edge.sure);
  if (isClusterName(host, facts)) {
    const known = named !== null && context.inventory.namespaces.some((n) => n.name === named.namespace);
    return known ? [{ kind: "namespace", ...named, sure: weaker(edge.sure, "likely") }] : [];
  }
  if (!host.includes(".")) {
    const own = context.service(edge.source.namespace, host);
    if (own !== null) return throughService(context, own, edge.port, edge.sure);
    // A file server by its short name is a machine of the LAN: nobody runs one behind a Service without a manifest.
    return FILE_SERVERS.has(edge.port)
      ? [{ kind: "outside", peer: { ...WORLD, names: [host] }, text: host, sure: edge.sure }]
      : [];
  }
  const balanced = context.inventory.services.find((s) => s.hostnames.some((h) => hostMatches(h, host)));
  if (balanced !== undefined && balanced.selector !== null)
    return throughService(context, balanced, edge.port, edge.sure);
  const published = publishersOf(context, host, edge.port);
  if (published.length > 0)
    return published.map((p) => ({ kind: "gateway", host, published: p, sure: weaker(edge.sure, p.gateway.sure) }));
  return [{ kind: "outside", peer: { ...WORLD, names: [host] }, text: host, sure: edge.sure }];
};

const byAddress = (context: Context, edge: DeclaredEdge, address: string): readonly Landing[] => {
  const prefix = parseCidr(address);
  if (prefix === null || /^(127\.|0\.0\.0\.0|::1?$|255\.)/.test(address)) return [];
  const services = context.addresses.loadBalancersIn(prefix).filter((s) => s.selector !== null);
  if (services.length > 0) return services.flatMap((s) => throughService(context, s, edge.port, edge.sure));
  const node = [...context.addresses.nodes, ...context.addresses.apiservers].some(
    (r) => r.text.split("/")[0] === address,
  );
  if (node) return [{ kind: "node", peer: HOST, text: address, sure: edge.sure }];
  return [{ kind: "outside", peer: { ...WORLD, ip: address, names: [] }, text: address, sure: edge.sure }];
};

export const landingsOf = (context: Context, edge: DeclaredEdge): readonly Landing[] => {
  const { target } = edge;
  switch (target.kind) {
    case "service": {
      const service = context.service(target.namespace, target.name);
      if (service === null)
        return [
          { kind: "namespace", namespace: target.namespace, name: target.name, sure: weaker(edge.sure, "likely") },
        ];
      return throughService(context, service, edge.port, edge.sure);
    }
    case "workload":
      return context
        .podsIn(target.namespace)
        .filter((p) => p.fact.name === target.name)
        .map((pod) => ({
          kind: "pod",
          pod,
          containerPort: edge.port,
          through: pod.id,
          service: null,
          sure: weaker(edge.sure, pod.sure),
        }));
    case "host":
      return byHost(context, edge, target.host);
    case "outside":
      return [{ kind: "outside", peer: { ...WORLD, names: [] }, text: "anywhere outside", sure: edge.sure }];
    case "address":
    default:
      return byAddress(context, edge, target.address);
  }
};

export const targetText = (edge: DeclaredEdge): string => `${targetName(edge)}:${edge.port}`;

/** An app's own public, redirect or root URL is where browsers go, not where the app connects. */
export const isOwnFace = (edge: DeclaredEdge): boolean => /redirect|callback|root|public|self|own/i.test(edge.why);

const folder = (file: string): string => file.slice(0, file.lastIndexOf("/") + 1);

const isWithin = (file: string, base: string): boolean => file.startsWith(base) || base.startsWith(folder(file));

/** A Secret or ConfigMap of another app, taken over whole, says what that app does; this one may read one key of it. */
export const isBorrowed = (edge: DeclaredEdge, pod: PodView): boolean =>
  pod.origin !== null &&
  !isWithin(edge.origin.file, folder(pod.origin.file)) &&
  !isWithin(pod.origin.file, folder(edge.origin.file));

/** How sure a declaration is for one workload. */
export const sureFor = (edge: DeclaredEdge, pod: PodView): Certainty =>
  isBorrowed(edge, pod) &&
  (edge.why === "url" || edge.why === "database" || edge.why === "broker" || edge.why === "mail")
    ? "guess"
    : weaker(pod.sure, pod.complete ? "certain" : "likely");

/** Whether a host lies in a zone that the cluster's gateways publish: inside it may resolve to one of them. */
export const isInPublishedZone = (context: Context, host: string): boolean => {
  const zone = host.slice(host.indexOf(".") + 1);
  return zone.length > 0 && context.inventory.routes.some((r) => r.hostnames.some((h) => h.endsWith(`.${zone}`)));
};

export const peerOfPod = (pod: PodView): Peer => podPeer(pod.endpoint);
