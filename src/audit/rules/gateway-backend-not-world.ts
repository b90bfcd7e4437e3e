import type { Severity } from "../../facts/finding.ts";
import type { DeclaredEdge } from "../../facts/inventory.ts";
import type { Certainty } from "../../facts/known.ts";
import type { Peer } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import { isOwnFace, landingsOf, sourcesOf, sureFor, targetText } from "../declared.ts";
import type { Published } from "../gateways.ts";
import { gatewayPeer, publishersOf } from "../gateways.ts";
import { hostMatches } from "../hostnames.ts";
import type { PodView } from "../pods.ts";
import type { Defect, Rule } from "../rule.ts";
import { place, relatedAt, weaker } from "../rule.ts";
import { placesToRepair } from "./declared-dependency-dropped.ts";
import { inRule, list, subjectPods } from "./shared.ts";

const ID = "gateway-backend-not-world";

const isInside = (context: Context, host: string): boolean =>
  context.facts.insideZones.some((zone) => host === zone || host.endsWith(`.${zone}`) || hostMatches(zone, host));

/** The app that a route publishes does not go out to come back in: that is its own address. */
const isOwnRoute = (context: Context, source: PodView, published: Published): boolean =>
  (published.route?.backends ?? []).some((b) => {
    const service = context.service(b.namespace, b.service);
    return service !== null && context.backends(service).some(({ pod }) => pod === source);
  });

const fact = (context: Context, host: string): string =>
  isInside(context, host)
    ? ""
    : `. Certain where ${host} resolves to the gateway from inside the cluster (split horizon); list the zone under facts.insideZones`;

interface Unreached extends Published {
  readonly host: string;
  readonly peer: Peer;
  readonly sure: Certainty;
}

/** The gateways that serve what a setting names and that its pods may not reach. */
const unreached = (context: Context, edge: DeclaredEdge, source: PodView): readonly Unreached[] =>
  landingsOf(context, edge).flatMap((landing): Unreached[] => {
    if (landing.kind !== "gateway" || isOwnRoute(context, source, landing.published)) return [];
    const { gateway, containerPort } = landing.published;
    const peer = gatewayPeer(context, gateway);
    if (peer === null || context.judge.egress(source, peer, edge.protocol, containerPort).verdict !== "dropped")
      return [];
    return [{ ...landing.published, host: landing.host, peer, sure: landing.sure }];
  });

/** One finding for one name, whichever gateways serve it. */
function* fromSettings(context: Context, edge: DeclaredEdge): Generator<Defect> {
  for (const source of sourcesOf(context, edge)) {
    if (!source.governed || source.fact.suspended) continue;
    const found = unreached(context, edge, source);
    const [first] = found;
    if (first === undefined) continue;
    const { route, host, containerPort } = first;
    const severity: Severity = isInside(context, host) ? "error" : "warning";
    const names = [...new Set(found.map(({ gateway }) => `${gateway.namespace}/${gateway.name}`))].sort();
    yield {
      namespace: source.namespace,
      policy: null,
      severity,
      sure: found.map((f) => f.sure).reduce(weaker, sureFor(edge, source)),
      origin: edge.origin,
      message: `${edge.key} (${edge.why}) makes ${source.id} connect to ${targetText(edge)}, which gateway ${list(names)} serves: policy sees its pods on ${containerPort}, never world on ${edge.port}. Add egress to them on ${containerPort}${fact(context, host)}`,
      key: [edge.source.kind, edge.source.workload, targetText(edge), ...names],
      missing: found.map(({ peer, containerPort: port }) => ({
        pod: source,
        connection: { direction: "egress", peer, protocol: edge.protocol, port },
      })),
      // One published name is behind all who ask it from inside.
      cause: route === null || route.origin === null ? null : { rule: ID, at: place(route.origin) },
      related: [
        ...placesToRepair(context, source, "egress"),
        ...relatedAt(route?.origin ?? null, `${host} is served here`),
        ...found.flatMap(({ gateway }) => relatedAt(gateway.origin, "the gateway")),
      ].slice(0, 8),
    };
  }
}

/** A name in toFQDNs that an in-cluster gateway serves: its address is the gateway's, translated before policy. */
function* fromNames(context: Context): Generator<Defect> {
  for (const rule of context.rules)
    for (const peer of rule.peers) {
      if (peer.kind !== "fqdn" || peer.name.includes("*")) continue;
      const [published] = publishersOf(context, peer.name, rule.ports?.[0]?.number ?? 443);
      if (published === undefined) continue;
      const { gateway, containerPort, route } = published;
      const seen = gatewayPeer(context, gateway);
      if (seen === null) continue;
      const pods = subjectPods(context, rule.spec);
      const reaches =
        pods.length > 0 && pods.every((p) => context.judge.egress(p, seen, "TCP", containerPort).verdict !== "dropped");
      if (reaches) continue;
      yield inRule(rule, {
        path: peer.path,
        severity: isInside(context, peer.name) ? "error" : "warning",
        sure: gateway.sure,
        message: `${peer.name} is served by gateway ${gateway.namespace}/${gateway.name}: policy sees its pods on ${containerPort}, and a pod is never an FQDN. Write toEndpoints with the gateway's labels on ${containerPort}${fact(context, peer.name)}`,
        key: ["fqdn", peer.name, `${gateway.namespace}/${gateway.name}`],
        related: relatedAt(route?.origin ?? null, `${peer.name} is served here`),
      });
    }
}

export const gatewayBackend: Rule = {
  id: ID,
  severity: "error",
  lesson: 11,
  about:
    "A public host name that resolves to an in-cluster gateway ends at the gateway's pods on their container port; `world:443` never covers it. Logins fail on the server's side of OIDC.",
  remedy: "Add egress to the gateway's data-plane pods on the container port.",
  *check(context) {
    const seen = new Set<string>();
    for (const edge of context.inventory.declared) {
      if (isOwnFace(edge)) continue;
      for (const defect of fromSettings(context, edge)) {
        const id = JSON.stringify([defect.namespace, defect.key]);
        if (seen.has(id)) continue;
        seen.add(id);
        yield defect;
      }
    }
    yield* fromNames(context);
  },
};
