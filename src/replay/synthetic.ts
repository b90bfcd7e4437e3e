import { knownFacts } from "../facts/autopath.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Edge } from "../facts/edge.ts";
import { apiserverTargets, placements, routed } from "../facts/declared.ts";
import type { DeclaredEdge, GatewayFact, Inventory } from "../facts/inventory.ts";
import type { Certainty } from "../facts/known.ts";
import { namespaceOf } from "../facts/labels.ts";
import { hasVariable, type Landing, landings, type PodsFact, selects } from "../facts/landing.ts";
import type { PolicyDocument } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Protocol, Verdict } from "../facts/verdict.ts";
import type { Actor, Cast } from "./cast.ts";
import { court, type DirectionResult, worse } from "./court.ts";
import { explain } from "./why.ts";

/** A declared or required connection as it would arrive: with identity and container port after translation. */
export interface SyntheticFlow {
  readonly kind: "declared" | "required";
  readonly source: Actor;
  readonly destination: Actor;
  readonly protocol: Protocol;
  readonly port: number;
  readonly declared: DeclaredEdge | null;
  /** What asks for it, in one line: the configuration key, or the requirement. */
  readonly reason: string;
  readonly sure: Certainty;
  /** A public name behind the connection, for whoever has to exercise it. */
  readonly publicName?: string;
}

/** A declared connection of which nobody can say where it arrives. */
export interface Unplaced {
  readonly declared: DeclaredEdge;
  readonly why: string;
  readonly wouldHelp: string;
}

/** Every pod asks the cluster's DNS, over UDP and, for long answers, over TCP. */
const resolverFlows = (
  inventory: Reading,
  facts: ClusterFacts,
  namespace: string,
  who: Cast,
): readonly SyntheticFlow[] => {
  const { dns } = facts;
  const servers = inventory.workloads.filter((w) => w.namespace === dns.namespace && selects(dns.labels, w.podLabels));
  const destinations = servers.length > 0 ? servers.map((w) => who.pods(w)) : [who.labelled(dns.namespace, dns.labels)];
  const clients = inventory.workloads.filter((w) => w.namespace === namespace && !w.suspended && !w.hostNetwork);
  return clients.flatMap((client) =>
    destinations.flatMap((destination) =>
      (["UDP", "TCP"] as const).map((protocol): SyntheticFlow => ({
        kind: "required",
        source: who.pods(client),
        destination,
        protocol,
        port: dns.port,
        declared: null,
        reason: "every pod resolves names",
        sure: "certain",
      })),
    ),
  );
};

const gatewayActor = (gateway: GatewayFact, source: PodsFact, who: Cast): Actor => {
  if (gateway.servedBy === "cilium") return outside("reserved:ingress", ["reserved:ingress"], null, null);
  return source.workload === null ? who.labelled(source.namespace, source.labels) : who.pods(source.workload);
};

/** What a route promises, gateway to backend; nobody may have asked for it during the whole soak. */
const routedFlows = (inventory: Reading, facts: ClusterFacts, namespace: string, who: Cast): readonly SyntheticFlow[] =>
  routed(inventory, facts).flatMap(({ route, gateway, source, landing }) => {
    const destination = actorOf(landing, who);
    if (landing.kind !== "pods" || destination === null || landing.pods.workload?.suspended === true) return [];
    if (source.namespace !== namespace && landing.pods.namespace !== namespace) return [];
    const flow: SyntheticFlow = {
      kind: "declared",
      source: gatewayActor(gateway, source, who),
      destination,
      protocol: landing.protocol,
      port: landing.port,
      declared: null,
      reason: `${route.kind} ${route.namespace}/${route.name} through ${gateway.namespace}/${gateway.name}`,
      sure: route.sure,
      ...(route.hostnames[0] === undefined ? {} : { publicName: route.hostnames[0] }),
    };
    return [flow];
  });

