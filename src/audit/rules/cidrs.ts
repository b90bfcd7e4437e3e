import type { Prefix } from "../../cilium/cidr.ts";
import { parseCidr } from "../../cilium/cidr.ts";
import type { Range } from "../addresses.ts";
import type { Context } from "../context.ts";
import type { PeerView, RuleView } from "../policy-view.ts";
import type { Defect, Related } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { inRule } from "./shared.ts";

type Cidr = Extract<PeerView, { kind: "cidr" }>;

export interface CidrPeer {
  readonly rule: RuleView;
  readonly peer: Cidr;
  readonly prefix: Prefix;
}

/** CIDRs that name something particular; a whole network is a statement about the world, and too-wide's business. */
export function* cidrs(context: Context): Generator<CidrPeer> {
  for (const rule of context.rules)
    for (const peer of rule.peers) {
      if (peer.kind !== "cidr") continue;
      const prefix = parseCidr(peer.cidr);
      if (prefix !== null && prefix.bits > 0) yield { rule, peer, prefix };
    }
}

export const onPort = (rule: RuleView, port: number): boolean =>
  (rule.ports ?? []).some((p) => p.number !== null && p.number <= port && port <= (p.endPort ?? p.number));

export const cidrDefect = (
  { rule, peer }: CidrPeer,
  message: string,
  key: string,
  more: Partial<Defect> = {},
): Defect => ({
  ...inRule(rule, { path: peer.path, message, key: [key, peer.cidr] }),
  ...more,
});

export const says = (range: Range, what: string): readonly Related[] => relatedAt(range.origin, what);
