import type { RuleEvidence } from "../facts/draft.ts";
import type { Edge, EdgeSource } from "../facts/edge.ts";
import type { DeclaredEdge } from "../facts/inventory.ts";
import type { PolicyRef } from "../facts/policy.ts";
import type { RulePeer } from "./generalise.ts";
import { byText, type Need } from "./need.ts";
import { PATTERNS } from "./patterns.ts";
import type { Rule } from "./rules.ts";

const distinct = <T>(items: readonly T[]): readonly T[] => [...new Set(items)];

const declaredIn = (d: DeclaredEdge): string => `${d.key} in ${d.origin.file}`;

/** Of several places the folder and file are enough to find each; the pull request names them whole. */
const briefly = (d: DeclaredEdge): string => `${d.key} in ${d.origin.file.split("/").slice(-2).join("/")}`;

/** Where a rule comes from, in words that do not move: no counts, no times, no lines. */
const sourceLine = (needs: readonly Need[]): string => {
  const parts: string[] = [];
  const whole = distinct(needs.flatMap((n) => n.declared.map(declaredIn))).toSorted(byText);
  const declared = whole.length < 2 ? whole : distinct(needs.flatMap((n) => n.declared.map(briefly))).toSorted(byText);
  const requirements = distinct(needs.flatMap((n) => (n.requirement === null ? [] : [n.requirement]))).toSorted(byText);
  if (needs.some((n) => n.edges.length > 0)) parts.push("observed");
  if (declared.length > 0)
    parts.push(
      `declared by ${declared.slice(0, 3).join(", ")}${declared.length > 3 ? ` and ${declared.length - 3} more` : ""}`,
    );
  if (requirements.length > 0) {
    const word = needs.some((n) => n.source === "required") ? "required:" : "declared by";
    parts.push(`${word} ${requirements.slice(0, 3).join(", ")}`);
  }
  return parts.join("; ");
};

type Named = (typeof PATTERNS)[keyof typeof PATTERNS];

/** What most of a rule's needs are; with as many of each, what stands first among the patterns. */
const patternsOf = (rule: Rule): readonly Named[] => {
  const order = Object.keys(PATTERNS);
  const groups = [...Map.groupBy(rule.needs, (n) => n.pattern)];
  return groups
    .sort(([a, n], [b, m]) => m.length - n.length || order.indexOf(a) - order.indexOf(b))
    .map(([id]) => PATTERNS[id]);
};

const patternOf = (rule: Rule): Named => patternsOf(rule)[0] ?? PATTERNS["cross-namespace"];

const titleOf = ({ title, lesson }: Named): string => `${title}${lesson === null ? "" : ` (lesson ${lesson})`}.`;

/** The comment above a rule in the YAML. */
export const commentOf = (rule: Rule): readonly string[] => {
  // Entities of one port stand in one list, whatever each of them is there for.
  const patterns = rule.peers[0]?.kind === "entities" ? patternsOf(rule) : [patternOf(rule)];
  const source = sourceLine(rule.needs);
  const lines = [...patterns.map(titleOf), `${source.charAt(0).toUpperCase()}${source.slice(1)}.`];
  if (rule.reasons.length > 0) lines.push(`Wider than what was seen: ${rule.reasons.join("; ")}.`);
  return lines;
};

const peerText = (peer: RulePeer): string => {
  if (peer.kind === "pods") {
    const labels = Object.values(peer.labels)[0] ?? "pods";
    return peer.workload === null ? `${peer.namespace}/${labels}` : `${peer.workload.namespace}/${peer.workload.name}`;
  }
  if (peer.kind === "all-pods")
    return peer.namespace === null ? "every pod of the cluster" : `every pod of ${peer.namespace}`;
  if (peer.kind === "entities") return peer.entities.join(", ");
  return peer.kind === "name" ? peer.name : peer.cidr;
};

const portText = (rule: Rule): string =>
  [
    ...rule.ports.map((p) => `${p.protocol} ${p.port}`),
    ...rule.icmps.map((i) => `ICMP${i.family === "IPv4" ? "v4" : "v6"} type ${i.type}`),
  ].join(", ");

const few = (texts: readonly string[]): string =>
  texts.length > 6 ? `${texts.slice(0, 6).join(", ")} and ${texts.length - 6} more` : texts.join(", ");

export const summaryOf = (rule: Rule): string => {
  const subjects = few(distinct(rule.needs.map((n) => n.subject.name)).toSorted(byText));
  const peers = few(rule.peers.map(peerText));
  const way = rule.direction === "ingress" ? `${peers} to ${subjects}` : `${subjects} to ${peers}`;
  const cost =
    rule.costs.length === 0 ? "" : `; would also admit ${rule.costs.join(", ").replaceAll("{ports}", portText(rule))}`;
  return `${patternOf(rule).title}: ${way}, ${portText(rule)}${cost}`;
};

const sourceOf = (needs: readonly Need[], edges: readonly Edge[]): EdgeSource =>
  edges.length > 0 ? "observed" : needs.some((n) => n.source === "declared") ? "declared" : "required";

export const evidenceOf = (policy: PolicyRef, pointer: string, rule: Rule): RuleEvidence => {
  const edges = distinct(rule.needs.flatMap((n) => n.edges));
  const requirements = distinct(rule.needs.flatMap((n) => (n.requirement === null ? [] : [n.requirement])));
  return {
    policy,
    rule: pointer,
    summary: summaryOf(rule),
    source: sourceOf(rule.needs, edges),
    edges,
    declared: distinct(rule.needs.flatMap((n) => n.declared)),
    requirement: requirements.length === 0 ? null : requirements.toSorted(byText).join("; "),
    lesson: patternOf(rule).lesson,
    unexercised: edges.length === 0,
  };
};
