import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import { workloadId } from "../facts/who.ts";
import { byText, type Need, peerId, type PeerKey } from "./need.ts";
import { fansOut } from "./patterns.ts";

/** How far rules may stand for more than what was seen. */
export type Variant = "tight" | "normal" | "wide";

/** What a rule's far end became, after generalising. */
export type RulePeer =
  | PeerKey
  /** Every pod of one namespace, or of the cluster (`namespace: null`). */
  | { readonly kind: "all-pods"; readonly namespace: string | null }
  | { readonly kind: "range"; readonly cidr: string };

export interface Wide {
  readonly need: Need;
  readonly peer: RulePeer;
  /** What it would admit besides, in words; null: nothing. */
  readonly cost: string | null;
  readonly reason: string | null;
}

interface Limits {
  /** Names on one port before the port is opened to the world. */
  readonly names: number;
  /** Addresses of one /24 on one port before the /24 is. */
  readonly devices: number;
  /** Workloads on one port before all pods are. */
  readonly pods: number;
}

const LIMITS: Readonly<Record<Variant, Limits>> = {
  tight: { names: 200, devices: 200, pods: 200 },
  normal: { names: 12, devices: 4, pods: 12 },
  wide: { names: 2, devices: 1, pods: 3 },
};

export const rulePeerId = (peer: RulePeer): string => {
  if (peer.kind === "all-pods") return `0 ${peer.namespace ?? "*"}`;
  return peer.kind === "range" ? `3 ${peer.cidr}` : peerId(peer);
};

const slash24 = (cidr: string): string => `${cidr.split("/")[0]?.split(".").slice(0, 3).join(".") ?? ""}.0/24`;

const plain = (need: Need): Wide => ({ need, peer: need.peer, cost: null, reason: need.widened });

const WORLD: PeerKey = { kind: "entities", entities: ["world"] };

const isOutside = (peer: PeerKey): boolean =>
  peer.kind === "name" || (peer.kind === "entities" && peer.entities.length === 1 && peer.entities[0] === "world");

const port = (need: Need): string => `${need.protocol} ${need.port}`;

/** One workload, one direction: needs that are too many to be read one by one become fewer, each with its cost. */
const generaliseOne = (
  needs: readonly Need[],
  subject: WorkloadFact,
  inventory: Pick<Inventory, "workloads">,
  limits: Limits,
): readonly Wide[] => {
  const wanders = fansOut([subject.name, ...subject.containers.flatMap((c) => (c.image === null ? [] : [c.image]))]);
  const out: Wide[] = [];
  for (const [where, group] of Map.groupBy(needs, (n) => `${n.direction} ${port(n)}`)) {
    const names = group.filter((n) => n.peer.kind === "name");
    const devices = group.filter((n) => n.peer.kind === "cidr");
    const pods = group.filter((n) => n.peer.kind === "pods");
    const toWorld = group.some((n) => n.direction === "egress" && isOutside(n.peer) && n.peer.kind === "entities");
    const opens = names.length > limits.names || (wanders !== null && group.some((n) => isOutside(n.peer))) || toWorld;
    for (const need of group) {
      const { peer } = need;
      if (need.direction === "egress" && opens && (peer.kind === "name" || peer.kind === "cidr" || isOutside(peer))) {
        // The world holds every address outside, so a rule beside it for one of them would say nothing.
        const reason =
          wanders ??
          need.widened ??
          (names.length > limits.names
            ? `${names.length} names on one port`
            : "the port is open to the world for another reason");
        const pattern = wanders === null ? "outside-any" : "fan-out";
        const cost = `every address outside the cluster on ${where.split(" ").slice(1).join(" ")}`;
        out.push({ need: { ...need, pattern }, peer: WORLD, cost, reason });
        continue;
      }
      if (peer.kind === "cidr" && !peer.cidr.includes(":")) {
        const range = slash24(peer.cidr);
        const beside = devices.filter((d) => d.peer.kind === "cidr" && slash24(d.peer.cidr) === range).length;
        if (beside > limits.devices) {
          const cost = `${256 - beside} more addresses of ${range}`;
          out.push({ need, peer: { kind: "range", cidr: range }, cost, reason: `${beside} devices of one network` });
          continue;
        }
      }
      if (peer.kind === "pods" && pods.length > limits.pods) {
        const spaces = new Set(pods.map((p) => (p.peer.kind === "pods" ? p.peer.namespace : "")));
        const namespace = spaces.size === 1 ? peer.namespace : null;
        const all = inventory.workloads.filter((w) => namespace === null || w.namespace === namespace).length;
        const cost = `${Math.max(0, all - pods.length)} more workloads ${namespace === null ? "of the cluster" : `of ${namespace}`}`;
        out.push({ need, peer: { kind: "all-pods", namespace }, cost, reason: `${pods.length} workloads on one port` });
        continue;
      }
      out.push(plain(need));
    }
  }
  return out;
};

/** Generalisation under control: how many edges a rule stands for, and what else it would admit. */
export const generalise = (
  needs: readonly Need[],
  inventory: Pick<Inventory, "workloads">,
  variant: Variant,
): readonly Wide[] =>
  [...Map.groupBy(needs, (n) => workloadId(n.subject)).values()]
    .flatMap((group) =>
      group[0] === undefined ? [] : generaliseOne(group, group[0].subject, inventory, LIMITS[variant]),
    )
    .sort((a, b) => byText(rulePeerId(a.peer), rulePeerId(b.peer)));
