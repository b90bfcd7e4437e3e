import type { ServiceFact } from "../../facts/inventory.ts";
import type { Origin } from "../../facts/policy.ts";
import type { Protocol } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import { endOf, policiesOf, speaksOf } from "../ends.ts";
import { REMOTE_NODE, WORLD } from "../judge.ts";
import type { PodView } from "../pods.ts";
import type { Defect, Rule } from "../rule.ts";
import { place, relatedAt, weaker } from "../rule.ts";
import { matches, podTerms } from "../selector.ts";
import { relatedRules } from "./shared.ts";

const ID = "lb-ingress-without-world";

/** A CIDR may be all of the world that is meant; which clients there are, nobody here knows. */
const admitsSomeOfWorld = (context: Context, pod: PodView, protocol: Protocol, port: number): boolean =>
  context.rules.some(
    (r) =>
      r.direction === "ingress" &&
      !r.deny &&
      matches(r.spec.subject, pod) !== "no" &&
      speaksOf(r.ports, protocol, port) &&
      (r.everyone ||
        r.peers.some((p) => p.kind === "cidr" || (p.kind === "entity" && ["world", "all"].includes(p.entity)))),
  );

/** A gateway's route publishes this port already; the load balancer beside it may be of no use to anybody. */
const isRouted = (context: Context, service: ServiceFact, port: number): boolean =>
  context.inventory.routes.some((r) =>
    r.backends.some((b) => b.namespace === service.namespace && b.service === service.name && b.port === port),
  );

const NODES: readonly string[] = ["host", "remote-node"];

/** A rule that opens this port to nodes takes the LAN's hosts for them (lesson 15): clients come past the gateway. */
const admitsNodes = (context: Context, pod: PodView, protocol: Protocol, port: number): boolean =>
  context.rules.some(
    (r) =>
      r.direction === "ingress" &&
      !r.deny &&
      podTerms(r.spec.subject).length > 0 &&
      matches(r.spec.subject, pod) !== "no" &&
      r.ports !== null &&
      speaksOf(r.ports, protocol, port) &&
      r.peers.some((p) => p.kind === "entity" && NODES.includes(p.entity)),
  );

/** World is admitted to these very pods, and on no port that any of their Services publishes: the port is wrong, not the world. */
const admitsWorldElsewhere = (context: Context, pod: PodView, published: readonly Published[]): boolean =>
  context.rules.some(
    (r) =>
      r.direction === "ingress" &&
      !r.deny &&
      r.ports !== null &&
      r.ports.length > 0 &&
      podTerms(r.spec.subject).length > 0 &&
      matches(r.spec.subject, pod) === "yes" &&
      r.peers.some((p) => p.kind === "entity" && p.entity === "world") &&
      !published.some((p) => p.pod === pod && speaksOf(r.ports, p.protocol, p.containerPort)),
  );

const publishedBeside = (context: Context, pod: PodView): readonly Published[] =>
  context.servicesOf(pod).flatMap((s) => (isPublished(s) ? publishedBy(context, s) : []));

/** An address that nobody fixed and no name leads to is one that no client was ever told. */
const isKnownToClients = (service: ServiceFact): boolean =>
  service.type === "NodePort" || service.loadBalancerIps.length > 0 || service.hostnames.length > 0;

const isPublished = (service: ServiceFact): boolean => service.type === "LoadBalancer" || service.type === "NodePort";

/** Ports for the cluster's own machinery, which a chart puts on the same Service. */
const MACHINERY = /metric|health|probe|admin|status/i;

interface Published {
  readonly name: string | null;
  readonly pod: PodView;
  readonly port: number;
  readonly protocol: Protocol;
  readonly containerPort: number;
  readonly sure: "certain" | "likely" | "guess";
}

/** Jobs that bear a Service's labels for a while are not what it publishes. */
const lasting = (context: Context, service: ServiceFact): ReturnType<Context["backends"]> => {
  const backends = context.backends(service);
  const kept = backends.filter(({ pod }) => !pod.fact.transient);
  return kept.length > 0 ? kept : backends;
};

