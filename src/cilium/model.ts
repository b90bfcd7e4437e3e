import type { PolicyRef, RuleRef } from "../facts/policy.ts";
import type { Direction } from "../facts/verdict.ts";
import type { Prefix } from "./cidr.ts";
import type { PortMatch } from "./ports.ts";
import type { Selector } from "./selector.ts";

/** Three values of a match. The numbers are what the compiled tables hold; 0 is "not asked yet". */
export const NO = 1;
export const YES = 2;
export const UNKNOWN = 3;
/** Yes, but only because of a DNS name that was asked: Cilium itself has not labelled the address (C B.4.3). */
export const ON_PAPER = 4;
export type Match = typeof NO | typeof YES | typeof UNKNOWN | typeof ON_PAPER;

/** A prefix of a CIDR rule; one of length zero means the world of its family (C B.3.4). */
export type CidrTerm =
  | { readonly kind: "prefix"; readonly prefix: Prefix }
  | { readonly kind: "world"; readonly label: "world" | "world-ipv4" | "world-ipv6" };

/** One alternative of a rule's peers. */
export type PeerMatch =
  | {
      readonly kind: "labels";
      readonly selector: Selector;
      /** Patch releases of this minor differ on whether the selector is there at all: what would settle it. */
      readonly doubt?: string;
      readonly text: string;
    }
  | {
      readonly kind: "cidr";
      readonly include: CidrTerm;
      readonly except: readonly CidrTerm[];
      readonly text: string;
    }
  /** Addresses that CIDRGroups hold, asked by the groups' own labels (C B.3.5). */
  | {
      readonly kind: "cidr-group";
      readonly selector: Selector;
      readonly except: readonly CidrTerm[];
      /** The groups that are meant, resolved; null when the cluster's groups are not known. */
      readonly members: readonly PeerMatch[] | null;
      readonly missing: string;
      readonly text: string;
    }
  | { readonly kind: "fqdn"; readonly name: string; readonly text: string }
  /** Something that only a live table could resolve, and no table was given. */
  | { readonly kind: "unresolved"; readonly missing: string; readonly text: string };

/** What the L7 proxy is asked to parse; two kinds on one peer and port cannot be merged (C C.1, last paragraph). */
export interface Redirect {
  readonly parser: string;
  readonly listener: string | null;
  readonly priority: number;
  readonly hasRules: boolean;
  readonly hasServerNames: boolean;
  readonly terminatesTls: boolean;
  /** Equal for equal L7 demands. */
  readonly text: string;
}

export interface RulePort {
  readonly match: PortMatch;
  readonly redirect: Redirect | null;
}

/**
 * The one form that CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy and NetworkPolicy are lowered to: a rule is one
 * element of one section, its subject, and what it matches. Nothing here depends on which kind it came from.
 */
export interface PolicyRule {
  readonly ref: RuleRef;
  readonly direction: Direction;
  readonly action: "allow" | "deny";
  /** Whether this rule turns its direction default-deny for its subjects (C A.5). */
  readonly defaultDeny: boolean;
  readonly subject: {
    readonly selector: Selector;
    /** A nodeSelector: the subject is the host (C A.3.6). */
    readonly node: boolean;
    /** Namespace of the subjects, null when any. */
    readonly namespace: string | null;
  };
  /** `every`: no restriction at L3. An empty list matches nobody. */
  readonly peers: readonly PeerMatch[] | "every";
  /** `every`: all ports and protocols, ICMP included (C B.1.3). An empty list matches nothing. */
  readonly ports: readonly RulePort[] | "every";
  /** `required` and friends: needs mutual authentication as well (C B.6.6). */
  readonly authentication: string | null;
}

/** One policy, lowered. */
export interface LoweredPolicy {
  readonly ref: PolicyRef;
  readonly rules: readonly PolicyRule[];
}
