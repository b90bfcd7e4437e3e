import type { ClusterFacts } from "./cluster-facts.ts";
import type { DeclaredEdge, GatewayFact, Inventory, RouteFact, ServiceFact, WorkloadFact } from "./inventory.ts";
import { type Landing, landings, type PodsFact, selects } from "./landing.ts";

type World = Pick<Inventory, "services" | "workloads" | "gateways" | "routes" | "declared">;

/** One declared connection: which pods start it and where it arrives. */
export interface Placement {
  readonly declared: DeclaredEdge;
  readonly source: WorkloadFact;
  readonly landing: Landing;
}

/** The far end in words: the host or address as written, `namespace/name`, or that nobody can name it. */
export const targetName = ({ target }: Pick<DeclaredEdge, "target">): string => {
  if (target.kind === "host") return target.host;
  if (target.kind === "address") return target.address;
  return target.kind === "outside" ? "outside" : `${target.namespace}/${target.name}`;
};

const sourcesOf = (declared: DeclaredEdge, workloads: readonly WorkloadFact[]): readonly WorkloadFact[] => {
  const { namespace, workload, kind } = declared.source;
  const named = workloads.filter((w) => w.namespace === namespace && w.name === workload);
  const exact = named.filter((w) => w.kind === kind);
  return exact.length > 0 ? exact : named;
};

/** These say where the workload itself connects to, even when the name is its own. */
const CALLS = new Set([
  "issuer",
  "database",
  "backup",
  "probe",
  "scrape",
  "webhook",
  "acme",
  "secret-store",
  "dns-provider",
]);

/** An app's own public, redirect or root URL is where browsers go, never where the app itself does. */
const isOwnUrl = (declared: DeclaredEdge, source: WorkloadFact, world: World): boolean => {
  if (declared.why === "redirect") return true;
  if (declared.target.kind !== "host" || CALLS.has(declared.why)) return false;
  const { host } = declared.target;
  const own = world.services.filter(
    (s) => s.namespace === source.namespace && s.selector !== null && selects(s.selector, source.podLabels),
  );
  return world.routes.some(
    (route) =>
      route.hostnames.includes(host) &&
      route.backends.some((b) => own.some((s) => s.namespace === b.namespace && s.name === b.service)),
  );
};

/** Every declared connection, placed; a workload's own address is none. */
export const placements = (world: World, facts: ClusterFacts): readonly Placement[] =>
  world.declared.flatMap((declared) => {
    const sources = sourcesOf(declared, world.workloads).filter((source) => !isOwnUrl(declared, source, world));
    if (sources.length === 0) return [];
    const arrives = landings(declared, world, facts);
    return sources.flatMap((source) => arrives.map((landing) => ({ declared, source, landing })));
  });

/** What a route promises: the gateway's pods reach the backend's pods on their container port (pattern A). */
export interface Routed {
  readonly route: RouteFact;
  readonly gateway: GatewayFact;
  readonly source: PodsFact;
  readonly landing: Landing;
}

/** Every gateway that a route names, to every backend it names. */
export const routed = (world: World, facts: ClusterFacts): readonly Routed[] =>
  world.routes.flatMap((route) =>
    world.gateways
      .filter((gateway) => route.gateways.includes(`${gateway.namespace}/${gateway.name}`))
      .filter((gateway) => gateway.servedBy !== undefined || Object.keys(gateway.podLabels).length > 0)
      .flatMap((gateway) => {
        const workload =
          gateway.servedBy === undefined
            ? world.workloads.find(
                (w) => w.namespace === gateway.podNamespace && selects(gateway.podLabels, w.podLabels),
              )
            : undefined;
        const source = { namespace: gateway.podNamespace, labels: gateway.podLabels, workload: workload ?? null };
        return route.backends.flatMap(({ namespace, service, port }) => {
          const target = { kind: "service", namespace, name: service } as const;
          const protocol = route.kind === "UDPRoute" ? ("UDP" as const) : ("TCP" as const);
          const number = portNumber(world, namespace, service, port);
          if (number === null) return [];
          return landings({ source: { namespace }, target, port: number, protocol }, world, facts).map((landing) => ({
            route,
            gateway,
            source,
            landing,
          }));
        });
      }),
  );

/** An Ingress may name the Service's port. */
const portNumber = (world: World, namespace: string, name: string, port: number | string): number | null => {
  if (typeof port === "number") return port;
  const service = world.services.find((s) => s.namespace === namespace && s.name === name);
  return service?.ports.find((p) => p.name === port)?.port ?? null;
};

/** A Service that the API server calls: admission and conversion webhooks, aggregated APIs (C D.5, lesson 34). */
export interface ApiserverTarget {
  readonly target: { readonly namespace: string; readonly name: string };
  /** Service port. */
  readonly port: number;
  readonly what: string;
}

const field = (value: unknown, key: string): unknown =>
  value !== null && typeof value === "object" && !Array.isArray(value) && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;

const serviceOf = (value: unknown, what: string): readonly ApiserverTarget[] => {
  const namespace = field(value, "namespace");
  const name = field(value, "name");
  const port = field(value, "port");
  if (typeof namespace !== "string" || typeof name !== "string") return [];
  return [{ target: { namespace, name }, port: typeof port === "number" ? port : 443, what }];
};

/** How charts that nobody renders here name the Services that the API server calls. */
const CALLED = /(^|-)(webhook|webhooks|admission|conversion|metrics-server|metrics-apiserver|custom-metrics)(-|$)/;

/** A chart's own webhook Service: its configuration is inside the chart, and often written by the controller itself. */
const calledByName = (services: readonly ServiceFact[]): readonly ApiserverTarget[] =>
  services
    .filter((s) => (s.unwritten === true || s.sure !== "certain") && CALLED.test(s.name))
    .flatMap(({ namespace, name, ports }) =>
      ports
        .filter((p) => p.protocol === "TCP")
        .map(({ port }) => ({
          target: { namespace, name },
          port,
          what: `webhook or API of Service ${namespace}/${name}`,
        })),
    );

/** What the rendered objects ask the API server to call, and what charts are known to have it call. */
export const apiserverTargets = (inventory: Pick<Inventory, "objects" | "services">): readonly ApiserverTarget[] => {
  const found = new Map<string, ApiserverTarget>();
  for (const { kind, name, object } of inventory.objects) {
    const what = `${kind} ${name}`;
    const targets: ApiserverTarget[] = [];
    if (kind === "ValidatingWebhookConfiguration" || kind === "MutatingWebhookConfiguration") {
      const hooks = object["webhooks"];
      for (const hook of Array.isArray(hooks) ? (hooks as readonly unknown[]) : [])
        targets.push(...serviceOf(field(field(hook, "clientConfig"), "service"), what));
    } else if (kind === "APIService") targets.push(...serviceOf(field(object["spec"], "service"), what));
    else if (kind === "CustomResourceDefinition") {
      const webhook = field(field(object["spec"], "conversion"), "webhook");
      targets.push(...serviceOf(field(field(webhook, "clientConfig"), "service"), what));
    }
    for (const t of targets) {
      const key = `${t.target.namespace}/${t.target.name}:${t.port}`;
      if (!found.has(key)) found.set(key, t);
    }
  }
  for (const t of calledByName(inventory.services)) {
    const key = `${t.target.namespace}/${t.target.name}:${t.port}`;
    if (!found.has(key)) found.set(key, t);
  }
  return [...found.values()];
};
