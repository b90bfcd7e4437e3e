import type { DeclaredEdge } from "../../facts/inventory.ts";
import { policyId } from "../../facts/policy.ts";
import type { Direction, Peer } from "../../facts/verdict.ts";
import type { Missing } from "../consequences.ts";
import type { Context } from "../context.ts";
import type { Landing } from "../declared.ts";
import { isInPublishedZone, isOwnFace, landingsOf, peerOfPod, sourcesOf, sureFor, targetText } from "../declared.ts";
import { endOf, policiesOf, reachesNamespace } from "../ends.ts";
import { containerPortFor, gatewayPeer } from "../gateways.ts";
import { HOST, REMOTE_NODE } from "../judge.ts";
import type { PodView } from "../pods.ts";
import type { Defect, Related, Rule } from "../rule.ts";
import { relatedAt, softened, weaker } from "../rule.ts";
import { isNear, matches, podTerms } from "../selector.ts";
import { unselectedCause } from "../unselected.ts";
import { relatedRules } from "./shared.ts";

const ID = "declared-dependency-dropped";

/** The policies that somebody would add the missing rule to. */
export const placesToRepair = (context: Context, pod: PodView, direction: "ingress" | "egress"): readonly Related[] => {
  const seen = new Set<string>();
  return policiesOf(context, endOf(pod), direction).flatMap((spec) => {
    const view = spec.rules[0]?.policy;
    if (view === undefined || seen.has(policyId(view.ref))) return [];
    seen.add(policyId(view.ref));
    return relatedAt(view.locate(spec.path), `${direction} of ${pod.id} is written here`);
  });
};

const missed = (pod: PodView, direction: Direction, peer: Peer, { protocol }: DeclaredEdge, port: number): Missing => ({
  pod,
  connection: { direction, peer, protocol, port },
});

/** Two connections to one place by one workload are one defect, however many keys say so. */
const keyOf = (edge: DeclaredEdge, more: readonly string[]): readonly string[] => [
  edge.source.kind,
  edge.source.workload,
  targetText(edge),
  edge.protocol,
  ...more,
];

/** An egress rule that names these very pods makes the hole half open, and that rule says so. */
const isNamedByRule = (context: Context, source: PodView, target: PodView): boolean =>
  context.rules.some(
    (r) =>
      r.direction === "egress" &&
      !r.deny &&
      matches(r.spec.subject, source) !== "no" &&
      r.peers.some(
        (p) => p.kind === "endpoints" && p.written.terms.length > 0 && matches(p.selector, target) === "yes",
      ),
  );

function* toPod(
  context: Context,
  edge: DeclaredEdge,
  source: PodView,
  landing: Extract<Landing, { kind: "pod" }>,
): Generator<Defect> {
  const { pod, containerPort, through } = landing;
  if (pod === source) return;
  const sure = weaker(landing.sure, sureFor(edge, source));
  const translated = relatedAt(landing.service?.origin ?? null, `${through} leads to ${containerPort}`);
  const words = `${edge.key} (${edge.why}) makes ${source.id} connect to ${targetText(edge)}, which is ${pod.id} on ${containerPort}`;
  if (source.governed && pod.governed) {
    const out = context.judge.egress(source, peerOfPod(pod), edge.protocol, containerPort);
    if (out.verdict === "dropped")
      yield {
        namespace: source.namespace,
        policy: null,
        sure,
        origin: edge.origin,
        message: `${words}, and its egress does not allow that. Add egress to those pods on ${containerPort}`,
        key: keyOf(edge, ["egress"]),
        missing: [missed(source, "egress", peerOfPod(pod), edge, containerPort)],
        cause: unselectedCause(context, source),
        related: [
          ...placesToRepair(context, source, "egress"),
          ...translated,
          ...relatedRules(context, out.defaultDeny.slice(0, 1), "the default deny"),
        ],
      };
  }
  if (!pod.governed) return;
  const peer = source.governed ? peerOfPod(source) : REMOTE_NODE;
  const into = context.judge.ingress(pod, peer, edge.protocol, containerPort);
  if (into.verdict !== "dropped" || (source.governed && isNamedByRule(context, source, pod))) return;
  const repair = placesToRepair(context, pod, "ingress");
  const [place0] = repair;
  const client = source.governed ? "" : " (from the host network, so as host or remote-node)";
  yield {
    namespace: pod.namespace,
    policy: null,
    sure,
    origin: edge.origin,
    message: `${words} (${through})${client}, and nothing there admits it. Add ingress for it on ${containerPort}`,
    key: keyOf(edge, ["ingress", pod.id]),
    missing: [missed(pod, "ingress", peer, edge, containerPort)],
    cause: place0 === undefined ? null : { rule: ID, at: `${place0.file}:${place0.line}` },
    related: [...repair, ...translated, ...relatedRules(context, into.defaultDeny.slice(0, 1), "the default deny")],
  };
}

/** Addresses on a pod's second interface are asked there, outside policy (lesson 35); which ones, no manifest says. */
const byAnotherNetwork = (source: PodView, edge: DeclaredEdge): boolean =>
  source.fact.secondaryNetworks.length > 0 && edge.target.kind === "address";

/** A host of a zone that gateways publish may be one of theirs, by a route that no manifest here shows. */
const reachesSomeGateway = (context: Context, source: PodView, edge: DeclaredEdge): boolean =>
  context.inventory.gateways.some((g) => {
    const port = containerPortFor(g, edge.port);
    const peer = port === null ? null : gatewayPeer(context, g);
    return (
      peer !== null && port !== null && context.judge.egress(source, peer, edge.protocol, port).verdict !== "dropped"
    );
  });