const publishedBy = (context: Context, service: ServiceFact): readonly Published[] =>
  lasting(context, service).flatMap(({ pod, match }) =>
    service.ports.flatMap((p): Published[] => {
      const target = p.containerPort ?? (typeof p.targetPort === "number" ? p.targetPort : null);
      if (target === null || !pod.governed || pod.fact.suspended) return [];
      const sure = weaker(weaker(service.sure, pod.sure), match === "yes" ? "certain" : "guess");
      return [{ name: p.name, pod, port: p.port, protocol: p.protocol, containerPort: target, sure }];
    }),
  );

const whereToWrite = (
  context: Context,
  pod: PodView,
  service: ServiceFact,
): { origin: Origin | null; policy: Defect["policy"] } => {
  const spec = policiesOf(context, endOf(pod), "ingress")[0];
  const view = spec?.rules[0]?.policy;
  if (spec === undefined || view === undefined) return { origin: service.origin ?? pod.origin, policy: null };
  const rule = spec.rules.find((r) => r.direction === "ingress");
  return { origin: view.locate(rule?.path ?? spec.path), policy: view.ref };
};

function* check(context: Context, service: ServiceFact): Generator<Defect> {
  for (const { name, pod, port, protocol, containerPort, sure } of publishedBy(context, service)) {
    const verdict = context.judge.ingress(pod, WORLD, protocol, containerPort);
    const { origin, policy } = whereToWrite(context, pod, service);
    if (origin === null) continue;
    const id = `${service.namespace}/${service.name}`;
    const base = { namespace: pod.namespace, policy, sure, origin };
    if (verdict.verdict === "dropped" && !admitsSomeOfWorld(context, pod, protocol, containerPort)) {
      const isAside =
        (isRouted(context, service, port) &&
          !admitsNodes(context, pod, protocol, containerPort) &&
          !admitsWorldElsewhere(context, pod, publishedBeside(context, pod))) ||
        MACHINERY.test(name ?? "") ||
        !isKnownToClients(service);
      yield {
        ...base,
        severity: isAside ? "info" : "warning",
        cause: service.origin === null ? null : { rule: ID, at: place(service.origin) },
        message: `Service ${id} publishes ${port}/${protocol} outside the cluster; its pods (${pod.id}) do not admit world on ${containerPort}/${protocol}. Add ingress from world and remote-node on that port`,
        key: ["world", id, pod.id, `${containerPort}/${protocol}`],
        missing: [{ pod, connection: { direction: "ingress", peer: WORLD, protocol, port: containerPort } }],
        related: [
          ...relatedAt(service.origin, "published here"),
          ...relatedRules(context, verdict.defaultDeny.slice(0, 1), "the default deny"),
        ],
      };
      continue;
    }
    if (service.externalTrafficPolicy === "Local" || verdict.verdict === "dropped") continue;
    if (context.judge.ingress(pod, REMOTE_NODE, protocol, containerPort).verdict !== "dropped") continue;
    yield {
      ...base,
      severity: "info",
      message: `Clients of Service ${id} come as world, or as remote-node when another node takes them in; ${pod.id} admits only world on ${containerPort}/${protocol}. Add the entity remote-node, unless externalTrafficPolicy is Local or the load balancer keeps the client's address`,
      key: ["remote-node", id, pod.id, `${containerPort}/${protocol}`],
      related: relatedAt(service.origin, "published here"),
    };
  }
}

export const lbIngress: Rule = {
  id: ID,
  severity: "warning",
  lesson: 15,
  about:
    "A load balancer publishes the port, and the pods behind it do not admit clients from outside: they come as world, or as remote-node after SNAT.",
  remedy: "Add ingress from `world` and `remote-node` on the container port, or from the LAN's CIDR.",
  *check(context) {
    for (const service of context.inventory.services) if (isPublished(service)) yield* check(context, service);
  },
};
