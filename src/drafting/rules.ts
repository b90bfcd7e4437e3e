import type { Direction, Protocol } from "../facts/verdict.ts";
import { type RulePeer, rulePeerId, type Wide } from "./generalise.ts";
import { byText, type Entity, type Need } from "./need.ts";

export interface RulePort {
  readonly port: number;
  readonly protocol: Exclude<Protocol, "ICMPv4" | "ICMPv6" | "VRRP" | "IGMP">;
}

/** One rule of a policy before it is text. Exactly one of `ports` and `icmps` has entries (C B.6.5). */
export interface Rule {
  readonly direction: Direction;
  /** One far end, or several names or addresses that share their ports. */
  readonly peers: readonly RulePeer[];
  readonly ports: readonly RulePort[];
  readonly icmps: readonly { readonly family: "IPv4" | "IPv6"; readonly type: number }[];
  readonly needs: readonly Need[];
  readonly costs: readonly string[];
  readonly reasons: readonly string[];
}

const isPortProtocol = (protocol: Protocol): protocol is RulePort["protocol"] =>
  protocol === "TCP" || protocol === "UDP" || protocol === "SCTP";

const unique = (texts: readonly (string | null)[]): readonly string[] =>
  [...new Set(texts.filter((t) => t !== null))].sort(byText);

const portsOf = (needs: readonly Need[]): readonly RulePort[] => {
  const found = new Map<string, RulePort>();
  for (const { port, protocol } of needs)
    if (isPortProtocol(protocol)) found.set(`${protocol} ${port}`, { port, protocol });
  return [...found.values()].sort((a, b) => byText(a.protocol, b.protocol) || a.port - b.port);
};

const icmpsOf = (needs: readonly Need[]): Rule["icmps"] => {
  const found = new Map<string, Rule["icmps"][number]>();
  for (const { port, protocol } of needs)
    if (protocol === "ICMPv4" || protocol === "ICMPv6")
      found.set(`${protocol} ${port}`, { family: protocol === "ICMPv4" ? "IPv4" : "IPv6", type: port });
  return [...found.values()].sort((a, b) => byText(a.family, b.family) || a.type - b.type);
};

const rule = (direction: Direction, peers: readonly RulePeer[], wides: readonly Wide[]): Rule => {
  const needs = wides.map((w) => w.need);
  return {
    direction,
    peers,
    ports: portsOf(needs),
    icmps: icmpsOf(needs),
    needs,
    costs: unique(wides.map((w) => w.cost)),
    reasons: unique(wides.map((w) => w.reason)),
  };
};

const shape = (r: Rule): string => JSON.stringify([r.direction, r.ports, r.icmps]);

const kindOf = (r: Rule): RulePeer["kind"] | undefined => r.peers[0]?.kind;

/** Names, and addresses, that share their ports are one rule: an entry more in a list that people read anyway. */
const joinLists = (rules: readonly Rule[]): readonly Rule[] => {
  const out: Rule[] = [];
  const lists = new Map<string, Rule>();
  for (const r of rules) {
    const kind = kindOf(r);
    if (kind !== "name" && kind !== "cidr" && kind !== "range") {
      out.push(r);
      continue;
    }
    const key = `${kind === "name" ? "name" : "cidr"} ${shape(r)}`;
    const other = lists.get(key);
    const joined: Rule =
      other === undefined
        ? r
        : {
            ...other,
            peers: [...other.peers, ...r.peers],
            needs: [...other.needs, ...r.needs],
            costs: unique([...other.costs, ...r.costs]),
            reasons: unique([...other.reasons, ...r.reasons]),
          };
    if (other === undefined) out.push(joined);
    else out.splice(out.indexOf(other), 1, joined);
    lists.set(key, joined);
  }
  return out;
};

const ENTITY_ORDER: readonly Entity[] = [
  "world",
  "kube-apiserver",
  "host",
  "remote-node",
  "ingress",
  "health",
  "init",
  "unmanaged",
];

/** The world going out is a choice with a price, and stands on its own; every other entity is a place of the cluster. */
const joins = ({ peer, need }: Wide): boolean =>
  peer.kind === "entities" && (need.direction === "ingress" || !peer.entities.includes("world"));

/** On one port, entities are one list: who may come as a node and who as the world need not be told twice. */
const joinEntities = (wides: readonly Wide[]): readonly Wide[] => {
  const all = new Map<string, Set<Entity>>();
  const portOf = ({ need }: Wide): string => `${need.direction} ${need.protocol} ${need.port}`;
  for (const wide of wides)
    if (wide.peer.kind === "entities" && joins(wide))
      for (const entity of wide.peer.entities)
        all.set(portOf(wide), (all.get(portOf(wide)) ?? new Set<Entity>()).add(entity));
  return wides.map((wide) => {
    const joined = joins(wide) ? all.get(portOf(wide)) : undefined;
    if (joined === undefined) return wide;
    return { ...wide, peer: { kind: "entities", entities: ENTITY_ORDER.filter((e) => joined.has(e)) } };
  });
};

/** The rules of one endpoint selector, in an order that depends on nothing but what they say. */
export const rulesOf = (wides: readonly Wide[]): readonly Rule[] => {
  const rules: Rule[] = [];
  for (const direction of ["ingress", "egress"] as const) {
    const own = joinEntities(wides.filter((w) => w.need.direction === direction));
    for (const icmp of [false, true]) {
      const some = own.filter((w) => isPortProtocol(w.need.protocol) !== icmp);
      const byPeer = Map.groupBy(some, (w) => rulePeerId(w.peer));
      for (const [, group] of [...byPeer].sort(([a], [b]) => byText(a, b))) {
        const peer = group[0]?.peer;
        if (peer !== undefined) rules.push(rule(direction, [peer], group));
      }
    }
  }
  return joinLists(rules);
};
