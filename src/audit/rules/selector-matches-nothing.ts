import type { Severity } from "../../facts/finding.ts";
import { NAMESPACE_LABEL } from "../../facts/labels.ts";
import { isIdentityRelevant } from "../../cilium/labels.ts";
import { labelledPeer, wouldAllow, type Explains } from "../consequences.ts";
import type { Context } from "../context.ts";
import { askPeer, subjectEnds } from "../ends.ts";
import { podPeer } from "../judge.ts";
import { peerText, portText, subjectText } from "../policy-view.ts";
import type { PeerView, RuleView, SpecView } from "../policy-view.ts";
import type { PodView } from "../pods.ts";
import type { Selector, Term } from "../selector.ts";
import { isNear, isReserved, matches, mentionsNamespace, namedNamespaces, podTerms } from "../selector.ts";
import type { Defect, Rule } from "../rule.ts";
import { isChosen } from "../unselected.ts";
import { relatedAt } from "../rule.ts";
import { inPolicy, inRule, list, lockedSubject } from "./shared.ts";

type Endpoints = Extract<PeerView, { kind: "endpoints" }>;

/** Labels that a manifest or a chart writes and that stay; those of controllers come and go with their pods. */
const STATIC_KEYS: ReadonlySet<string> = new Set([
  "app",
  "k8s-app",
  "name",
  "component",
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
  "app.kubernetes.io/part-of",
]);

const wanted = (s: Selector): readonly Term[] => podTerms(s).filter((t) => t.operator === "In");

interface Near {
  readonly pod: PodView;
  readonly label: string;
}

/** Pods whose label differs only by a prefix or suffix: the name of the release against the name of the chart. */
const nearMisses = (s: Selector, pods: readonly PodView[]): readonly Near[] =>
  wanted(s).flatMap((t) =>
    pods.flatMap((pod) => {
      const value = Object.hasOwn(pod.labels, t.key) ? pod.labels[t.key] : undefined;
      return value !== undefined && t.values.some((v) => isNear(v, value)) ? [{ pod, label: `${t.key}=${value}` }] : [];
    }),
  );

/** Names that something in the namespace bears: a release or a custom resource whose pods we may not know. */
const isSpokenOf = (context: Context, namespace: string, s: Selector): boolean => {
  const values = new Set(wanted(s).flatMap((t) => t.values));
  return context.inventory.objects.some(
    (o) =>
      o.namespace === namespace &&
      values.has(o.name) &&
      !o.kind.endsWith("NetworkPolicy") &&
      o.kind !== "Kustomization",
  );
};

/** How sure we are that no such pod exists. */
const certainty = (context: Context, namespace: string, s: Selector, near: readonly Near[]): Severity => {
  const pods = context.podsIn(namespace);
  // A key that some pod there is known to carry is one that manifests, charts or operators write.
  const isWritten = (key: string): boolean => pods.some((p) => Object.hasOwn(p.fact.podLabels, key));
  const isStatic = wanted(s).length > 0 && podTerms(s).every((t) => STATIC_KEYS.has(t.key) || isWritten(t.key));
  if (near.length > 0 && isStatic) return "warning";
  if (pods.length === 0 || !isStatic || isSpokenOf(context, namespace, s)) return "info";
  return "warning";
};

const hint = (near: readonly Near[]): string =>
  near.length === 0
    ? ""
    : `. Pods there carry ${list(
        near.map((n) => n.label),
        3,
      )}; is that what was meant?`;

function* subject(context: Context, spec: SpecView): Generator<Defect> {
  const view = spec.rules[0]?.policy;
  if (view === undefined || view.namespace === null || spec.nodes || podTerms(spec.subject).length === 0) return;
  if (spec.subject.terms.some((t) => t.source === "reserved" || !isIdentityRelevant(t.key))) return;
  const own = namedNamespaces(spec.subject);
  if (context.subjects(spec).length > 0 || (own !== null && !own.includes(view.namespace))) return;
  const near = nearMisses(spec.subject, context.podsIn(view.namespace));
  const severity = certainty(context, view.namespace, spec.subject, near);
  const bites = DIRECTIONS.some((d) => lockedSubject(context, spec, d));
  yield inPolicy(view, {
    path: [...spec.path, "endpointSelector"],
    severity:
      severity === "warning" && bites && context.podsIn(view.namespace).every((p) => p.complete) ? "error" : severity,
    message: `No pod of ${view.namespace} carries ${subjectText(spec)}, so nothing this policy allows is allowed to anybody${hint(near)}${near.length === 0 ? ". Write the labels that the pods carry, or remove the policy" : ""}`,
    key: ["subject", subjectText(spec)],
    explains: meantFor(context, spec),
    related: near.slice(0, 3).flatMap((n) => relatedAt(n.pod.origin, `pods with ${n.label}`)),
  });
}

/** Pods of the namespace that no policy speaks of: this one was written for some of them. */
const meantFor = (context: Context, spec: SpecView): Explains => {
  const namespace = spec.rules[0]?.policy.namespace ?? null;
  return (missing) => {
    if (missing.pod.namespace !== namespace || isChosen(context, missing.pod)) return false;
    return missing.connection === null || spec.rules.some((rule) => wouldAllow(rule, { subject: true })(missing));
  };
};

