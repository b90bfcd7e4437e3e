import type { GatewayFact } from "../../facts/inventory.ts";
import { NAMESPACE_LABEL } from "../../facts/labels.ts";
import type { Endpoint } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import { isBrowser } from "../browsers.ts";
import { subjectEnds } from "../ends.ts";
import { gatewayEndpoint } from "../gateways.ts";
import { WORLD, podPeer } from "../judge.ts";
import type { PortView, RuleView } from "../policy-view.ts";
import { subjectText } from "../policy-view.ts";
import type { Defect, Rule } from "../rule.ts";
import { place, relatedAt } from "../rule.ts";
import { matches } from "../selector.ts";
import { inRule } from "./shared.ts";

const ID = "http3-without-udp";

interface Quic {
  readonly gateway: GatewayFact;
  readonly endpoint: Endpoint;
  readonly port: number;
  readonly containerPort: number;
}

const served = (context: Context): readonly Quic[] =>
  context.inventory.gateways.flatMap((gateway) => {
    const endpoint = gatewayEndpoint(context, gateway);
    if (endpoint === null) return [];
    return gateway.listeners
      .filter((l) => l.udp)
      .map((l) => ({ gateway, endpoint, port: l.port, containerPort: l.containerPort }));
  });

const tcpOnly = (rule: RuleView, port: number): PortView | null => {
  const same = (rule.ports ?? []).filter((p) => p.number === port);
  return same.length > 0 && same.every((p) => p.protocol === "TCP") ? (same[0] ?? null) : null;
};

const found = (rule: RuleView, port: PortView, quic: Quic, message: string): Defect =>
  inRule(rule, {
    path: port.path,
    sure: quic.gateway.sure,
    message: `${message}. Add ${quic.containerPort}/UDP`,
    key: [String(quic.containerPort)],
    // The gateway that announces HTTP/3 is behind all who cannot follow it.
    cause: quic.gateway.origin === null ? null : { rule: ID, at: place(quic.gateway.origin) },
    related: relatedAt(quic.gateway.origin, "HTTP/3 is served here"),
  });

/** The gateway's own door: TCP from outside is let in, UDP is not. */
function* inwards(context: Context, quic: Quic): Generator<Defect> {
  const ask = (protocol: "TCP" | "UDP"): string =>
    context.judge.ask("ingress", quic.endpoint, WORLD, protocol, quic.containerPort).verdict;
  if (ask("TCP") !== "allowed" || ask("UDP") !== "dropped") return;
  const labels = { ...quic.gateway.podLabels, [NAMESPACE_LABEL]: quic.gateway.podNamespace };
  for (const rule of context.rules) {
    if (rule.direction !== "ingress" || rule.deny) continue;
    if (matches(rule.spec.subject, { labels, complete: false }) === "no") continue;
    const port = tcpOnly(rule, quic.containerPort);
    if (port === null) continue;
    yield found(
      rule,
      port,
      quic,
      `Gateway ${quic.gateway.namespace}/${quic.gateway.name} serves HTTP/3 on ${quic.port}, which arrives as UDP ${quic.containerPort}, and only TCP is admitted`,
    );
    return;
  }
}

/** A client that may reach the gateway over TCP is told to come by UDP, and may not. */
function* outwards(context: Context, rule: RuleView, all: readonly Quic[]): Generator<Defect> {
  if (rule.direction !== "egress" || rule.deny) return;
  for (const quic of all) {
    const port = tcpOnly(rule, quic.containerPort);
    if (port === null) continue;
    const labels = { ...quic.gateway.podLabels, [NAMESPACE_LABEL]: quic.gateway.podNamespace };
    const named = rule.peers.some(
      (p) =>
        p.kind === "endpoints" &&
        p.written.terms.length > 0 &&
        matches(p.selector, { labels, complete: true }) === "yes",
    );
    if (!named) continue;
    const clients = subjectEnds(context, rule.spec);
    const dropped = clients.filter(
      (c) =>
        context.judge.ask("egress", c.endpoint, podPeer(quic.endpoint), "UDP", quic.containerPort).verdict ===
        "dropped",
    );
    if (dropped.length === 0) continue;
    const message = `The gateway announces HTTP/3 to ${subjectText(rule.spec)}, which may come by TCP only: a client that follows is dropped`;
    // Browsers follow, and come from outside; what servers use to call each other stays on TCP.
    yield { ...found(rule, port, quic, message), severity: dropped.some(isBrowser) ? "warning" : "info" };
    return;
  }
}

/** A browser that may reach the net over TCP is told by half of it to come by UDP. */
function* abroad(context: Context, rule: RuleView): Generator<Defect> {
  if (rule.direction !== "egress" || rule.deny || !rule.peers.some((p) => p.kind === "entity" && p.entity === "world"))
    return;
  const port = tcpOnly(rule, 443);
  if (port === null) return;
  const browsers = subjectEnds(context, rule.spec).filter(
    (end) => isBrowser(end) && context.judge.ask("egress", end.endpoint, WORLD, "UDP", 443).verdict === "dropped",
  );
  const [first] = browsers;
  if (first === undefined) return;
  yield inRule(rule, {
    path: port.path,
    sure: first.sure === "guess" ? "guess" : "certain",
    message: `${first.id} runs a browser, which follows HTTP/3 wherever it is announced, and may leave by TCP only: every such attempt is dropped and waits for its timeout. Add 443/UDP`,
    key: ["browser", "443"],
  });
}

export const http3: Rule = {
  id: ID,
  severity: "warning",
  lesson: 15,
  about:
    "The gateway offers HTTP/3, which is UDP on the same port, and the rule opens TCP alone: clients that switch hang, and every drop alert counts them.",
  remedy: "Add the port with protocol UDP beside TCP, or turn HTTP/3 off.",
  *check(context) {
    for (const rule of context.rules) yield* abroad(context, rule);
    const all = served(context);
    for (const quic of all) yield* inwards(context, quic);
    for (const rule of context.rules) yield* outwards(context, rule, all);
  },
};
