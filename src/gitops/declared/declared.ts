import type { ClusterFacts } from "../../facts/cluster-facts.ts";
import { targetName } from "../../facts/declared.ts";
import type { DeclaredEdge, ServiceFact } from "../../facts/inventory.ts";
import { isAddress } from "../../facts/landing.ts";
import type { Contents } from "../contents.ts";
import type { Rendered } from "../flux/reconcile.ts";
import { makesPods } from "../workloads.ts";
import { podsBehind } from "../services.ts";
import { readConfigs } from "./configs.ts";
import { impliedPort, meaningOf } from "./meaning.ts";
import { declaredByPrograms } from "./programs.ts";
import { declaredByResources, isReadApart } from "./resources.ts";
import type { CalledAt } from "./containers.ts";
import type { Found } from "./settings.ts";
import {
  toldByAppTemplate,
  toldByChart,
  toldByManifest,
  toldByResource,
  toldToExternalDns,
  type Told,
} from "./workload-settings.ts";

interface Field {
  readonly facts: ClusterFacts;
  readonly services: readonly ServiceFact[];
  readonly isOwn: (host: string, told: Told["workload"]) => boolean;
  /** Whether the workload itself listens there: a host with that port beside it is the address it gives itself. */
  readonly serves: (told: Told["workload"], port: number) => boolean;
}

/** The Service that a name means for a pod of a namespace, where it is one. */
const serviceNamed = (host: string, namespace: string, { services, facts }: Field): ServiceFact | null => {
  const asked = host.toLowerCase().replace(/\.$/, "");
  const suffix = [`.svc.${facts.clusterDomain}`, ".svc"].find((ending) => asked.endsWith(ending));
  const labels = (suffix === undefined ? asked : asked.slice(0, -suffix.length)).split(".");
  // A pod's own name may stand in front of its headless Service.
  const [name, space] = suffix === undefined ? labels : labels.slice(-2);
  if (suffix === undefined && labels.length > 2) return null;
  return services.find((s) => s.name === name && s.namespace === (space ?? namespace)) ?? null;
};

const isInside = (host: string, service: ServiceFact | null): boolean =>
  service !== null || /\.svc(?:\.|$)/.test(host) || !host.includes(".");

/** Whether a host is one under which the workload itself is published, for many askers. */
const ownHosts = ({ services, routes, workloads }: Contents): Field["isOwn"] => {
  const published = new Map<string, Set<string>>();
  for (const route of routes) {
    if (route.hostnames.length === 0) continue;
    for (const backend of route.backends) {
      const service = services.find((s) => s.namespace === backend.namespace && s.name === backend.service);
      for (const pod of podsBehind(backend.namespace, service?.selector ?? null, workloads)) {
        const id = `${pod.namespace}/${pod.kind}/${pod.name}`;
        const hosts = published.get(id) ?? new Set();
        for (const host of route.hostnames) hosts.add(host);
        published.set(id, hosts);
      }
    }
  }
  return (host, told) => published.get(`${told.namespace}/${told.kind}/${told.name}`)?.has(host) ?? false;
};

const servedPorts = ({ workloads }: Contents): Field["serves"] => {
  const ports = new Map<string, Set<number>>();
  for (const w of workloads)
    ports.set(`${w.namespace}/${w.kind}/${w.name}`, new Set(w.containers.flatMap((c) => c.ports.map((p) => p.port))));
  return (told, port) => ports.get(`${told.namespace}/${told.kind}/${told.name}`)?.has(port) ?? false;
};

const LOOPBACK = /^(?:localhost|.*\.localhost|127\..*|0\.0\.0\.0|::1?|\$\{?HOSTNAME\}?)$/i;
/** Names that configuration files carry in defaults and headers without ever asking for them. */
const EXAMPLE = /^(?:www\.)?(?:example\.(?:com|org|net)|schema\.org|json-schema\.org|w3\.org)$/i;

