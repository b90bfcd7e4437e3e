import type { GatewayFact, RouteFact } from "../../facts/inventory.ts";
import type { Context } from "../context.ts";
import { endOf, policiesOf } from "../ends.ts";
import { podPeer } from "../judge.ts";
import type { PodView } from "../pods.ts";
import { backendsOf, publishedRoutes } from "../route-backends.ts";
import type { Defect, Rule } from "../rule.ts";
import { relatedAt, weaker } from "../rule.ts";
import { matches, readSelector } from "../selector.ts";
import { relatedRules } from "./shared.ts";

/** The gateway's data plane, where the inventory knows it and policy governs it. */
const proxyOf = (context: Context, gateway: GatewayFact): PodView | null => {
  if (Object.keys(gateway.podLabels).length === 0) return null;
  const wanted = readSelector({ matchLabels: gateway.podLabels });
  return context.podsIn(gateway.podNamespace).find((p) => p.governed && matches(wanted, p) === "yes") ?? null;
};

function* check(context: Context, route: RouteFact, gateway: GatewayFact, proxy: PodView): Generator<Defect> {
  for (const { pod, match, containerPort, service, sure } of backendsOf(context, route)) {
    if (!pod.governed || pod === proxy) continue;
    const verdict = context.judge.egress(proxy, podPeer(pod.endpoint), "TCP", containerPort);
    if (verdict.verdict !== "dropped") continue;
    const spec = policiesOf(context, endOf(proxy), "egress")[0];
    const view = spec?.rules[0]?.policy;
    const rule = spec?.rules.find((r) => r.direction === "egress");
    const origin = view === undefined ? (proxy.origin ?? gateway.origin) : view.locate(rule?.path ?? spec?.path ?? []);
    if (origin === null) continue;
    const known = weaker(weaker(route.sure, gateway.sure), weaker(sure, pod.sure));
    yield {
      namespace: proxy.namespace,
      policy: view?.ref ?? null,
      sure: weaker(known, match === "yes" ? "certain" : "guess"),
      origin,
      message: `${route.kind} ${route.namespace}/${route.name} sends ${route.hostnames[0] ?? "every visitor's request"} to ${service}, and gateway ${gateway.namespace}/${gateway.name} may not connect to its pods (${pod.id}) on ${containerPort}. Add egress from the gateway's pods to them on ${containerPort}`,
      key: [route.kind, `${route.namespace}/${route.name}`, pod.id, String(containerPort), gateway.name],
      missing: [
        {
          pod: proxy,
          connection: { direction: "egress", peer: podPeer(pod.endpoint), protocol: "TCP", port: containerPort },
        },
      ],
      related: [
        ...relatedAt(route.origin, "the route"),
        ...relatedRules(context, verdict.defaultDeny.slice(0, 1), "the default deny"),
      ],
    };
  }
}

export const gatewayWithoutEgress: Rule = {
  id: "gateway-without-egress",
  severity: "error",
  lesson: 19,
  about:
    "A route publishes the app, and under default deny the gateway's own pods may not connect to the app's pods on their container port: every visitor gets 503.",
  remedy:
    "Add egress from the gateway's data-plane pods to the backend's pods, or to the entity `cluster`, on the container port.",
  *check(context) {
    const gateways = new Map(context.inventory.gateways.map((g) => [`${g.namespace}/${g.name}`, g]));
    for (const route of publishedRoutes(context))
      for (const id of new Set(route.gateways)) {
        const gateway = gateways.get(id);
        const proxy = gateway === undefined ? null : proxyOf(context, gateway);
        if (gateway !== undefined && proxy !== null) yield* check(context, route, gateway, proxy);
      }
  },
};