/** Webhooks and aggregated APIs: called by the API server, on the container port, and only on change (lesson 34). */
const calledByApiserver = (
  inventory: Reading,
  facts: ClusterFacts,
  namespace: string,
  who: Cast,
): readonly SyntheticFlow[] =>
  apiserverTargets(inventory)
    .filter(({ target }) => target.namespace === namespace)
    .flatMap(({ target, port, what }) => {
      const to = { kind: "service", ...target } as const;
      const found = landings({ source: { namespace }, target: to, port, protocol: "TCP" }, inventory, facts);
      return found.flatMap((landing) => {
        const destination = actorOf(landing, who);
        if (destination === null || landing.kind !== "pods") return [];
        const source = actorOf({ kind: "apiserver", port: facts.apiserverPort, protocol: "TCP" }, who);
        if (source === null) return [];
        const flow: SyntheticFlow = {
          kind: "required",
          source,
          destination,
          protocol: landing.protocol,
          port: landing.port,
          declared: null,
          reason: what,
          sure: landing.sure,
        };
        return [flow];
      });
    });

export interface Exercise {
  readonly flow: SyntheticFlow;
  readonly verdict: Verdict;
  readonly egress: DirectionResult;
  readonly ingress: DirectionResult;
  readonly onPaper: boolean;
  readonly why: string;
  /** The edge that shows that it has happened; null: unexercised. */
  readonly seen: Edge | null;
  /** What a person does to see it happen now. */
  readonly exercise: string;
}

export interface Unexercised {
  readonly exercises: readonly Exercise[];
  readonly unplaced: readonly Unplaced[];
}

export type Reading = Pick<
  Inventory,
  "namespaces" | "workloads" | "services" | "gateways" | "routes" | "declared" | "objects"
>;

const outside = (id: string, labels: readonly string[], ip: string | null, names: readonly string[] | null): Actor => ({
  id,
  peer: { labels, ip, names, endpoint: false },
  workload: null,
  labelsFrom: "current",
  vanished: false,
});

/** The far end of a landing as policy sees it; null when nobody can say. */
export const actorOf = (landing: Landing, who: Cast, asked: "as-written" | "expanded" = "as-written"): Actor | null => {
  if (landing.kind === "unknown") return null;
  if (landing.kind === "apiserver")
    return outside("reserved:kube-apiserver", ["reserved:kube-apiserver", "reserved:remote-node"], null, null);
  if (landing.kind === "outside") {
    if (landing.address !== null) return outside(`cidr:${landing.address}`, ["reserved:world"], landing.address, []);
    if (landing.host === null) return outside("reserved:world", ["reserved:world"], null, []);
    const host = landing.host ?? "";
    // Autopath answers another name than the one that is written, so that no rule for this one matches (C B.4.4).
    if (asked === "expanded") return outside(`fqdn:${host}`, ["reserved:world"], null, []);
    // A name with a variable in it is a name that nobody here knows.
    return outside(`fqdn:${host}`, ["reserved:world"], null, hasVariable(host) ? null : [host]);
  }
  const { workload, namespace, labels } = landing.pods;
  return workload === null ? who.labelled(namespace, labels) : who.pods(workload);
};

/** What a person does to see it happen now. */
export const exerciseFor = (flow: SyntheticFlow): string => {
  const { source } = flow;
  const why = flow.declared?.why ?? "";
  const workload = source.workload;
  if (flow.publicName !== undefined)
    return `open ${flow.publicName} in a browser, from outside, until the app has loaded`;
  if (why === "issuer") return "log in to the app through its public address, in a browser";
  if (why === "acme") return `renew a certificate: cmctl renew -n ${workload?.namespace ?? "NAMESPACE"} CERTIFICATE`;
  if (workload?.kind === "CronJob")
    return `kubectl create job -n ${workload.namespace} --from=cronjob/${workload.name} ${workload.name}-once`;
  if (why === "backup") return "take a backup now and look at its log";
  if (why === "probe" || why === "scrape") return "wait for one interval and look at the target's state";
  if (workload === null) return "use the function that needs it";
  const kind = workload.kind.toLowerCase();
  return kind === "deployment" || kind === "statefulset" || kind === "daemonset"
    ? `kubectl rollout restart -n ${workload.namespace} ${kind}/${workload.name}, then use it once`
    : `use ${workload.namespace}/${workload.name} once`;
};

