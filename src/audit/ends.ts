import { NAMESPACE_LABEL } from "../facts/labels.ts";
import type { Certainty } from "../facts/known.ts";
import type { Origin } from "../facts/policy.ts";
import type { Direction, Endpoint, Peer, Protocol, Verdict } from "../facts/verdict.ts";
import type { Context } from "./context.ts";
import { podPeer } from "./judge.ts";
import type { PeerView, PortView, RuleView, SpecView } from "./policy-view.ts";
import type { PodView } from "./pods.ts";
import type { Labelled, Selector } from "./selector.ts";
import { isReserved, matches, namedNamespaces, podTerms } from "./selector.ts";

/**
 * One end of a connection that an audit asks the kernel about: a workload of the inventory, or, where no manifest makes
 * the pods, a pod as the policies describe it.
 */
export interface End extends Labelled {
  readonly id: string;
  readonly namespace: string;
  readonly endpoint: Endpoint;
  readonly pod: PodView | null;
  readonly sure: Certainty;
  readonly origin: Origin | null;
}

const named = (s: Selector): string | null => {
  const t = s.terms.find((x) => x.key === NAMESPACE_LABEL && x.operator === "In" && x.values.length === 1);
  return t?.values[0] ?? null;
};

type Labels = Readonly<Record<string, string>>;

/** The label sets a selector demands: one for each value that it lists. */
const variants = (s: Selector): readonly Labels[] => {
  let sets: readonly Labels[] = [{}];
  for (const t of podTerms(s)) {
    if (t.operator !== "In" || (t.source !== "any" && t.source !== "k8s")) continue;
    sets = sets.flatMap((set) => t.values.map((value) => ({ ...set, [t.key]: value }))).slice(0, 32);
  }
  return sets;
};

export const endOf = (pod: PodView): End => ({
  id: pod.id,
  namespace: pod.namespace,
  labels: pod.labels,
  complete: pod.complete,
  namespaceKnown: pod.namespaceKnown === true,
  endpoint: pod.endpoint,
  pod,
  sure: pod.sure,
  origin: pod.origin,
});

/** A pod whose labels are known in part, given those that a selector asks for: it is then one of those meant. */
const completed = (context: Context, pod: PodView, s: Selector): readonly End[] =>
  variants(s).flatMap((wanted): End[] => {
    const labels = pod.guessed === true ? { ...pod.fact.podLabels, ...wanted } : { ...wanted, ...pod.fact.podLabels };
    const contradicts = Object.entries(wanted).some(([key, value]) => labels[key] !== value);
    if (contradicts) return [];
    const endpoint = context.judge.endpoint(pod.namespace, labels);
    const ports = pod.endpoint.namedPorts;
    return [
      {
        ...endOf(pod),
        id: variants(s).length === 1 ? pod.id : `${pod.id} (${Object.values(wanted).join(", ")})`,
        labels: { ...pod.labels, ...labels },
        endpoint: ports === undefined ? endpoint : { ...endpoint, namedPorts: ports },
        sure: pod.sure === "guess" ? "guess" : "likely",
      },
    ];
  });

/** A pod that only policies speak of. Somebody else in its namespace naming the same labels makes it likely. */
const spokenOf = (context: Context, s: Selector): readonly End[] => {
  const namespace = named(s);
  if (namespace === null) return [];
  return variants(s).flatMap((labels): End[] => {
    if (Object.keys(labels).length === 0) return [];
    const asPod: Labelled = { labels: { ...labels, [NAMESPACE_LABEL]: namespace }, complete: true };
    const owned = context.policies.some((view) =>
      view.specs.some((spec) => podTerms(spec.subject).length > 0 && matches(spec.subject, asPod) === "yes"),
    );
    if (!owned) return [];
    const text = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
    const endpoint = context.judge.endpoint(namespace, labels);
    const id = `${namespace}/pods/${text}`;
    return [{ ...asPod, id, namespace, complete: false, endpoint, pod: null, sure: "likely", origin: null }];
  });
};

/** Who a selector means: pods surely picked, else pods perhaps picked, else pods the policies agree on. */
export const endsOf = (context: Context, s: Selector): readonly End[] => {
  const picked = context.pick(s);
  const sure = picked.filter((p) => p.match === "yes");
  if (sure.length > 0) return sure.map((p) => endOf(p.pod));
  if (picked.length > 0 && podTerms(s).length > 0) return picked.flatMap((p) => completed(context, p.pod, s));
  return spokenOf(context, s);
};

export const subjectEnds = (context: Context, spec: SpecView): readonly End[] =>
  spec.nodes ? [] : endsOf(context, spec.subject);

/** A pod as a subject's selector describes it, where nobody knows one: for pods that only a controller makes. */
export const describedEnd = (context: Context, spec: SpecView): End | null => {
  const namespace = named(spec.subject);
  if (namespace === null) return null;
  const labels: Record<string, string> = {};
  for (const t of podTerms(spec.subject))
    if (t.operator === "In" || t.operator === "Exists") labels[t.key] = t.values[0] ?? "some";
  return {
    id: `${namespace}/pods`,
    namespace,
    labels: { ...labels, [NAMESPACE_LABEL]: namespace },
    complete: false,
    endpoint: context.judge.endpoint(namespace, labels),
    pod: null,
    sure: "likely",
    origin: null,
  };
};

