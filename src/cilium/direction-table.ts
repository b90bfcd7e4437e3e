import type { RuleRef } from "../facts/policy.ts";
import type { Endpoint, Protocol } from "../facts/verdict.ts";
import type { PeerMatch, PolicyRule, Redirect } from "./model.ts";
import type { PeerTable } from "./peer.ts";
import { portRange } from "./ports.ts";

/** Every peer, without asking. */
export const ANYONE = -1;

/** One rule, one peer selector, one port range: what a verdict is looked up in. */
export interface Entry {
  readonly rule: PolicyRule;
  readonly peer: number;
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
  readonly name: string | null;
  readonly endPort: number;
  readonly filed: number;
  readonly redirect: Redirect | null;
}

const PROTOCOL_NUMBERS = {
  TCP: 0,
  UDP: 1,
  SCTP: 2,
  ICMPv4: 3,
  ICMPv6: 4,
  VRRP: 5,
  IGMP: 6,
} as const satisfies Record<Protocol, number>;

const keyOf = (protocol: Protocol, port: number): number => PROTOCOL_NUMBERS[protocol] * 65_536 + port;

const NONE: readonly Entry[] = [];

/** Entries of one action, found by protocol and port. */
export class EntryIndex {
  readonly all: Entry[] = [];
  readonly #exact = new Map<number, Entry[]>();
  readonly ranges: Entry[] = [];
  readonly named: Entry[] = [];

  add(entry: Entry, everyPort: boolean): void {
    if (everyPort) this.all.push(entry);
    else if (entry.name !== null) this.named.push(entry);
    else if (entry.first !== entry.last) this.ranges.push(entry);
    else {
      const key = keyOf(entry.protocol, entry.first);
      const list = this.#exact.get(key);
      if (list === undefined) this.#exact.set(key, [entry]);
      else list.push(entry);
    }
  }

  exact(protocol: Protocol, port: number): readonly Entry[] {
    return this.#exact.get(keyOf(protocol, port)) ?? NONE;
  }

  *entries(): Generator<Entry> {
    yield* this.all;
    for (const list of this.#exact.values()) yield* list;
    yield* this.ranges;
    yield* this.named;
  }
}

/** What a port name stands for at one endpoint: a port, nothing, or not known. */
export const resolveName = (
  name: string,
  protocol: Protocol,
  ports: Endpoint["namedPorts"],
): number | null | undefined => {
  if (ports === undefined) return undefined;
  const found = Object.hasOwn(ports, name) ? ports[name] : undefined;
  if (found === undefined || found.port === 0) return null;
  return found.protocol === null || found.protocol === protocol ? found.port : null;
};

export const coversNamed = (entry: Entry, resolved: number, port: number): boolean => {
  const range = portRange(resolved, entry.endPort);
  return port >= range.first && port <= range.last;
};

/** All rules of one direction that select one subject. */
export interface DirectionTable {
  readonly deny: EntryIndex;
  readonly allow: EntryIndex;
  readonly defaultDeny: boolean;
  readonly defaultDenyBy: readonly RuleRef[];
  /** Why Cilium cannot compute the endpoint's policy at all, or null (C C.1, last paragraph). */
  readonly conflict: string | null;
}

/** Entity `all` and no peers at all are one selector to the agent. */
const isEverybody = (match: PeerMatch): boolean =>
  match.kind === "labels" && match.selector.requirements.length === 0 && match.doubt === undefined;

/** A rule with its entries, shared by all subjects that it selects. */
export class CompiledRule {
  readonly rule: PolicyRule;
  readonly #peers: readonly number[];
  #entries: readonly Entry[] | null = null;

  constructor(rule: PolicyRule, peers: PeerTable) {
    this.rule = rule;
    this.#peers =
      rule.peers === "every" ? [ANYONE] : rule.peers.map((m) => (isEverybody(m) ? ANYONE : peers.intern(m)));
  }

