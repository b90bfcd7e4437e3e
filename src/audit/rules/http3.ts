import { gatewayEndpoint } from "../gateways.ts";
import { WORLD } from "../judge.ts";
import { matches } from "../selector.ts";
import type { Rule } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { inRule } from "./shared.ts";
import { NAMESPACE_LABEL } from "../../facts/labels.ts";

export const http3: Rule = {
  id: "http3-without-udp",
  severity: "warning",
  lesson: 15,
  about:
    "The gateway offers HTTP/3, which is UDP on the same port, and the ingress rule opens TCP alone: browsers switch and hang.",
  remedy: "Add the port with protocol UDP beside TCP, or turn HTTP/3 off.",
  *check(context) {
    for (const gateway of context.inventory.gateways) {
      const endpoint = gatewayEndpoint(context, gateway);
      if (endpoint === null) continue;
      const labels = { ...gateway.podLabels, [NAMESPACE_LABEL]: gateway.podNamespace };
      for (const listener of gateway.listeners.filter((l) => l.udp)) {
        const ask = (protocol: "TCP" | "UDP"): string =>
          context.judge.ask("ingress", endpoint, WORLD, protocol, listener.containerPort).verdict;
        if (ask("TCP") !== "allowed" || ask("UDP") !== "dropped") continue;
        const rule = context.rules.find(
          (r) =>
            r.direction === "ingress" &&
            !r.deny &&
            matches(r.spec.subject, { labels, complete: false }) !== "no" &&
            (r.ports ?? []).some((p) => p.number === listener.containerPort),
        );
        if (rule === undefined) continue;
        const port = rule.ports?.find((p) => p.number === listener.containerPort);
        yield inRule(rule, {
          path: port?.path ?? rule.path,
          sure: gateway.sure,
          message: `Gateway ${gateway.namespace}/${gateway.name} serves HTTP/3 on ${listener.port}, which arrives as UDP ${listener.containerPort}, and only TCP is admitted. Add ${listener.containerPort}/UDP`,
          key: [`${gateway.namespace}/${gateway.name}`, String(listener.containerPort)],
          related: relatedAt(gateway.origin, "HTTP/3 is on here"),
        });
      }
    }
  },
};
