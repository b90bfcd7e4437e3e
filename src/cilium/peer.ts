import type { LabelSet } from "../facts/labels.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Peer } from "../facts/verdict.ts";
import { containsAddress, overlaps, parseAddress, type Prefix } from "./cidr.ts";
import { patternMatches } from "./fqdn.ts";
import { Identity } from "./identity.ts";
import { type CidrTerm, type Match, NO, ON_PAPER, type PeerMatch, UNKNOWN, YES } from "./model.ts";
import { type Selector, selects } from "./selector.ts";

/** A peer that was asked about, with the answers of every peer selector it met. */
export interface KnownPeer {
  /** Null: the flow does not say who it was. */
  readonly identity: Identity | null;
  readonly ip: Prefix | null;
  readonly names: readonly string[] | null;
  readonly exact: boolean;
  /** By peer selector; 0 is not asked yet. */
  readonly answers: Uint8Array;
}

const isAddressable = (identity: Identity, settings: CiliumSettings): boolean =>
  identity.isWorld || (identity.isNode && settings.cidrMatchesNodes);

const matchTerm = (term: CidrTerm, peer: KnownPeer, settings: CiliumSettings): Match => {
  const { identity, ip } = peer;
  if (identity === null) {
    const outside = term.kind === "prefix" && ip !== null && !containsAddress(term.prefix, ip);
    return outside ? NO : UNKNOWN;
  }
  if (term.kind === "world") return identity.has("reserved", term.label) ? YES : NO;
  if (!peer.exact && ip !== null && isAddressable(identity, settings)) {
    return containsAddress(term.prefix, ip) ? YES : NO;
  }
  for (const own of identity.cidrs) if (own.bits >= term.prefix.bits && containsAddress(term.prefix, own)) return YES;
  if (peer.exact || !isAddressable(identity, settings)) return NO;
  // The recorded label is the longest prefix that policies named then; a longer one named now may hold the address.
  if (identity.cidrs.length > 0) return identity.cidrs.some((own) => overlaps(own, term.prefix)) ? UNKNOWN : NO;
  return UNKNOWN;
};

const matchCidr = (match: PeerMatch & { kind: "cidr" }, peer: KnownPeer, settings: CiliumSettings): Match => {
  let out = matchTerm(match.include, peer, settings);
  for (const except of match.except) {
    if (out === NO) return NO;
    const taken = matchTerm(except, peer, settings);
    if (taken === YES) return NO;
    if (taken === UNKNOWN) out = UNKNOWN;
  }
  return out;
};

const matchGroup = (match: PeerMatch & { kind: "cidr-group" }, peer: KnownPeer, settings: CiliumSettings): Match => {
  const { identity } = peer;
  if (identity !== null && peer.exact) {
    const out = match.except.some((term) => matchTerm(term, peer, settings) === YES);
    return !out && selects(match.selector, identity) ? YES : NO;
  }
  if (match.members === null) return UNKNOWN;
  const answers = match.members.map((m) => decide(m, peer, settings));
  if (answers.includes(YES)) return YES;
  return answers.includes(UNKNOWN) ? UNKNOWN : NO;
};

const matchFqdn = (name: string, peer: KnownPeer, settings: CiliumSettings): Match => {
  const { identity, names } = peer;
  if (identity?.fqdns.has(name) === true) return YES;
  if (peer.exact || identity?.isWorld === false) return NO;
  if (names === null) return UNKNOWN;
  if (!names.some((asked) => patternMatches(name, asked, settings.version))) return NO;
  return identity === null ? UNKNOWN : ON_PAPER;
};

const WHOLE_WORLD = new Identity(["reserved:world"]);

/** 1.17 with both families gives what it finds for the world as a whole to the world of each family as well. */
const selectsSplitWorld = (selector: Selector, identity: Identity, { version, ipv4, ipv6 }: CiliumSettings): boolean =>
  version === "1.17" && ipv4 && ipv6 && identity.isFamilyWorld && selects(selector, WHOLE_WORLD);

const decide = (match: PeerMatch, peer: KnownPeer, settings: CiliumSettings): Match => {
  if (match.kind === "unresolved") return UNKNOWN;
  if (match.kind === "cidr") return matchCidr(match, peer, settings);
  if (match.kind === "cidr-group") return matchGroup(match, peer, settings);
  if (match.kind === "fqdn") return matchFqdn(match.name, peer, settings);
  if (peer.identity === null) return match.selector.requirements.length === 0 ? YES : UNKNOWN;
  if (!selects(match.selector, peer.identity) && !selectsSplitWorld(match.selector, peer.identity, settings)) return NO;
  return match.doubt === undefined || peer.exact ? YES : UNKNOWN;
};