/** In a namespace where nothing at all may be asked by these pods, whatever stands behind the name. */
function* intoNamespace(
  context: Context,
  edge: DeclaredEdge,
  source: PodView,
  landing: Extract<Landing, { kind: "namespace" }>,
): Generator<Defect> {
  if (!source.governed || landing.namespace === source.namespace) return;
  const end = endOf(source);
  if (reachesNamespace(context, end, landing.namespace)) return;
  const by = context.judge.defaultDeny(source.endpoint, "egress").by;
  yield {
    namespace: source.namespace,
    policy: null,
    sure: weaker(landing.sure, sureFor(edge, source)),
    origin: edge.origin,
    message: `${edge.key} (${edge.why}) makes ${source.id} connect to ${targetText(edge)}, a Service of ${landing.namespace}, and no egress rule of these pods leads into that namespace. Add egress to the pods behind it on their container port, and look at their ingress`,
    key: keyOf(edge, ["namespace"]),
    cause: unselectedCause(context, source),
    related: [
      ...placesToRepair(context, source, "egress"),
      ...policyPlacesNamed(context, landing),
      ...relatedRules(context, by.slice(0, 1), "the default deny"),
    ],
  };
}

/** Policies over there whose subject is called like the Service: their ingress has to admit the client as well. */
const policyPlacesNamed = (context: Context, landing: Extract<Landing, { kind: "namespace" }>): readonly Related[] =>
  context.policies
    .filter((p) => p.namespace === landing.namespace)
    .flatMap((p) => p.specs)
    .filter((s) => podTerms(s.subject).some((t) => t.values.some((v) => v === landing.name || isNear(v, landing.name))))
    .flatMap((s) => {
      const view = s.rules[0]?.policy;
      return view === undefined ? [] : relatedAt(view.locate(s.path), "ingress of the other end may have to admit it");
    })
    .slice(0, 3);

function* toOutside(
  context: Context,
  edge: DeclaredEdge,
  source: PodView,
  landing: Extract<Landing, { kind: "outside" | "node" }>,
): Generator<Defect> {
  if (!source.governed) return;
  const out = context.judge.egress(source, landing.peer, edge.protocol, edge.port);
  if (out.verdict !== "dropped") return;
  if (
    edge.target.kind === "host" &&
    isInPublishedZone(context, edge.target.host) &&
    reachesSomeGateway(context, source, edge)
  )
    return;
  const asNode = [HOST, REMOTE_NODE].some(
    (p) => context.judge.egress(source, p, edge.protocol, edge.port).verdict === "allowed",
  );
  // A host of the LAN that somebody took for a node has a rule of its own.
  if (landing.kind === "outside" && asNode && edge.target.kind === "address") return;
  const way =
    landing.kind === "node"
      ? `the entities host and remote-node on ${edge.port}`
      : edge.target.kind === "address"
        ? `toCIDR ${landing.text}/32 on ${edge.port}`
        : `toFQDNs ${landing.text} (or world) on ${edge.port}`;
  yield {
    namespace: source.namespace,
    policy: null,
    // A URL in a setting is not always asked by the pod itself.
    severity: softened("error", weaker(landing.sure, "likely")),
    sure: byAnotherNetwork(source, edge) ? "guess" : sureFor(edge, source),
    cause: unselectedCause(context, source),
    origin: edge.origin,
    message: `${edge.key} (${edge.why}) makes ${source.id} connect to ${targetText(edge)}, and its egress does not allow that. Add ${way}`,
    key: keyOf(edge, ["outside"]),
    missing: [missed(source, "egress", landing.peer, edge, edge.port)],
    related: [
      ...placesToRepair(context, source, "egress"),
      ...relatedRules(context, out.defaultDeny.slice(0, 1), "the default deny"),
    ],
  };
}

/** One finding for one place that a workload cannot reach, the strongest of what its settings say. */
const once = (defects: Iterable<Defect>): readonly Defect[] => {
  const seen = new Map<string, Defect>();
  for (const defect of defects) {
    const id = JSON.stringify([defect.namespace, defect.key]);
    const known = seen.get(id);
    if (known === undefined || rank(defect) < rank(known)) seen.set(id, defect);
  }
  return [...seen.values()];
};

const rank = (defect: Defect): number => ["certain", "likely", "guess"].indexOf(defect.sure ?? "certain");

function* all(context: Context): Generator<Defect> {
  for (const edge of context.inventory.declared) {
    if (isOwnFace(edge)) continue;
    for (const source of sourcesOf(context, edge)) {
      if (source.fact.suspended) continue;
      for (const landing of landingsOf(context, edge)) {
        if (landing.kind === "pod") yield* toPod(context, edge, source, landing);
        else if (landing.kind === "namespace") yield* intoNamespace(context, edge, source, landing);
        else if (landing.kind !== "gateway") yield* toOutside(context, edge, source, landing);
      }
    }
  }
}

export const declaredDependency: Rule = {
  id: ID,
  severity: "error",
  lesson: 7,
  about:
    "A setting, a script, a probe or a scrape target says that these pods connect somewhere, and under default deny one of the two ends does not allow it.",
  remedy: "Allow it at both ends, on the container port; or remove the setting that nobody uses.",
  check: (context) => once(all(context)),
};
