import type { DropCount, Edge } from "../facts/edge.ts";
import type { Direction } from "../facts/verdict.ts";
import { DAY, iso } from "../facts/clock.ts";
import type { DropReport } from "../facts/status.ts";
import type { EvidenceReader } from "../facts/ports.ts";
import { branchOf, defaultDenyBranchOf, repairBranchOf } from "../facts/rollout.ts";
import type { Stage } from "../facts/rollout.ts";
import type { Survey } from "./survey.ts";

/** A connection that policy drops at a namespace's own pods, and did not before. */
export interface NewDrop {
  readonly edge: Edge;
  readonly direction: Direction | null;
  readonly flows: number;
  readonly lastSeen: number;
}

export interface DropWatch {
  readonly namespace: string;
  /** It is under default-deny: then there is a lock to take back. Else its allows dropped it, by their DNS redirect. */
  readonly locked: boolean;
  /** The pull request whose merge is watched. */
  readonly pullRequest: number;
  /** When what is watched was merged: the lock, or the allows with their DNS redirect. */
  readonly since: number;
  readonly drops: readonly NewDrop[];
}

/** A drop counts for the end whose policy made it. Start-up and noise are classes of their own and trip nothing. */
const isOurs = (edge: Edge, drop: DropCount, namespace: string, since: number): boolean => {
  if (drop.class !== "policy" || drop.lastSeen < since) return false;
  if (drop.direction === "egress") return edge.source.namespace === namespace;
  if (drop.direction === "ingress") return edge.destination.namespace === namespace;
  return edge.source.namespace === namespace || edge.destination.namespace === namespace;
};

/** Drops at a namespace's pods since a change, most flows first (lesson 26). */
export const dropsSince = (edges: readonly Edge[], namespace: string, since: number): readonly NewDrop[] =>
  edges
    .flatMap((edge) =>
      edge.drops
        .filter((drop) => isOurs(edge, drop, namespace, since))
        .map(({ direction, flows, lastSeen }) => ({ edge, direction, flows, lastSeen })),
    )
    .sort((a, b) => b.flows - a.flows);

/** How long after a merge its drops are looked for as its own. */
const WATCHED = 14 * DAY;
/** What was dropped this long before it already is not new. */
const BEFORE = 7 * DAY;

const connection = (edge: Edge, direction: Direction | null): string =>
  [edge.source.id, edge.destination.id, edge.port, edge.protocol, direction].join(" ");

const LOCKED: readonly Stage[] = ["enforced", "signed-off", "adopted"];

/** Looks at every rollout that merged something lately; the allows count too, because their DNS rule redirects at once. */
export const watchDrops = async (
  { placed, pullRequests, now }: Pick<Survey, "placed" | "pullRequests" | "now">,
  evidence: EvidenceReader,
): Promise<readonly DropWatch[]> => {
  const found: DropWatch[] = [];
  for (const { namespace, stage } of placed) {
    if (stage === "rolled-back") continue;
    const branches = [branchOf(namespace), repairBranchOf(namespace), defaultDenyBranchOf(namespace)];
    const merges = pullRequests
      .filter((pr) => branches.includes(pr.branch) && (pr.mergedAt ?? 0) > now - WATCHED)
      .sort((a, b) => (b.mergedAt ?? 0) - (a.mergedAt ?? 0));
    const [last] = merges;
    const since = last?.mergedAt ?? null;
    if (last === undefined || since === null) continue;
    const fresh = dropsSince(await evidence.edges({ namespace, window: { from: since, to: now } }), namespace, since);
    if (fresh.length === 0) continue;
    const earlier = await evidence.edges({ namespace, window: { from: since - BEFORE, to: since - 1 } });
    const old = new Set(
      dropsSince(earlier, namespace, 0)
        .filter((d) => d.lastSeen < since)
        .map((d) => connection(d.edge, d.direction)),
    );
    const drops = fresh.filter((d) => !old.has(connection(d.edge, d.direction)));
    if (drops.length > 0)
      found.push({ namespace, locked: LOCKED.includes(stage), pullRequest: last.number, since, drops });
  }
  return found;
};

const rowsOf = ({ drops }: DropWatch): DropReport["drops"] =>
  drops.map(({ edge, direction, flows, lastSeen }) => ({
    source: edge.source.id,
    destination: edge.destination.id,
    port: edge.port,
    protocol: edge.protocol,
    direction,
    flows,
    lastSeen: iso(lastSeen),
  }));

const remedyOf = ({ namespace, locked, pullRequest }: DropWatch): string =>
  locked
    ? `Roll it back: network-operator rollback ${namespace}. Or allow what is missing: network-operator ask "repair ${namespace}".`
    : `Nothing is locked yet: revert pull request #${pullRequest}, whose DNS rule redirects from its merge on, or allow what is missing.`;

/** For people and for whoever reads JSON. */
export const dropReport = (watch: DropWatch): DropReport => ({
  namespace: watch.namespace,
  since: iso(watch.since),
  pullRequest: watch.pullRequest,
  drops: rowsOf(watch),
  remedy: remedyOf(watch),
});
