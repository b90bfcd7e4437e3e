import { wouldAllow } from "../consequences.ts";
import type { Context } from "../context.ts";
import type { End } from "../ends.ts";
import type { Peer } from "../../facts/verdict.ts";
import { isGoverned, peerEnds, subjectEnds } from "../ends.ts";
import { APISERVER, HOST, REMOTE_NODE, WORLD, podPeer } from "../judge.ts";
import type { PeerView, PortView, RuleView } from "../policy-view.ts";
import { subjectText } from "../policy-view.ts";
import type { Defect, Fix, Rule } from "../rule.ts";
import { relatedAt, weaker } from "../rule.ts";
import type { Translated } from "../service-ports.ts";
import { openedInstead, servicePortOf } from "../service-ports.ts";
import { inRule } from "./shared.ts";

const ID = "service-port-not-target-port";

/** What a port is translated to at every one of these pods; null where one of them opens it, or they disagree. */
const translatedAtAll = (context: Context, ends: readonly End[], port: PortView): Translated | null => {
  const { number } = port;
  if (number === null || port.endPort !== null) return null;
  const protocol = port.protocol === "UDP" ? "UDP" : "TCP";
  const found = ends.map((end) => servicePortOf(context, end, protocol, number));
  const [first] = found;
  if (first === null || first === undefined) return null;
  return found.every((t) => t !== null && t.containerPort === first.containerPort) ? first : null;
};

const speaksAs = (a: PortView, b: PortView): boolean =>
  a.protocol === b.protocol || a.protocol === "ANY" || b.protocol === "ANY";

const fixOf = (rule: RuleView, port: PortView, to: Translated, alone: boolean): Fix | null =>
  alone && to.sure === "certain"
    ? {
        text: `Write ${to.containerPort}`,
        edits: [{ kind: "replace", at: rule.policy.locate(port.path), from: port.port, to: String(to.containerPort) }],
      }
    : null;

/** The pods whose ports a rule names: its own on ingress, the peer's on egress. */
const servers = (
  context: Context,
  rule: RuleView,
): readonly { readonly ends: readonly End[]; readonly peer: PeerView | null }[] => {
  if (rule.direction === "ingress") return [{ ends: subjectEnds(context, rule.spec), peer: null }];
  return rule.peers.map((peer) => ({ ends: peerEnds(context, peer), peer }));
};

const ENTITIES: Readonly<Record<string, Peer>> = {
  world: WORLD,
  host: HOST,
  "remote-node": REMOTE_NODE,
  "kube-apiserver": APISERVER,
};

/** The other sides of a rule, as the kernel is asked about them. */
const askedOf = (context: Context, rule: RuleView): readonly Peer[] =>
  rule.peers.flatMap((peer) => {
    if (peer.kind === "entity") return Object.hasOwn(ENTITIES, peer.entity) ? [ENTITIES[peer.entity] ?? WORLD] : [];
    return peerEnds(context, peer).map((end) => podPeer(end.endpoint));
  });

/** Whether the container port is open by some other rule for everybody this rule names: wrong, and nothing is dropped. */
const isOpenAnyWay = (
  context: Context,
  rule: RuleView,
  ends: readonly End[],
  port: PortView,
  to: Translated,
): boolean => {
  const protocol = port.protocol === "UDP" ? "UDP" : "TCP";
  const [subjects, peers] =
    rule.direction === "ingress"
      ? [ends.map((e) => e.endpoint), askedOf(context, rule)]
      : [subjectEnds(context, rule.spec).map((e) => e.endpoint), ends.map((e) => podPeer(e.endpoint))];
  if (subjects.length === 0 || peers.length === 0) return false;
  return subjects.every((s) =>
    peers.every((p) => {
      const { verdict, by } = context.judge.ask(rule.direction, s, p, protocol, to.containerPort);
      return verdict === "allowed" && by.length > 0;
    }),
  );
};