  get entries(): readonly Entry[] {
    this.#entries ??= this.#peers.flatMap((peer) => entriesOf(this.rule, peer));
    return this.#entries;
  }
}

const entriesOf = (rule: PolicyRule, peer: number): readonly Entry[] => {
  if (rule.ports === "every") {
    return [{ rule, peer, protocol: "TCP", first: 0, last: 65_535, name: null, endPort: 0, filed: 0, redirect: null }];
  }
  return rule.ports.map(({ match, redirect }) => ({ rule, peer, ...match, redirect }));
};

/** Two L7 parsers, two kinds of authentication or two listeners on one peer and port cannot be merged (C C.1). */
const clash = (entries: readonly Entry[]): string | null => {
  const redirects = entries.flatMap((e) => (e.redirect === null ? [] : [e.redirect]));
  const parsers = new Set(redirects.map((r) => r.parser));
  const others = [...parsers].filter((p) => p !== "tls");
  if (others.length > 1) return `L7 parsers ${others.sort().join(" and ")}`;
  if (parsers.has("tls") && (others[0] === "dns" || others[0] === "crd")) return `L7 parsers tls and ${others[0]}`;
  const auth = new Set(entries.flatMap((e) => (e.rule.authentication === null ? [] : [e.rule.authentication])));
  if (auth.size > 1) return `authentication modes ${[...auth].sort().join(" and ")}`;
  const wanted = redirects.filter((r) => r.listener !== null);
  const best = Math.min(...wanted.map((r) => r.priority));
  if (new Set(wanted.filter((r) => r.priority === best).map((r) => r.listener)).size > 1) return "listeners";
  const sni = redirects.some((r) => r.hasServerNames);
  if (sni && redirects.some((r) => r.hasRules) && !redirects.some((r) => r.terminatesTls)) {
    return "server names and L7 rules without TLS termination";
  }
  return null;
};

const findConflict = (index: EntryIndex): string | null => {
  const groups = new Map<string, Entry[]>();
  for (const entry of index.entries()) {
    if (entry.redirect === null && entry.rule.authentication === null) continue;
    const ports = `${entry.protocol} ${entry.first} ${entry.last} ${entry.endPort} ${entry.name ?? ""}`;
    const key = `${entry.peer} ${entry.rule.ports === "every" ? "every" : ports}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [entry]);
    else group.push(entry);
  }
  for (const group of groups.values()) {
    const found = group.length > 1 ? clash(group) : null;
    if (found === null) continue;
    const names = [...new Set(group.map((e) => e.rule.ref.policy.name))].sort().join(", ");
    return `conflicting ${found} for one peer and port in ${names}: the agent cannot compute this endpoint's policy and keeps its old one`;
  }
  return null;
};

/**
 * A port in another spelling than plain decimal (`010`, `8_080`) is filed under another number than it opens. Where that number
 * is somebody's port, the agent merges the two, and which one it keeps is chance.
 */
const findMixUp = (indexes: readonly EntryIndex[]): string | null => {
  const odd = new Set<string>();
  const opened = new Map<string, Set<number>>();
  for (const entry of indexes.flatMap((index) => [...index.entries()])) {
    if (entry.name !== null || entry.rule.ports === "every") continue;
    const key = `${entry.protocol} ${entry.filed} ${entry.endPort}`;
    if (entry.filed !== entry.first) odd.add(key);
    const ports = opened.get(key);
    if (ports === undefined) opened.set(key, new Set([entry.first]));
    else ports.add(entry.first);
  }
  const mixed = [...odd].find((key) => (opened.get(key)?.size ?? 0) > 1);
  return mixed === undefined
    ? null
    : "conflicting spellings of a port: the agent takes one for another; write ports in plain decimal";
};

/** `forced`: default deny whatever the rules say (`enable-policy=always`, `reserved:init`; C A.8). */
export const buildDirection = (rules: readonly CompiledRule[], forced: boolean): DirectionTable => {
  const deny = new EntryIndex();
  const allow = new EntryIndex();
  const by: RuleRef[] = [];
  let odd = false;
  for (const compiled of rules) {
    const { rule } = compiled;
    if (rule.defaultDeny) by.push(rule.ref);
    const index = rule.action === "deny" ? deny : allow;
    for (const entry of compiled.entries) {
      index.add(entry, rule.ports === "every");
      odd ||= entry.filed !== entry.first && entry.name === null;
    }
  }
  return {
    deny,
    allow,
    defaultDeny: forced || by.length > 0,
    defaultDenyBy: by,
    conflict: findConflict(allow) ?? (odd ? findMixUp([deny, allow]) : null),
  };
};
