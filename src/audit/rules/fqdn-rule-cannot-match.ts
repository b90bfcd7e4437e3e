import type { Severity } from "../../facts/finding.ts";
import { wouldAllow } from "../consequences.ts";
import type { Context } from "../context.ts";
import { besides, ruleCovers } from "../coverage.ts";
import { isClusterName, isWholeHost, labelsOf } from "../hostnames.ts";
import type { PeerView, RuleView } from "../policy-view.ts";
import type { Fix, Rule } from "../rule.ts";
import { place, relatedAt } from "../rule.ts";
import { findAutopath } from "../../facts/autopath.ts";
import { inRule, list } from "./shared.ts";

const ID = "fqdn-rule-cannot-match";

type Fqdn = Extract<PeerView, { kind: "fqdn" }>;

const isFqdn = (peer: PeerView): peer is Fqdn => peer.kind === "fqdn";

/** Names with as many dots as `ndots` (5 in a pod) are asked as they are, before any search domain. */
const isAskedAsWritten = (peer: Fqdn): boolean => labelsOf(peer.name).length > 5;

interface Inert {
  readonly why: string;
  readonly remedy: string;
  /** Another entry already says what this one was meant to say, so it can simply go. */
  readonly spare: boolean;
}

/** Why one entry can match no name that is ever asked, whatever the resolver does. */
const inertBy = (peer: Fqdn, rule: RuleView, context: Context): Inert | null => {
  const { name } = peer;
  if (name.endsWith(".*")) {
    const host = name.slice(0, -2);
    const sibling = rule.peers.some((p) => isFqdn(p) && p.name === host);
    if (sibling || isWholeHost(host))
      return {
        why: `\`${name}\` is ${host} and exactly one label more; no such name exists, and a search domain adds several`,
        remedy: sibling ? "Remove it" : `Write \`${host}\``,
        spare: sibling,
      };
  }
  if (isClusterName(name, context.facts))
    return {
      why: `\`${name}\` is a name of the cluster's own zone; its address is translated to a pod before policy, and a pod is never an FQDN`,
      remedy: "Write toEndpoints with the pods' labels and their container port",
      spare: false,
    };
  if (name.startsWith("**.") && (context.settings.version === "1.17" || context.settings.version === "1.18"))
    return {
      why: `\`**\` means one label in Cilium ${context.settings.version}`,
      remedy: "List the depths, or upgrade to 1.19",
      spare: false,
    };
  return null;
};

/** World on the same ports beside it: the traffic flows, the narrowing does not exist. */
const isCovered = (context: Context, rule: RuleView, peer: Fqdn): boolean =>
  [rule, ...besides(context, rule)].some((other) =>
    other.peers.some((p) => p.kind !== "fqdn" && ruleCovers({ ...other, peers: [p] }, peer, rule.ports)),
  );

export const fqdnCannotMatch: Rule = {
  id: ID,
  severity: "error",
  lesson: 12,
  about:
    "toFQDNs matches the name that was asked. Autopath makes every pod ask a longer one; `X.*` adds exactly one label; a name of the cluster resolves to a pod. Such a rule opens nothing.",
  remedy:
    "Turn autopath off; write the asked name; for pods write toEndpoints; where no name is known to match, world and the port, with a comment.",
  *check(context) {
    const autopath = findAutopath(context.inventory, context.facts);
    for (const rule of context.rules) {
      const peers = rule.peers.filter(isFqdn);
      if (peers.length === 0) continue;
      const blinded = autopath === null ? [] : peers.filter((p) => !isAskedAsWritten(p) && p.name !== "*");
      if (autopath !== null && blinded.length > 0) {
        const severity: Severity = blinded.every((p) => isCovered(context, rule, p)) ? "warning" : "error";
        yield inRule(rule, {
          path: [...rule.path, "toFQDNs"],
          severity,
          message: `${list(blinded.map((p) => `\`${p.name}\``))} can never match: CoreDNS autopath answers the search-domain form of the name, and toFQDNs sees only what was asked. Turn autopath off, or allow world on these ports with a comment`,
          key: ["autopath", ...blinded.map((p) => p.name).sort()],
          explains: wouldAllow(rule, {}),
          cause: autopath.origin === null ? null : { rule: ID, at: place(autopath.origin) },
          related: relatedAt(autopath.origin, "CoreDNS autopath is on here"),
        });
      }
      for (const peer of peers) {
        const inert = inertBy(peer, rule, context);
        if (inert === null || (autopath !== null && !isClusterName(peer.name, context.facts))) continue;
        const fix: Fix | null = inert.spare
          ? { text: "Remove the entry", edits: [{ kind: "remove", at: rule.policy.locate(peer.path) }] }
          : null;
        yield inRule(rule, {
          path: peer.path,
          severity: isCovered(context, rule, peer) ? "info" : inert.spare ? "warning" : "error",
          message: `${inert.why}. ${inert.remedy}`,
          key: ["inert", peer.form, peer.name],
          explains: wouldAllow(rule, {}),
          fix,
        });
      }
    }
  },
};