const edgeOf = (
  workload: Told["workload"],
  { target, key, origin, sure }: Found,
  field: Field,
): DeclaredEdge | null => {
  const { host } = target;
  if (LOOPBACK.test(host) || EXAMPLE.test(host) || host.includes("*")) return null;
  const service = serviceNamed(host, workload.namespace, field);
  const only = service?.ports.length === 1 ? service.ports[0] : undefined;
  const port = target.port ?? only?.port ?? null;
  if (port === null) return null;
  const inside = isInside(host, service);
  const speaks = target.speaks ?? impliedPort(key, host)?.speaks ?? null;
  const served = !inside && target.scheme === null && field.serves(workload, port);
  const own = served || field.isOwn(host, workload);
  const why = own ? "redirect" : target.discovers ? "issuer" : meaningOf(key, speaks, inside);
  // A public name in a file may be a link for people as well as a dependency.
  const careful = sure === "likely" && !inside && why === "url" && target.speaks === "web";
  return {
    source: { namespace: workload.namespace, workload: workload.name, kind: workload.kind },
    target: isAddress(host) ? { kind: "address", address: host } : { kind: "host", host },
    port,
    protocol: target.protocol,
    why,
    key,
    sure: careful ? "guess" : sure,
    origin,
  };
};

/** A command's default place: the packages of a distribution, or mirrors that nobody can name. */
const calledEdge = (workload: Told["workload"], call: CalledAt, field: Field): DeclaredEdge | null => {
  const { target, port, key, sure, origin } = call;
  const source = { namespace: workload.namespace, workload: workload.name, kind: workload.kind };
  if (target === null) {
    const why = `${key} asks mirrors that are chosen anew each time`;
    return { source, target: { kind: "outside", why }, port, protocol: "TCP", why: "download", key, sure, origin };
  }
  const edge = edgeOf(workload, { target, key, origin, sure }, field);
  return edge?.why === "url" ? { ...edge, why: "download", sure } : edge;
};

/** Names are asked over both protocols. */
const withDatagrams = (edge: DeclaredEdge | null): readonly DeclaredEdge[] =>
  edge === null ? [] : edge.port === 53 ? [edge, { ...edge, protocol: "UDP" }] : [edge];

export const edgeKey = (edge: DeclaredEdge): string =>
  `${edge.source.namespace}/${edge.source.kind}/${edge.source.workload}|${edge.target.kind} ${targetName(edge)}|${edge.port}/${edge.protocol}|${edge.why}|${edge.key}`;

/** Every connection that the manifests say will be made, seen or not (lesson 7). */
export const readDeclared = (
  contents: Contents,
  objects: readonly Rendered[],
  facts: ClusterFacts,
): readonly DeclaredEdge[] => {
  const { services, releases } = contents;
  const field: Field = { facts, services, isOwn: ownHosts(contents), serves: servedPorts(contents) };
  const configs = readConfigs(objects);
  const made = Map.groupBy(
    contents.workloads.filter((w) => w.from.kind === "operator"),
    (w) => w.origin,
  );
  const told = [
    ...objects.flatMap((object) => (isReadApart(object) ? [] : toldByResource(object, made.get(object.origin) ?? []))),
    ...objects.flatMap((object) => (makesPods(object.kind) ? toldByManifest(object, configs) : [])),
    ...releases.flatMap((release) => {
      const made = contents.workloadsOf(release);
      return release.chart.name === "app-template"
        ? toldByAppTemplate(release, made, configs)
        : toldByChart(release, made);
    }),
  ];
  const edges = [
    ...told.flatMap(({ workload, found, called = [] }) => [
      ...found.flatMap((f) => withDatagrams(edgeOf(workload, f, field))),
      ...called.flatMap((c) => withDatagrams(calledEdge(workload, c, field))),
    ]),
    ...releases.flatMap((release) => toldToExternalDns(release, contents.workloadsOf(release))),
    ...declaredByResources(contents, objects, facts),
    ...declaredByPrograms(contents.workloads),
  ];
  const unique = new Map<string, DeclaredEdge>();
  for (const edge of edges) if (!unique.has(edgeKey(edge))) unique.set(edgeKey(edge), edge);
  return [...unique.values()];
};
