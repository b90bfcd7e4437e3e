import type { Edge, EdgeEnd } from "../facts/edge.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import { POLICY_KINDS } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Direction, Verdict } from "../facts/verdict.ts";
import type { Actor, CastInventory } from "./cast.ts";
import { type ConnectionResult, court, type Court, type DirectionResult, worse } from "./court.ts";
import { explain } from "./why.ts";
import { hear, type LiveSet, said, unchanged } from "./word.ts";

export interface ReplayRequest {
  readonly edges: readonly Edge[];
  /** The candidate set: everything that will be live in all namespaces. */
  readonly policies: readonly PolicyDocument[];
  readonly settings: CiliumSettings;
  /** Labels, ports and Services of today. */
  readonly inventory: CastInventory;
  /** Only edges with this namespace at either end; null or absent: all. */
  readonly namespace?: string | null;
  readonly with?: { readonly defaultDenyFor: readonly string[] };
  /** What was live while the edges were recorded; absent: not known, and Cilium's word is shown, not judged by. */
  readonly live?: LiveSet | null;
}

/** One recorded edge, decided again. */
export interface JudgedEdge {
  readonly edge: Edge;
  readonly source: Actor;
  readonly destination: Actor;
  readonly verdict: Verdict;
  readonly egress: DirectionResult;
  readonly ingress: DirectionResult;
  /** Allowed by a name alone: good enough to merge allows, never to lock (lesson 12). */
  readonly onPaper: boolean;
  /** Cilium's own word and ours differ: both, for a person. */
  readonly disagreement: string | null;
  readonly why: string;
}

export interface Replay {
  /** Edges that were let through when they were recorded. */
  readonly edges: readonly JudgedEdge[];
  /** Edges that were only ever dropped: explained, never counted. */
  readonly drops: readonly JudgedEdge[];
  /** Edges of workloads that no longer exist, by end: listed, not judged. */
  readonly vanished: readonly { readonly end: string; readonly edges: readonly Edge[] }[];
  readonly invalid: Court["set"]["invalid"];
  readonly summary: Readonly<Record<Verdict, number>>;
}

const touches = (edge: Edge, namespace: string): boolean =>
  edge.source.namespace === namespace || edge.destination.namespace === namespace;

const refOf = (document: PolicyDocument): PolicyRef | null => {
  const object = document.object;
  if (object === null || typeof object !== "object") return null;
  const { kind, metadata } = object as { kind?: unknown; metadata?: { name?: unknown; namespace?: unknown } | null };
  const known = POLICY_KINDS.find((k) => k === kind);
  if (known === undefined || typeof metadata?.name !== "string") return null;
  const own = typeof metadata.namespace === "string" ? metadata.namespace : (document.namespace ?? null);
  return {
    kind: known,
    namespace: known === "CiliumClusterwideNetworkPolicy" ? null : own,
    name: metadata.name,
  };
};

/**
 * Each address of a world-class end is judged, because a CIDR may hold for one and not for another (C B.3.2); where there
 * were more than the sample holds, an address that nobody knows is judged as well.
 */
const addresses = (actor: Actor, end: EdgeEnd): readonly Actor[] => {
  if (actor.peer.endpoint || (end.ips.length < 2 && end.moreIps !== true)) return [actor];
  const at = (ip: string | null): Actor => ({ ...actor, peer: { ...actor.peer, ip } });
  return [...end.ips.map(at), ...(end.moreIps === true ? [at(null)] : [])];
};

const worst = (results: readonly DirectionResult[]): DirectionResult => {
  const [first, ...rest] = results;
  if (first === undefined) throw new Error("an edge has at least one address to be judged by");
  const found = rest.reduce(
    (a, b) => (a.verdict !== b.verdict && worse(a.verdict, b.verdict) === b.verdict ? b : a),
    first,
  );
  return { ...found, onPaper: results.some((r) => r.onPaper) };
};

interface Bench {
  readonly candidate: Court;
  readonly live: Court | null;
  readonly since: number;
  readonly kept: (ref: PolicyRef) => boolean;
}

const LIVE_NAME = "the toFQDNs rule was live and this connection does not carry its label";

