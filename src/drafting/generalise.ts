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
  /** What it would admit besides, in words; `{ports}` stands for those of its rule. Null: nothing. */
  readonly cost: string | null;
  readonly reason: string | null;
}

interface Limits {
  /** Names on one port before the port is opened to the world. */
  readonly names: number;
  /** Addresses of one /24 on one port before the /24 is. */
  readonly devices: number;
  /** Workloads of one namespace on one port before all pods of it are. */
  readonly pods: number;
  /** Namespaces and single workloads on one port before every pod of the cluster is. */
  readonly peers: number;
}

const LIMITS: Readonly<Record<Variant, Limits>> = {
  tight: { names: 200, devices: 200, pods: 200, peers: 200 },
  normal: { names: 12, devices: 4, pods: 24, peers: 40 },
  wide: { names: 2, devices: 1, pods: 3, peers: 6 },
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

/** Where one port has so many workloads at its far end that nobody would read them one by one: a whole namespace, or all. */
const crowdsOf = (
  group: readonly Need[],
  inventory: Pick<Inventory, "workloads">,
  limits: Limits,
): ReadonlyMap<string, (need: Need) => Wide> => {
  const peers = new Map<string, Set<string>>();
  for (const { peer } of group)
    if (peer.kind === "pods") peers.set(peer.namespace, (peers.get(peer.namespace) ?? new Set()).add(peerId(peer)));
  const found = new Map<string, (need: Need) => Wide>();
  const crowd = (namespace: string | null, seen: number) => {
    const all = inventory.workloads.filter((w) => namespace === null || w.namespace === namespace).length;
    const cost = `${Math.max(0, all - seen)} more workloads ${namespace === null ? "of the cluster" : `of ${namespace}`}`;
    return (need: Need): Wide => ({
      need,
      peer: { kind: "all-pods", namespace },
      cost: all > seen ? cost : null,
      reason: `${seen} workloads on one port`,
    });
  };
  const sizes = [...peers].map(([namespace, ids]) => [namespace, ids.size] as const);
  const entries = sizes.reduce((sum, [, n]) => sum + (n > limits.pods ? 1 : n), 0);
  const everybody = sizes.reduce((sum, [, n]) => sum + n, 0);
  for (const [namespace, n] of sizes)
    if (entries > limits.peers) found.set(namespace, crowd(null, everybody));
    else if (n > limits.pods) found.set(namespace, crowd(namespace, n));
  return found;
};

/** One workload, one direction: needs that are too many to be read one by one become fewer, each with its cost. */
const generaliseOne = (
  needs: readonly Need[],
  subject: WorkloadFact,
  inventory: Pick<Inventory, "workloads">,
  limits: Limits,
): readonly Wide[] => {
  const images = subject.containers.flatMap((c) => (c.image === null ? [] : [c.image]));
  // A Job that is named after such a tool does something for it, and is another program.
  const wanders = fansOut(subject.transient ? images : [subject.name, ...images]);
  const out: Wide[] = [];
  for (const [, group] of Map.groupBy(needs, (n) => `${n.direction} ${port(n)}`)) {
    const names = group.filter((n) => n.peer.kind === "name");
    const devices = group.filter((n) => n.peer.kind === "cidr");
    const crowds = crowdsOf(group, inventory, limits);
    const toWorld = group.some((n) => n.direction === "egress" && isOutside(n.peer) && n.peer.kind === "entities");
    const opens = names.length > limits.names || (wanders !== null && group.some((n) => isOutside(n.peer))) || toWorld;
    for (const need of group) {
      const { peer } = need;
      if (need.direction === "egress" && opens && (peer.kind === "name" || peer.kind === "cidr" || isOutside(peer))) {
        // The world holds every address outside, so a rule beside it for one of them would say nothing.
        const many = names.length > limits.names ? `${names.length} names on one port` : null;
        const reason = wanders ?? need.widened ?? many;
        const pattern = wanders !== null || need.pattern === "fan-out" ? "fan-out" : "outside-any";
        const cost = "every address outside the cluster on {ports}";
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
      if (peer.kind === "pods") {
        out.push(crowds.get(peer.namespace)?.(need) ?? plain(need));
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