/** Whether a recorded edge is of this connection: the same pods at both ends, or the same name outside. */
export const isEdgeOf = (flow: SyntheticFlow, edge: Edge, who: Cast): boolean => {
  if (edge.port !== flow.port || edge.protocol !== flow.protocol) return false;
  if (who.end(edge.source).workload !== flow.source.workload || flow.source.workload === null) return false;
  const to = who.end(edge.destination);
  if (flow.destination.workload !== null) return to.workload === flow.destination.workload;
  const host = flow.destination.id.startsWith("fqdn:") ? flow.destination.id.slice("fqdn:".length) : undefined;
  if (host !== undefined) return edge.destination.names.some((n) => n.replace(/\.$/, "") === host);
  const { ip } = flow.destination.peer;
  if (ip !== null && ip !== undefined) return edge.destination.ips.includes(ip);
  const labels = flow.destination.peer.labels ?? [];
  if (flow.destination.id === "reserved:kube-apiserver")
    return (to.peer.labels ?? []).includes("reserved:kube-apiserver");
  return labels.length > 0 && !labels.includes("reserved:world") && labels.every((l) => to.peer.labels?.includes(l));
};

/** Every declared or required connection with the namespace at either end, placed where it would arrive. */
export const syntheticFlows = (
  inventory: Reading,
  facts: ClusterFacts,
  namespace: string,
  who: Cast,
): { readonly flows: readonly SyntheticFlow[]; readonly unplaced: readonly Unplaced[] } => {
  const flows: SyntheticFlow[] = [];
  const unplaced: Unplaced[] = [];
  const asked = facts.autopath ? "expanded" : "as-written";
  for (const { declared, source, landing } of placements(inventory, facts)) {
    if (source.suspended) continue;
    const destination = actorOf(landing, who, asked);
    if (landing.kind === "unknown" || destination === null) {
      if (landing.kind === "unknown" && source.namespace === namespace)
        unplaced.push({ declared, why: landing.why, wouldHelp: landing.wouldHelp });
      continue;
    }
    if (source.namespace !== namespace && namespaceOf(destination.peer.labels ?? []) !== namespace) continue;
    const { protocol, port } = landing;
    const reason = `${declared.why}: ${declared.key}`;
    flows.push({
      kind: "declared",
      source: who.pods(source),
      destination,
      protocol,
      port,
      declared,
      reason,
      sure: declared.sure,
    });
  }
  flows.push(
    ...routedFlows(inventory, facts, namespace, who),
    ...resolverFlows(inventory, facts, namespace, who),
    ...calledByApiserver(inventory, facts, namespace, who),
  );
  return { flows, unplaced };
};

/** Judges every declared connection of a namespace at both ends under the candidate set plus default-deny (lesson 7). */
export const unexercised = (request: {
  readonly inventory: Reading;
  readonly edges: readonly Edge[];
  readonly policies: readonly PolicyDocument[];
  readonly settings: CiliumSettings;
  readonly facts: ClusterFacts;
  readonly namespace: string;
}): Unexercised => {
  const { inventory, settings, policies, namespace } = request;
  const facts = knownFacts(request.facts, inventory);
  const bench = court({ policies, settings, inventory, defaultDenyFor: [namespace], edges: request.edges });
  const { flows, unplaced } = syntheticFlows(inventory, facts, namespace, bench.cast);
  const exercises = flows.map((flow): Exercise => {
    const { egress, ingress } = bench.connection(flow.source, flow.destination, flow.protocol, flow.port);
    const verdict = worse(egress.verdict, ingress.verdict);
    const onPaper = verdict === "allowed" && (egress.onPaper || ingress.onPaper);
    const told = { source: flow.source, destination: flow.destination, egress, ingress, onPaper, disagreement: null };
    return {
      flow,
      verdict,
      egress,
      ingress,
      onPaper,
      why: explain(told),
      seen: request.edges.find((edge) => edge.flows > 0 && isEdgeOf(flow, edge, bench.cast)) ?? null,
      exercise: exerciseFor(flow),
    };
  });
  const open = unplaced.filter((lost) => !request.edges.some((edge) => isPlacedBy(lost, edge, bench.cast)));
  return { exercises, unplaced: open };
};

/** A recorded edge of the same workload on the same port, to a host of that name, shows where it arrives. */
const isPlacedBy = ({ declared }: Unplaced, edge: Edge, who: Cast): boolean => {
  if (edge.flows === 0 || edge.port !== declared.port || edge.protocol !== declared.protocol) return false;
  if (declared.target.kind !== "host") return false;
  const { namespace, workload } = declared.source;
  const source = who.end(edge.source).workload;
  const host = declared.target.host.toLowerCase();
  return (
    source?.namespace === namespace &&
    source.name === workload &&
    edge.destination.names.some((name) => name === host || name.startsWith(`${host}.`))
  );
};
