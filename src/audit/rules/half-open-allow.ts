import type { Severity } from "../../facts/finding.ts";
import type { Certainty } from "../../facts/known.ts";
import { policyId } from "../../facts/policy.ts";
import type { Direction } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import { landingsOf } from "../declared.ts";
import type { End, Knock } from "../ends.ts";
import { gatewayEndpoint } from "../gateways.ts";
import { podPeer } from "../judge.ts";
import { ask, isGoverned, knocks, peerEnds, policiesOf, subjectEnds } from "../ends.ts";
import type { PeerView, RuleView } from "../policy-view.ts";
import { peerText, subjectText } from "../policy-view.ts";
import type { Cause, Defect, Related, Rule } from "../rule.ts";
import { place, relatedAt, weaker } from "../rule.ts";
import { podTerms } from "../selector.ts";
import { servicePortOf } from "../service-ports.ts";
import { hasPolicy } from "../unselected.ts";
import { inRule, list } from "./shared.ts";

const ID = "half-open-allow";

const OTHER: Readonly<Record<Direction, Direction>> = { ingress: "egress", egress: "ingress" };

interface Half {
  readonly knock: Knock;
  /** Ends on the far side that do not allow it. */
  readonly far: readonly End[];
  readonly sure: Certainty;
  /** Another port of the same rule is met by the same peer: the list may simply be too long. */
  readonly partial: boolean;
}

/** Whether anybody on the far side takes part, for at least one of ours; both ends allow, or the pair is half open. */
const halfOf = (context: Context, rule: RuleView, ours: readonly End[], theirs: readonly End[]): readonly Half[] => {
  const opener = rule.direction === "egress" ? ours : theirs;
  const server = rule.direction === "egress" ? theirs : ours;
  const asked = new Map<string, { knock: Knock; met: boolean; open: boolean; sure: Certainty }>();
  for (const to of server)
    for (const knock of knocks(rule, to)) {
      const key = `${knock.protocol}/${knock.port}`;
      const entry = asked.get(key) ?? { knock, met: false, open: false, sure: "certain" as Certainty };
      asked.set(key, entry);
      for (const from of opener) {
        if (from.id === to.id) {
          entry.met = true;
          continue;
        }
        const answer =
          rule.direction === "egress"
            ? ask(context, "ingress", to, from, knock.protocol, knock.port)
            : ask(context, "egress", from, to, knock.protocol, knock.port);
        if (answer.verdict !== "dropped") entry.met = true;
        if (answer.open) entry.open = true;
        entry.sure = weaker(entry.sure, weaker(from.sure, to.sure));
      }
    }
  const all = [...asked.values()];
  const met = all.filter((e) => e.met);
  // A port that is open over UDP alone is not met: whoever speaks both begins with TCP.
  const isMetFor = ({ protocol, port }: Knock): boolean =>
    met.some((e) => e.knock.port !== port || (protocol === "UDP" && e.knock.protocol === "TCP"));
  return all
    .filter((e) => !e.met)
    .map((e) => ({ knock: e.knock, far: theirs, sure: e.open ? "guess" : e.sure, partial: isMetFor(e.knock) }));
};

/** A port that no container opens is another defect, with a rule of its own. */
const isServicePort = (context: Context, rule: RuleView, half: Half, ours: readonly End[]): boolean => {
  const server = rule.direction === "egress" ? half.far : ours;
  return server.some((end) => servicePortOf(context, end, half.knock.protocol, half.knock.port) !== null);
};

const otherEnd = (context: Context, half: Half, direction: Direction): readonly Related[] => {
  const seen = new Set<string>();
  return half.far
    .flatMap((end) => policiesOf(context, end, direction))
    .flatMap((spec) => {
      const view = spec.rules[0]?.policy;
      if (view === undefined || seen.has(policyId(view.ref))) return [];
      seen.add(policyId(view.ref));
      const rules = spec.rules.find((r) => r.direction === direction);
      return relatedAt(view.locate(rules?.path ?? spec.path), `the other end: ${direction} is to be allowed here`);
    })
    .slice(0, 6);
};

const lockOf = (context: Context, half: Half, direction: Direction): string => {
  const by = half.far.flatMap((end) => context.judge.defaultDeny(end.endpoint, direction).by);
  return list(
    by.map((ref) => `${ref.policy.namespace ?? "clusterwide"}/${ref.policy.name}`),
    2,
  );
};

const message = (context: Context, rule: RuleView, peer: PeerView, half: Half): string => {
  const who = list(
    half.far.map((e) => e.id),
    3,
  );
  const port = `${half.knock.port}/${half.knock.protocol}`;
  const lock = lockOf(context, half, OTHER[rule.direction]);
  if (rule.direction === "egress")
    return `${subjectText(rule.spec)} may connect to ${who} on ${port}, and nothing there admits it: the ingress of ${peerText(peer)} is under default deny (${lock}). Add the ingress at the other end`;
  return `${subjectText(rule.spec)} admits ${who} on ${port}, and those pods may not connect: their egress is under default deny (${lock}). Add the egress at the other end, or remove this peer`;
};

