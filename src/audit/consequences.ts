import { patternMatches } from "../cilium/fqdn.ts";
import type { Finding } from "../facts/finding.ts";
import { NAMESPACE_LABEL } from "../facts/labels.ts";
import type { Direction, Peer, Protocol } from "../facts/verdict.ts";
import type { PeerView, RuleView, SpecView } from "./policy-view.ts";
import type { PodView } from "./pods.ts";
import type { Defect } from "./rule.ts";
import { bySeverity } from "./rule.ts";
import { matches, type Labelled } from "./selector.ts";

/** A connection that a pod does not get; null for one that has no policy of its own at all. */
export interface Missing {
  readonly pod: PodView;
  readonly connection: {
    readonly direction: Direction;
    readonly peer: Peer;
    readonly protocol: Protocol;
    readonly port: number;
  } | null;
}

/** Whether a defect is the reason: were it repaired as it was meant, the connection would be there. */
export type Explains = (missing: Missing) => boolean;

/** A finding with what it was made of. */
export interface Seen {
  readonly finding: Finding;
  readonly defect: Defect;
}

const keyAndValue = (label: string): readonly [string, string] => {
  const plain = label.slice(label.indexOf(":") + 1);
  const equals = plain.indexOf("=");
  return equals < 0 ? [plain, ""] : [plain.slice(0, equals), plain.slice(equals + 1)];
};

/** A peer's labels, as selectors read them. */
export const labelledPeer = (peer: Peer): Labelled => ({
  labels: Object.fromEntries((peer.labels ?? []).map(keyAndValue)),
  complete: false,
});

const isReservedAs = (peer: Peer, entity: string): boolean =>
  entity === "all" ||
  (peer.labels ?? []).some((l) => l === `reserved:${entity}`) ||
  (entity === "cluster" && !(peer.labels ?? []).some((l) => l.startsWith("reserved:world")));

/** Whether a rule's peer is this one, taken at its word: `X.*` was meant as X. */
export const speaksOfPeer = (written: PeerView, peer: Peer): boolean => {
  switch (written.kind) {
    case "endpoints":
      return (
        Object.hasOwn(labelledPeer(peer).labels, NAMESPACE_LABEL) &&
        matches(written.selector, labelledPeer(peer)) !== "no"
      );
    case "entity":
      return isReservedAs(peer, written.entity);
    case "fqdn":
      return (peer.names ?? []).some(
        (name) => name === written.name.replace(/\.\*$/, "") || patternMatches(written.name, name, "1.19"),
      );
    case "cidr":
    case "service":
    case "other":
    default:
      return false;
  }
};

const speaksOfPort = (rule: RuleView, protocol: Protocol, port: number): boolean =>
  rule.ports === null ||
  rule.ports.some(
    (p) =>
      (p.protocol === "ANY" || p.protocol === protocol) &&
      (p.number === null || p.number === 0 || (p.number <= port && port <= Math.max(p.endPort ?? p.number, p.number))),
  );

/** What of a rule is wrong, and therefore taken as meant. */
export interface Wrong {
  readonly subject?: boolean;
  /** The container port that was meant; true for any. */
  readonly port?: number | true;
  /** In place of the rule's peers: who was meant. */
  readonly peer?: (peer: Peer) => boolean;
}

/** Whether a rule would allow what is missing, were what is wrong with it right. */
export const wouldAllow = (rule: RuleView, wrong: Wrong): Explains => {
  const { port: meant } = wrong;
  return ({ pod, connection: c }) => {
    if (c === null || rule.deny || rule.direction !== c.direction) return false;
    if (wrong.subject !== true && matches(rule.spec.subject, pod) === "no") return false;
    if (meant === undefined && !speaksOfPort(rule, c.protocol, c.port)) return false;
    if (typeof meant === "number" && meant !== c.port) return false;
    if (wrong.peer !== undefined) return wrong.peer(c.peer);
    return rule.everyone || rule.peers.some((p) => speaksOfPeer(p, c.peer));
  };
};

/** Everything that the pods of a policy miss may be missing because it is not there. */
export const allOf =
  (specs: readonly SpecView[]): Explains =>
  ({ pod }) =>
    specs.some((s) => !s.nodes && matches(s.subject, pod) !== "no");

/** Symptoms shown with the defect behind them: one repair, one finding. A root is as grave as what it brings about. */
export const withConsequences = (seen: readonly Seen[]): readonly Finding[] => {
  const roots = seen.filter((s) => s.defect.explains !== undefined && s.finding.severity !== "info");
  const under = new Map<Seen, Seen[]>();
  const folded = new Set<Seen>();
  for (const symptom of seen) {
    const { missing } = symptom.defect;
    if (missing === undefined) continue;
    const root = roots.find((r) => r !== symptom && missing.some((m) => r.defect.explains?.(m) === true));
    if (root === undefined) continue;
    folded.add(symptom);
    under.set(root, [...(under.get(root) ?? []), symptom]);
  }
  return seen.flatMap((s) => {
    if (folded.has(s)) return [];
    const symptoms = under.get(s) ?? [];
    if (symptoms.length === 0) return [s.finding];
    const severity = [s, ...symptoms].map((x) => x.finding.severity).sort(bySeverity)[0] ?? s.finding.severity;
    const related = symptoms.map(({ finding: { rule, origin, message } }) => ({
      file: origin.file,
      line: origin.line,
      message: `${rule}: ${message}`,
    }));
    return [{ ...s.finding, severity, related: [...s.finding.related, ...related] }];
  });
};