const DIRECTIONS = ["ingress", "egress"] as const;

/** A peer without a namespace means the policy's own; the pods meant may stand in another one (C A.4). */
const elsewhere = (context: Context, rule: RuleView, peer: Endpoints): readonly PodView[] => {
  if (mentionsNamespace(peer.written) || rule.policy.namespace === null || wanted(peer.written).length === 0) return [];
  return context.pods.filter(
    (pod) => pod.namespace !== rule.policy.namespace && matches(peer.written, { ...pod, complete: true }) === "yes",
  );
};

function* peers(context: Context, rule: RuleView): Generator<Defect> {
  for (const peer of rule.peers) {
    if (peer.kind !== "endpoints" || isReserved(peer.written)) continue;
    if (podTerms(peer.selector).some((t) => !isIdentityRelevant(t.key) || t.source === "reserved")) continue;
    const namespaces = namedNamespaces(peer.selector);
    if (namespaces !== null) yield* missingNamespaces(context, rule, peer, namespaces);
    if (podTerms(peer.selector).length === 0 || context.peers(peer).length > 0) continue;
    const abroad = elsewhere(context, rule, peer);
    if (abroad.length > 0) {
      yield inRule(rule, {
        path: peer.path,
        severity: "error",
        sure: abroad.some((p) => p.sure === "certain") ? "certain" : "likely",
        message: `A peer without a namespace is a pod of ${rule.policy.namespace ?? "its own"}, and none there carries ${peer.written.text}; ${list(abroad.map((p) => p.id))} does. Add \`${NAMESPACE_LABEL}: ${abroad[0]?.namespace ?? ""}\``,
        key: ["elsewhere", peer.written.text, portText(rule.ports)],
        explains: wouldAllow(rule, {
          peer: (p) => abroad.some((pod) => pod.namespace === labelledPeer(p).labels[NAMESPACE_LABEL]),
        }),
        related: abroad.slice(0, 3).flatMap((p) => relatedAt(p.origin, "the pods that carry these labels")),
      });
      continue;
    }
    for (const namespace of namespaces ?? []) {
      if (!context.inventory.namespaces.some((n) => n.name === namespace)) continue;
      const near = nearMisses(peer.selector, context.podsIn(namespace));
      const named = peerText(peer);
      const masked = isMasked(context, rule, namespace);
      yield inRule(rule, {
        path: peer.path,
        severity: masked ? "info" : certainty(context, namespace, peer.selector, near),
        message: `No pod of ${namespace} matches ${named}, so this ${rule.direction === "ingress" ? "admits" : "reaches"} nobody${masked ? " (masked: a broader rule opens the same to the whole namespace)" : ""}${hint(near)}${near.length === 0 ? ". Write the labels that the pods carry, or remove the peer" : ""}`,
        key: ["peer", namespace, peer.selector.text, portText(rule.ports)],
        explains: wouldAllow(rule, { peer: (p) => labelledPeer(p).labels[NAMESPACE_LABEL] === namespace }),
        related: near.slice(0, 3).flatMap((n) => relatedAt(n.pod.origin, `pods with ${n.label}`)),
      });
    }
  }
}

/** Whether any pod of that namespace, whatever its labels, may use these ports: then nothing is dropped, only misleading. */
const isMasked = (context: Context, rule: RuleView, namespace: string): boolean => {
  const subjects = subjectEnds(context, rule.spec);
  const anybody = podPeer(context.judge.endpoint(namespace));
  const ports = (rule.ports ?? []).flatMap((p) => (p.number === null ? [] : [p]));
  if (subjects.length === 0 || ports.length === 0) return false;
  return subjects.every((s) =>
    ports.every(
      (p) =>
        askPeer(context, rule.direction, s, anybody, p.protocol === "UDP" ? "UDP" : "TCP", p.number ?? 0) === "allowed",
    ),
  );
};

function* missingNamespaces(
  context: Context,
  rule: RuleView,
  peer: Endpoints,
  namespaces: readonly string[],
): Generator<Defect> {
  const known = new Set(context.inventory.namespaces.map((n) => n.name));
  for (const namespace of namespaces.filter((n) => !known.has(n) && !ALWAYS_THERE.has(n) && !n.includes("$")))
    yield inRule(rule, {
      path: peer.path,
      severity: "warning",
      message: `The repository knows no namespace ${namespace}, so this ${rule.direction === "ingress" ? "admits" : "reaches"} nobody. Correct the name, or remove the peer`,
      key: ["namespace", namespace, peer.selector.text, portText(rule.ports)],
    });
}

const ALWAYS_THERE: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

export const selectorMatchesNothing: Rule = {
  id: "selector-matches-nothing",
  severity: "warning",
  lesson: 20,
  about:
    "No pod carries the labels that a policy or a peer asks for: a renamed chart, a release name for a chart name, a namespace left out.",
  remedy: "Write the labels that the pods carry; a peer in another namespace needs `io.kubernetes.pod.namespace`.",
  *check(context) {
    for (const view of context.policies) for (const spec of view.specs) yield* subject(context, spec);
    for (const rule of context.rules) if (!rule.deny) yield* peers(context, rule);
  },
};
