import type { GatewayFact, RouteFact } from "../../facts/inventory.ts";
import type { Peer } from "../../facts/verdict.ts";
import { labelledPeer } from "../consequences.ts";
import type { Context } from "../context.ts";
import type { PodView } from "../pods.ts";
import type { Defect, Rule } from "../rule.ts";
import { relatedAt, weaker } from "../rule.ts";
import { endOf, policiesOf } from "../ends.ts";
import { backendsOf, publishedRoutes } from "../route-backends.ts";
import { gatewayPeer } from "../gateways.ts";
import { matches } from "../selector.ts";
import { list, relatedRules } from "./shared.ts";

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
  for (const { pod, match, containerPort, service, sure: led } of backendsOf(context, route)) {
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
      .reduce(weaker, weaker(weaker(weaker(route.sure, led), pod.sure), match === "yes" ? "certain" : "guess"));
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

export const routeBackend: Rule = {
  id: "route-backend-without-ingress",
  severity: "error",
  lesson: 19,
  about:
    "A route publishes the app, and under default deny the app's pods do not admit the gateway on the container port: every visitor gets a timeout or 503.",
  remedy: "Add ingress from the gateway's data-plane pods on the container port that the Service leads to.",
  *check(context) {
    const gateways = new Map(context.inventory.gateways.map((g) => [`${g.namespace}/${g.name}`, g]));
    for (const route of publishedRoutes(context)) {
      const senders = [...new Set(route.gateways)].flatMap((id): Sender[] => {
        const gateway = gateways.get(id);
        const peer = gateway === undefined ? null : gatewayPeer(context, gateway);
        return gateway === undefined || peer === null ? [] : [{ gateway, peer }];
      });
      yield* check(context, route, senders);
    }
  },
};