const judgeEdge = (edge: Edge, bench: Bench): JudgedEdge => {
  const source = bench.candidate.cast.end(edge.source);
  const destination = bench.candidate.cast.end(edge.destination);
  const pairs = addresses(source, edge.source).flatMap((s) =>
    addresses(destination, edge.destination).map((d) => [s, d] as const),
  );
  const results = pairs.map(([s, d]) => bench.candidate.connection(s, d, edge.protocol, edge.port));
  const lives: readonly ConnectionResult[] =
    bench.live === null
      ? []
      : bench.live === bench.candidate
        ? results
        : pairs.map(([s, d]) => (bench.live ?? bench.candidate).connection(s, d, edge.protocol, edge.port));
  const disagreements: string[] = [];

  const decide = (side: Direction): DirectionResult => {
    const ours = worst(results.map((r) => r[side]));
    const live = lives[0]?.recorded[side];
    if (live === undefined) return ours;
    const cilium = said(edge.word[side], bench.since);
    // While a toFQDNs rule was live, a connection that it let through carries its label or its name: a DNS name that
    // merely looks right proves nothing (C B.4.3, lesson 12).
    const tested = ours.onPaper && edge.lastSeen >= bench.since && ours.by.some((r) => bench.kept(r.policy));
    if (tested && cilium.what !== "allowed")
      return { ...ours, verdict: "dropped", outcome: "default-denied", by: [], position: LIVE_NAME, onPaper: false };
    const recorded = results[0]?.recorded[side] ?? live;
    const heard = hear(cilium, live, { ...recorded, verdict: ours.verdict }, bench.kept);
    if (heard.disagreement !== null) disagreements.push(`${side}: ${heard.disagreement}`);
    const onPaper = ours.onPaper && cilium.what !== "allowed";
    if (heard.byWord.length === 0) return { ...ours, verdict: heard.verdict, onPaper };
    return { ...ours, verdict: heard.verdict, outcome: "allowed", missing: [], onPaper };
  };

  const egress = decide("egress");
  const ingress = decide("ingress");
  const verdict = worse(egress.verdict, ingress.verdict);
  const onPaper = verdict === "allowed" && (egress.onPaper || ingress.onPaper);
  const disagreement = disagreements.length === 0 ? null : disagreements.join("; ");
  const why = explain({ source, destination, egress, ingress, onPaper, disagreement });
  return { edge, source, destination, verdict, egress, ingress, onPaper, disagreement, why };
};

/**
 * Recorded flows decided again under a candidate policy set, both ends, in every position (lessons 6, 10, 19, 36).
 * Pure: the same facts give the same verdicts.
 */
export const replay = (request: ReplayRequest): Replay => {
  const defaultDenyFor = request.with?.defaultDenyFor ?? [];
  const { settings, inventory, policies, edges: all } = request;
  const candidate = court({ policies, settings, inventory, defaultDenyFor, edges: all });
  const live = request.live ?? null;
  const bench: Bench = {
    candidate,
    live:
      live === null
        ? null
        : live.policies === policies
          ? candidate
          : court({ policies: live.policies, settings, inventory, defaultDenyFor, edges: all }),
    since: live?.since ?? Number.POSITIVE_INFINITY,
    kept: live === null ? () => false : unchanged(live.policies, policies, refOf),
  };

  const edges: JudgedEdge[] = [];
  const drops: JudgedEdge[] = [];
  const vanished = new Map<string, Edge[]>();
  for (const edge of request.edges) {
    const namespace = request.namespace ?? null;
    if (namespace !== null && !touches(edge, namespace)) continue;
    const gone = [edge.source, edge.destination].filter((end) => candidate.cast.end(end).vanished);
    if (gone.length > 0) {
      for (const end of gone) vanished.set(end.id, [...(vanished.get(end.id) ?? []), edge]);
      continue;
    }
    (edge.flows === 0 ? drops : edges).push(judgeEdge(edge, bench));
  }
  const summary = { allowed: 0, dropped: 0, unknown: 0 };
  for (const { verdict } of edges) summary[verdict] += 1;
  return {
    edges,
    drops,
    vanished: [...vanished].map(([end, of]) => ({ end, edges: of })).sort((a, b) => (a.end < b.end ? -1 : 1)),
    invalid: candidate.set.invalid,
    summary,
  };
};