/** What an unknown match would need. */
const missingFor = (match: PeerMatch, peer: KnownPeer): string => {
  if (match.kind === "unresolved") return match.missing;
  if (match.kind === "cidr-group" && match.members === null) return match.missing;
  if (peer.identity === null) return "the peer's identity labels";
  if (match.kind === "labels") return match.doubt ?? "the peer's identity labels";
  if (match.kind === "cidr" || match.kind === "cidr-group") return "the peer's address, for a CIDR rule";
  return "the names that were asked for the peer's address, for a toFQDNs rule";
};

/** Peers with an address or names are many; those without are as few as identities. */
const MOST_ADDRESSED = 4096;

/** The peer selectors of a policy set, each once, and the peers that were asked about. */
export class PeerTable {
  readonly #settings: CiliumSettings;
  readonly #matches: PeerMatch[] = [];
  readonly #ids = new Map<string, number>();
  readonly #identities = new Map<string, Identity>();
  readonly #bySet = new WeakMap<LabelSet, Identity>();
  readonly #plain = new Map<Identity, KnownPeer>();
  readonly #exact = new Map<Identity, KnownPeer>();
  readonly #addressed = new Map<string, KnownPeer>();
  readonly #numbers = new Map<Identity, number>();

  constructor(settings: CiliumSettings) {
    this.#settings = settings;
  }

  /** Interns a peer selector. All must be interned before the first peer is asked about. */
  intern(match: PeerMatch): number {
    let id = this.#ids.get(match.text);
    if (id === undefined) {
      id = this.#matches.length;
      this.#matches.push(match);
      this.#ids.set(match.text, id);
    }
    return id;
  }

  identity(labels: LabelSet): Identity {
    let identity = this.#bySet.get(labels);
    if (identity !== undefined) return identity;
    const key = labels.join("\n");
    identity = this.#identities.get(key);
    if (identity === undefined) {
      identity = new Identity(labels);
      this.#identities.set(key, identity);
      this.#numbers.set(identity, this.#numbers.size);
    }
    this.#bySet.set(labels, identity);
    return identity;
  }

  #make(identity: Identity | null, peer: Peer): KnownPeer {
    return {
      identity,
      ip: typeof peer.ip === "string" ? parseAddress(peer.ip) : null,
      names: peer.names ?? null,
      exact: peer.exact === true,
      answers: new Uint8Array(this.#matches.length),
    };
  }

  peer(peer: Peer): KnownPeer {
    const recorded = peer.labels === null ? null : this.identity(peer.labels);
    const identity = recorded?.isUnknown === true ? null : recorded;
    if (identity !== null) {
      const kept = peer.exact === true ? this.#exact : this.#plain;
      const addressless = typeof peer.ip !== "string" && (peer.names ?? null) === null;
      if (peer.exact === true || addressless || !isAddressable(identity, this.#settings)) {
        let known = kept.get(identity);
        if (known === undefined) {
          known = this.#make(identity, { ...peer, ip: null, names: null });
          kept.set(identity, known);
        }
        return known;
      }
    }
    const number = identity === null ? -1 : (this.#numbers.get(identity) ?? -1);
    const key = `${number} ${peer.ip ?? ""} ${peer.names?.join(" ") ?? "?"}`;
    let known = this.#addressed.get(key);
    if (known === undefined) {
      if (this.#addressed.size >= MOST_ADDRESSED) this.#addressed.clear();
      known = this.#make(identity, peer);
      this.#addressed.set(key, known);
    }
    return known;
  }

  match(id: number, peer: KnownPeer): number {
    const answer = peer.answers[id];
    if (answer !== undefined && answer !== 0) return answer;
    const match = this.#matches[id];
    const decided = match === undefined ? UNKNOWN : decide(match, peer, this.#settings);
    peer.answers[id] = decided;
    return decided;
  }

  missing(id: number, peer: KnownPeer): string {
    const match = this.#matches[id];
    return match === undefined ? "the peer selector" : missingFor(match, peer);
  }

  text(id: number): string {
    return this.#matches[id]?.text ?? "";
  }
}