/** Whether a client's manifest says that it talks to one of these servers on this port. */
const isDeclared = (context: Context, clients: readonly End[], servers: readonly End[], port: number): boolean =>
  context.inventory.declared.some(
    (d) =>
      clients.some((e) => e.namespace === d.source.namespace && e.pod?.fact.name === d.source.workload) &&
      landingsOf(context, d).some((l) => {
        if (l.kind === "pod") return l.containerPort === port && servers.some((e) => e.pod === l.pod);
        if (l.kind !== "gateway" || l.published.containerPort !== port) return false;
        const endpoint = gatewayEndpoint(context, l.published.gateway);
        return servers.some((e) => e.endpoint === endpoint);
      }),
  );

/**
 * An egress without its ingress is a connection that somebody means to make. An ingress that no client uses, or one port
 * more than the peer answers on, may be left over: it is a hole only where a manifest asks for it.
 */
const severityOf = (context: Context, rule: RuleView, peer: PeerView, half: Half, ours: readonly End[]): Severity => {
  const isEgress = rule.direction === "egress";
  if (isEgress && !half.partial) return "error";
  // A whole namespace admitted: which of its pods come is no statement of this rule.
  if (!isEgress && peer.kind === "endpoints" && podTerms(peer.selector).length === 0) return "info";
  const [clients, servers] = isEgress ? [ours, half.far] : [half.far, ours];
  return isDeclared(context, clients, servers, half.knock.port) ? "error" : "info";
};

/** Pods that no policy speaks of are where the defect is, whoever is told to connect to them: all their clients share it. */
const unownedServer = (
  context: Context,
  rule: RuleView,
  half: Half,
): Pick<Defect, "namespace" | "policy" | "origin"> | null => {
  if (rule.direction === "ingress") return null;
  const pods = half.far.flatMap((end) => (end.pod === null ? [] : [end.pod]));
  const [first] = pods;
  if (first?.origin == null || first.namespace === rule.policy.namespace) return null;
  if (pods.length < half.far.length || pods.some((pod) => hasPolicy(context, pod))) return null;
  return { namespace: first.namespace, policy: null, origin: first.origin };
};

const allowedHere = (rule: RuleView, peer: PeerView): readonly Related[] =>
  relatedAt(rule.policy.locate(peer.path), `${subjectText(rule.spec)} may connect there: egress is allowed here`);

export const halfOpenAllow: Rule = {
  id: ID,
  severity: "error",
  lesson: 19,
  about:
    "One end allows the connection and the other, under default deny, does not. Both ends must: the packet is dropped without an answer.",
  remedy:
    "Add the missing half: ingress at the server for the client's labels and the container port, or egress at the client.",
  *check(context) {
    for (const rule of context.rules) {
      if (rule.deny || rule.icmp) continue;
      const ours = subjectEnds(context, rule.spec).filter(isGoverned);
      if (ours.length === 0) continue;
      for (const peer of rule.peers) {
        const theirs = peerEnds(context, peer).filter(isGoverned);
        if (theirs.length === 0) continue;
        yield* defects(context, rule, peer, ours, theirs);
      }
    }
  },
};

function* defects(
  context: Context,
  rule: RuleView,
  peer: PeerView,
  ours: readonly End[],
  theirs: readonly End[],
): Generator<Defect> {
  const halves = halfOf(context, rule, ours, theirs).filter((half) => !isServicePort(context, rule, half, ours));
  // Several ports of one peer are closed, or opened, by one repair.
  const cause: Cause | null = halves.length > 1 ? { rule: ID, at: place(rule.policy.locate(peer.path)) } : null;
  for (const half of halves) {
    const unowned = unownedServer(context, rule, half);
    const defect = inRule(rule, {
      path: peer.path,
      severity: severityOf(context, rule, peer, half, ours),
      sure: half.sure,
      message: message(context, rule, peer, half),
      key: [peerText(peer), `${half.knock.port}/${half.knock.protocol}`],
      cause,
      missing: half.far.flatMap(({ pod }) => {
        const [other] = ours;
        if (pod === null || other === undefined) return [];
        const { protocol, port } = half.knock;
        return [
          { pod, connection: { direction: OTHER[rule.direction], peer: podPeer(other.endpoint), protocol, port } },
        ];
      }),
      related: [
        ...otherEnd(context, half, OTHER[rule.direction]),
        ...(unowned === null ? [] : allowedHere(rule, peer)),
      ],
    });
    yield unowned === null ? defect : { ...defect, ...unowned };
  }
}
