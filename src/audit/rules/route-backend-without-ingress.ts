import type { GatewayFact, RouteFact } from "../../facts/inventory.ts";
import type { Peer } from "../../facts/verdict.ts";
import { labelledPeer } from "../consequences.ts";
import type { Context } from "../context.ts";
import type { PodView } from "../pods.ts";
import type { Defect, Rule } from "../rule.ts";
import { relatedAt, weaker } from "../rule.ts";
import { endOf, policiesOf } from "../ends.ts";
import { gatewayPeer } from "../gateways.ts";
import { asList, asText, at } from "../json.ts";
import { matches } from "../selector.ts";
import { list, relatedRules } from "./shared.ts";

interface Backend {
  readonly pod: PodView;
  readonly match: "yes" | "maybe";
  readonly containerPort: number;
  readonly service: string;
}

/** The pods and container ports behind one backend of a route. */
const backendsOf = (context: Context, route: RouteFact): readonly Backend[] =>
  route.backends.flatMap((b) => {
    const service = context.service(b.namespace, b.service);
    const port = service?.ports.find((p) => p.port === b.port || p.name === b.port);
    if (service === null || port === undefined) return [];
    return context.backends(service).flatMap(({ pod, match }): Backend[] => {
      const target = port.containerPort ?? (typeof port.targetPort === "number" ? port.targetPort : null);
      return target === null
        ? []
        : [{ pod, match, containerPort: target, service: `${service.namespace}/${service.name}` }];
    });
  });

const writeAt = (context: Context, pod: PodView): ReturnType<typeof policiesOf>[number] | undefined =>
  policiesOf(context, endOf(pod), "ingress")[0];

/** Whether any rule that may speak of these pods lets the gateway in at all. */
const admitsOnSomePort = (context: Context, pod: PodView, peer: Peer): boolean =>
  context.rules.some(
    (r) =>
      r.direction === "ingress" &&
      !r.deny &&
      matches(r.spec.subject, pod) !== "no" &&
      (r.everyone ||
        r.peers.some((p) => {
          if (p.kind === "entity") return p.entity === "cluster" || p.entity === "all";
          if (p.kind !== "endpoints") return false;
          return matches(p.selector, labelledPeer(peer)) !== "no";
        })),
  );

interface Sender {
  readonly gateway: GatewayFact;
  readonly peer: Peer;
}

/** One finding for one backend, whichever gateways send to it: one rule admits them. */
function* check(context: Context, route: RouteFact, senders: readonly Sender[]): Generator<Defect> {
  for (const { pod, match, containerPort, service } of backendsOf(context, route)) {
    if (!pod.governed) continue;
    const dropped = senders.flatMap((sender) => {
      const verdict = context.judge.ingress(pod, sender.peer, "TCP", containerPort);
      return verdict.verdict === "dropped" ? [{ ...sender, defaultDeny: verdict.defaultDeny }] : [];
    });
    const [first] = dropped;
    if (first === undefined) continue;
    const spec = writeAt(context, pod);
    const view = spec?.rules[0]?.policy;
    const known = dropped
      .map(({ gateway }) => gateway.sure)
      .reduce(weaker, weaker(weaker(route.sure, pod.sure), match === "yes" ? "certain" : "guess"));
    // Of a chart we do not know, the port is a guess; that no rule lets the gateway in on any port is none.
    const sure = known === "guess" && !dropped.some((d) => admitsOnSomePort(context, pod, d.peer)) ? "likely" : known;
    const origin = view === undefined ? (pod.origin ?? route.origin) : view.locate(spec?.path ?? ["spec"]);
    if (origin === null) continue;
    const names = dropped.map(({ gateway }) => `${gateway.namespace}/${gateway.name}`).sort();
    yield {
      namespace: pod.namespace,
      policy: view?.ref ?? null,
      sure,
      origin,
      message: `${route.kind} ${route.namespace}/${route.name} sends ${route.hostnames[0] ?? "every visitor's request"} from gateway ${list(names)} to ${service}, whose pods (${pod.id}) do not admit the gateway on ${containerPort}. Add ingress from the gateway's pods on ${containerPort}`,
      key: [route.kind, `${route.namespace}/${route.name}`, pod.id, String(containerPort), ...names],
      missing: dropped.map(({ peer }) => ({
        pod,
        connection: { direction: "ingress", peer, protocol: "TCP", port: containerPort },
      })),
      related: [
        ...relatedAt(route.origin, "the route"),
        ...relatedRules(context, first.defaultDeny.slice(0, 1), "the default deny"),
      ],
    };
  }
}

const refs = (value: unknown): readonly unknown[] => [...asList(at(value, "backendRefs")), at(value, "backendRef")];

/** What a gateway asks before it lets a visitor through: the external authorisation of a SecurityPolicy. */
const authorisers = (context: Context): readonly RouteFact[] =>
  context.inventory.objects.flatMap((object): RouteFact[] => {
    if (object.kind !== "SecurityPolicy" || object.namespace === null) return [];
    const { namespace } = object;
    const spec = object.object["spec"];
    const backends = ["http", "grpc"].flatMap((form) =>
      refs(at(spec, "extAuth", form)).flatMap((ref) => {
        const service = asText(at(ref, "name"));
        const port = Number(asText(at(ref, "port")) ?? "");
        if (service === null || !Number.isInteger(port) || port <= 0) return [];
        return [{ namespace: asText(at(ref, "namespace")) ?? namespace, service, port }];
      }),
    );
    if (backends.length === 0) return [];
    const targets = [...asList(at(spec, "targetRefs")), at(spec, "targetRef")].map((t) => asText(at(t, "name")));
    const routes = context.inventory.routes.filter((r) => r.namespace === namespace && targets.includes(r.name));
    const direct = context.inventory.gateways.filter((g) => g.namespace === namespace && targets.includes(g.name));
    const gateways = [...routes.flatMap((r) => r.gateways), ...direct.map((g) => `${g.namespace}/${g.name}`)];
    const origin = object.locate(["spec", "extAuth"]) ?? object.origin;
    return [
      { kind: "HTTPRoute", namespace, name: object.name, hostnames: [], gateways, backends, sure: "certain", origin },
    ];
  });

export const routeBackend: Rule = {
  id: "route-backend-without-ingress",
  severity: "error",
  lesson: 19,
  about:
    "A route publishes the app, and under default deny the app's pods do not admit the gateway on the container port: every visitor gets a timeout or 503.",
  remedy: "Add ingress from the gateway's data-plane pods on the container port that the Service leads to.",
  *check(context) {
    const gateways = new Map(context.inventory.gateways.map((g) => [`${g.namespace}/${g.name}`, g]));
    for (const route of [...context.inventory.routes, ...authorisers(context)]) {
      const senders = [...new Set(route.gateways)].flatMap((id): Sender[] => {
        const gateway = gateways.get(id);
        const peer = gateway === undefined ? null : gatewayPeer(context, gateway);
        return gateway === undefined || peer === null ? [] : [{ gateway, peer }];
      });
      yield* check(context, route, senders);
    }
  },
};
