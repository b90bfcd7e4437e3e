import type { Edge, EdgeSource } from "../facts/edge.ts";
import type { DeclaredEdge, WorkloadFact } from "../facts/inventory.ts";
import type { Direction, Peer, Protocol } from "../facts/verdict.ts";
import type { PatternId } from "./patterns.ts";

/** Entities of Cilium that a draft may name (C B.2). */
export type Entity = "world" | "host" | "remote-node" | "kube-apiserver" | "ingress" | "health" | "init" | "unmanaged";

/** The far end of a rule before a selector is chosen for it. */
export type PeerKey =
  | {
      readonly kind: "pods";
      readonly namespace: string;
      readonly workload: WorkloadFact | null;
      /** Labels to select by where the workload is not in the inventory. */
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: "entities"; readonly entities: readonly Entity[] }
  | { readonly kind: "cidr"; readonly cidr: string }
  | { readonly kind: "name"; readonly name: string };

/** One direction of one connection that has to go on working, and why. */
export interface Need {
  readonly subject: WorkloadFact;
  readonly direction: Direction;
  readonly peer: PeerKey;
  readonly protocol: Protocol;
  readonly port: number;
  readonly pattern: PatternId;
  readonly source: EdgeSource;
  /** Who policy sees at the far end, in every position: each must be allowed. */
  readonly faces: readonly Peer[];
  readonly edges: readonly Edge[];
  readonly declared: readonly DeclaredEdge[];
  readonly requirement: string | null;
  /** Why the peer is wider than what was seen or declared; null: it is not. */
  readonly widened: string | null;
}

/** Something that became no rule, and why. */
export interface LeftOut {
  readonly what: string;
  readonly why: string;
}

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const pairs = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([k, v]) => `${k}=${v}`)
    .sort()
    .join(",");

/** Equal for the same far end; also the order in which rules stand. */
export const peerId = (peer: PeerKey): string => {
  if (peer.kind === "pods")
    return peer.workload === null
      ? `1 ${peer.namespace}/~/${pairs(peer.labels)}`
      : `1 ${peer.namespace}/${peer.workload.name}/${peer.workload.kind}`;
  if (peer.kind === "entities") return `2 ${peer.entities.join(",")}`;
  return peer.kind === "cidr" ? `3 ${peer.cidr}` : `4 ${peer.name}`;
};

export const needId = (need: Need): string =>
  [
    need.subject.namespace,
    need.subject.kind,
    need.subject.name,
    need.direction,
    peerId(need.peer),
    need.protocol,
    need.port,
  ].join("|");

/** The same need from several sources is one need with all their evidence; the strongest source names it. */
export const merge = (needs: readonly Need[]): readonly Need[] => {
  const rank: Readonly<Record<EdgeSource, number>> = { observed: 0, declared: 1, required: 2 };
  const found = new Map<string, Need>();
  for (const need of needs) {
    const id = needId(need);
    const other = found.get(id);
    if (other === undefined) {
      found.set(id, need);
      continue;
    }
    const [first, second] = rank[need.source] < rank[other.source] ? [need, other] : [other, need];
    found.set(id, {
      ...first,
      pattern: first.pattern === "peer" || first.pattern === "cross-namespace" ? second.pattern : first.pattern,
      faces: [...first.faces, ...second.faces],
      edges: [...first.edges, ...second.edges],
      declared: [...first.declared, ...second.declared],
      requirement: first.requirement ?? second.requirement,
      widened: first.widened ?? second.widened,
    });
  }
  return [...found].sort(([a], [b]) => byText(a, b)).map(([, need]) => need);
};