function* apiserver(context: Context, rule: RuleView): Generator<Defect> {
  const isApiserver =
    rule.peers.length > 0 && rule.peers.every((p) => p.kind === "entity" && p.entity === "kube-apiserver");
  if (rule.direction !== "egress" || !isApiserver) return;
  const wanted = context.facts.apiserverPort;
  const ports = rule.ports ?? [];
  if (ports.some((p) => p.number === wanted || p.number === 0)) return;
  for (const port of ports) {
    if (port.number !== 443) continue;
    yield inRule(rule, {
      path: port.path,
      sure: "likely",
      message: `443 is the port of the Service default/kubernetes; policy sees the API server's own, which is ${wanted} here. Write ${wanted}`,
      key: ["kube-apiserver", "443"],
    });
  }
}

/** No Service says so, but 80 or 443 on pods that open something else is a Service's port all the same. */
function* unopened(
  context: Context,
  rule: RuleView,
  peer: PeerView | null,
  ends: readonly End[],
  port: PortView,
): Generator<Defect> {
  const { number } = port;
  if (number === null || port.endPort !== null || (rule.ports ?? []).length > 1) return;
  const protocol = port.protocol === "UDP" ? "UDP" : "TCP";
  const opened = ends.map((end) => openedInstead(context, end, protocol, number));
  if (opened.some((ports) => ports.length === 0)) return;
  const ports = [...new Set(opened.flat())];
  const [end] = ends;
  yield inRule(rule, {
    path: port.path,
    severity: "warning",
    sure: "likely",
    message: `${number} looks like a Service's port: ${peer === null ? subjectText(rule.spec) : (end?.id ?? "the peer")} opens ${ports.join(", ")}, and policy sees only what the container opens. Write that port`,
    key: ["unopened", port.port, port.protocol, peer?.kind === "endpoints" ? peer.selector.text : ""],
    related: relatedAt(end?.origin ?? null, `opens ${ports.join(", ")}`),
  });
}

export const servicePortNotTargetPort: Rule = {
  id: ID,
  severity: "error",
  lesson: 10,
  about:
    "Policy is judged after Service translation, on the port that the container opens; a rule with the Service's port matches nothing.",
  remedy: "Write the container port that the Service's targetPort leads to.",
  *check(context) {
    for (const rule of context.rules) {
      if (rule.deny) continue;
      yield* apiserver(context, rule);
      for (const { ends, peer } of servers(context, rule)) {
        const governed = ends.filter(isGoverned);
        if (governed.length === 0) continue;
        for (const port of rule.ports ?? []) {
          const to = translatedAtAll(context, governed, port);
          if (to === null) {
            yield* unopened(context, rule, peer, governed, port);
            continue;
          }
          const also = (rule.ports ?? []).some((p) => p.number === to.containerPort && speaksAs(p, port));
          const masked = also || isOpenAnyWay(context, rule, governed, port, to);
          const [end] = governed;
          yield inRule(rule, {
            path: port.path,
            severity: masked ? "info" : "error",
            sure: weaker(to.sure, end?.sure ?? "guess"),
            message: `${port.port} is the port of ${to.service}; the pods (${
              peer === null ? subjectText(rule.spec) : (end?.id ?? "")
            }) open ${to.containerPort}, and policy sees only that.${also ? " It is allowed as well, so this one can go" : ` Write ${to.containerPort}`}${masked && !also ? " (masked today: another rule allows it)" : ""}`,
            key: [port.port, port.protocol, to.service, peer?.kind === "endpoints" ? peer.selector.text : ""],
            related: relatedAt(to.origin, `translates ${to.port} to ${to.containerPort}`),
            explains: wouldAllow(rule, { port: to.containerPort }),
            fix: also ? null : fixOf(rule, port, to, rule.peers.length <= 1 || rule.direction === "ingress"),
          });
        }
      }
    }
  },
};
