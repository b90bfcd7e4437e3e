import { labelSet } from "../facts/labels.ts";
import type { Endpoint, Peer, Protocol } from "../facts/verdict.ts";
import type { Prefix } from "./cidr.ts";
import type { CidrTerm, PolicyRule } from "./model.ts";

/**
 * A finite set of peers and ports that tells two rule sets apart: for what rules can name there is one probe on each side of
 * every border. Pods are those that are given; pods that do not exist yet are nobody's edge.
 */

export interface PortProbe {
  readonly protocol: Protocol;
  readonly port: number;
}

const RESERVED: readonly (readonly string[])[] = [
  ["reserved:host"],
  ["reserved:remote-node"],
  ["reserved:kube-apiserver", "reserved:remote-node"],
  ["reserved:host", "reserved:kube-apiserver"],
  ["reserved:health"],
  ["reserved:ingress"],
  ["reserved:init"],
  ["reserved:unmanaged"],
];

const text = (bytes: readonly number[]): string => {
  if (bytes.length === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return groups.join(":");
};

/** First and last address of a prefix, and the address on either side: no atom of a family of prefixes has none of these. */
const borders = (prefix: Prefix): readonly string[] => {
  const width = BigInt(prefix.bytes.length * 8);
  const host = (1n << (width - BigInt(prefix.bits))) - 1n;
  const value = prefix.bytes.reduce((n, byte) => (n << 8n) | BigInt(byte), 0n);
  const first = value & ~host;
  const last = first | host;
  const limit = (1n << width) - 1n;
  return [first - 1n, first, last, last + 1n].flatMap((n) => {
    if (n < 0n || n > limit) return [];
    return [text(prefix.bytes.map((_, i) => Number((n >> (width - BigInt(8 * (i + 1)))) & 0xffn)))];
  });
};

const prefixesOf = (term: CidrTerm): readonly Prefix[] => (term.kind === "prefix" ? [term.prefix] : []);

const worldLabels = (address: string, dual: boolean): readonly string[] => {
  if (!dual) return labelSet(["reserved:world"]);
  return labelSet([address.includes(":") ? "reserved:world-ipv6" : "reserved:world-ipv4"]);
};

/** An address that documentation keeps free: outside, and in nobody's rules but those about everything. */
const ELSEWHERE = { v4: "192.0.2.1", v6: "2001:db8:ffff::1" } as const;

export const peerProbes = (
  rules: readonly PolicyRule[],
  pods: readonly Endpoint[],
  dualStack: boolean,
): readonly Peer[] => {
  const out: Peer[] = [...pods, ...RESERVED.map((labels) => ({ labels }))];
  const addresses = new Set<string>([ELSEWHERE.v4, ...(dualStack ? [ELSEWHERE.v6] : [])]);
  const names = new Set<string>();
  for (const rule of rules) {
    for (const match of rule.peers === "every" ? [] : rule.peers) {
      if (match.kind === "fqdn") names.add(match.name.replaceAll("*", "x"));
      if (match.kind !== "cidr") continue;
      for (const prefix of [match.include, ...match.except].flatMap(prefixesOf)) {
        for (const address of borders(prefix)) addresses.add(address);
      }
    }
  }
  const world = (ip: string, asked: readonly string[]): Peer => ({
    labels: worldLabels(ip, dualStack),
    ip,
    names: asked,
  });
  for (const ip of addresses) out.push(world(ip, []));
  for (const name of names) out.push(world(ELSEWHERE.v4, [name]));
  return out;
};

/** A port in nobody's rules, for each protocol, unless rules fill them all. */
const SOME_PORT = 50_021;

export const portProbes = (rules: readonly PolicyRule[], named: readonly number[]): readonly PortProbe[] => {
  const out = new Map<string, PortProbe>();
  const add = (protocol: Protocol, port: number): void => {
    if (port >= 1 && port <= 65_535) out.set(`${protocol} ${port}`, { protocol, port });
  };
  for (const protocol of ["TCP", "UDP", "SCTP"] as const) {
    add(protocol, SOME_PORT);
    for (const port of named) add(protocol, port);
  }
  add("ICMPv4", 8);
  add("ICMPv6", 128);
  for (const rule of rules) {
    for (const { match } of rule.ports === "every" ? [] : rule.ports) {
      if (match.name !== null) continue;
      for (const port of [match.first - 1, match.first, match.last, match.last + 1]) add(match.protocol, port);
    }
  }
  return [...out.values()];
};