export const peerEnds = (context: Context, peer: PeerView): readonly End[] =>
  peer.kind === "endpoints" ? endsOf(context, peer.selector) : [];

export const isGoverned = (end: End): boolean => end.pod === null || end.pod.governed;

/** Rules that might allow this, were all labels known: they select the pod perhaps. */
const mightAllow = (
  context: Context,
  direction: Direction,
  subject: End,
  other: End,
  protocol: Protocol,
  port: number,
): boolean => {
  if (subject.complete && other.complete) return false;
  return context.rules.some((rule) => {
    if (rule.deny || rule.direction !== direction) return false;
    const mine = matches(rule.spec.subject, subject);
    if (mine === "no" || podTerms(rule.spec.subject).length === 0) return false;
    if (!speaksOf(rule.ports, protocol, port)) return false;
    return rule.peers.some((p) => {
      if (p.kind === "entity") return p.entity === "all" || p.entity === "cluster";
      return p.kind === "endpoints" && matches(p.selector, other) !== "no";
    });
  });
};

export const speaksOf = (ports: readonly PortView[] | null, protocol: Protocol, port: number): boolean =>
  ports === null ||
  ports.some(
    (p) =>
      (p.protocol === "ANY" || p.protocol === protocol) &&
      (p.number === null || p.number === 0 || (p.number <= port && port <= Math.max(p.endPort ?? p.number, p.number))),
  );

export interface Asked {
  readonly verdict: Verdict;
  /** Dropped as far as known, but labels are missing that could allow it. */
  readonly open: boolean;
}

/** One direction of one connection between two ends. */
export const ask = (
  context: Context,
  direction: Direction,
  subject: End,
  other: End,
  protocol: Protocol,
  port: number,
): Asked => {
  const verdict = context.judge.ask(direction, subject.endpoint, podPeer(other.endpoint), protocol, port).verdict;
  return { verdict, open: verdict === "dropped" && mightAllow(context, direction, subject, other, protocol, port) };
};

export const askPeer = (
  context: Context,
  direction: Direction,
  subject: End,
  peer: Peer,
  protocol: Protocol,
  port: number,
): Verdict => context.judge.ask(direction, subject.endpoint, peer, protocol, port).verdict;

/** Whether any rule lets this end into a namespace at all, by its name or because everything in the cluster is open. */
export const reachesNamespace = (context: Context, end: End, namespace: string): boolean =>
  !context.judge.defaultDeny(end.endpoint, "egress").value ||
  context.rules.some(
    (r) =>
      r.direction === "egress" &&
      !r.deny &&
      matches(r.spec.subject, end) !== "no" &&
      (r.everyone ||
        r.peers.some((p) => {
          if (p.kind === "entity") return p.entity === "cluster" || p.entity === "all";
          if (p.kind === "service") return p.namespace === namespace;
          if (p.kind !== "endpoints") return false;
          const named = namedNamespaces(p.selector);
          return named === null ? !isReserved(p.selector) : named.includes(namespace);
        })),
  );

export interface Knock {
  readonly protocol: Protocol;
  readonly port: number;
  /** Null when the rule names no ports. */
  readonly view: PortView | null;
}

const protocols = (written: string): readonly Protocol[] =>
  written === "UDP" ? ["UDP"] : written === "SCTP" ? ["SCTP"] : written === "TCP" || written === "ANY" ? ["TCP"] : [];

const containerPorts = (end: End): readonly Knock[] =>
  (end.pod?.fact.containers ?? []).flatMap((c) =>
    c.ports.map((p) => ({ protocol: p.protocol, port: p.port, view: null })),
  );

/** The ports a rule would be used with towards this end: its own, or the end's container ports when it names none. */
export const knocks = (rule: RuleView, target: End): readonly Knock[] => {
  if (rule.ports === null) return containerPorts(target);
  return rule.ports.flatMap((view) => {
    const port = view.number ?? target.endpoint.namedPorts?.[view.port.toLowerCase()]?.port ?? null;
    if (port === null || port === 0) return [];
    return protocols(view.protocol).map((protocol) => ({ protocol, port, view }));
  });
};

/** Where somebody who repairs this end would write: its own policies first, then those of the whole namespace. */
export const policiesOf = (context: Context, end: End, direction: Direction): readonly SpecView[] => {
  const specs = context.policies.flatMap((view) =>
    view.specs.filter((s) => !s.nodes && matches(s.subject, end) !== "no"),
  );
  const named = specs.filter((s) => podTerms(s.subject).length > 0);
  const sure = named.filter((s) => matches(s.subject, end) === "yes");
  const own = sure.length > 0 ? sure : named;
  const speaking = own.filter((s) => s.rules.some((r) => r.direction === direction));
  return speaking.length > 0 ? speaking : own;
};
