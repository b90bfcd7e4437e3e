import type { RuleView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

/** These two empty lists are read as absent, so they do not select nobody (C A.7). */
const READ_AS_ABSENT: readonly string[] = ["toFQDNs", "toServices"];

/** Without ports and peers a deny only turns default deny on (C A.6.1), and `enableDefaultDeny: false` takes that back. */
const locksNothing = (rule: RuleView): boolean => rule.deny && rule.bare && rule.spec.additive[rule.direction];

const reasonOf = (rule: RuleView): string | null => {
  const empty = rule.emptyPeers.filter((key) => !READ_AS_ABSENT.includes(key));
  const [key] = empty;
  if (key !== undefined && rule.peers.length === 0) return `\`${key}: []\` selects nobody`;
  if (rule.ports !== null && rule.ports.length === 0 && !rule.icmp)
    return "its `ports` list is empty, and an empty list is no port at all";
  if (!rule.bare) return null;
  if (rule.spec.additive[rule.direction])
    return "an empty rule names no peer and no port, and `enableDefaultDeny` is false, so it does nothing at all";
  if (/allow/i.test(rule.policy.ref.name) && !/deny|lock/i.test(rule.policy.ref.name))
    return "an empty rule allows nothing in a Cilium policy: it turns default deny on (in a Kubernetes NetworkPolicy the same words allow everything)";
  return null;
};

export const ruleAllowsNothing: Rule = {
  id: "rule-allows-nothing",
  severity: "warning",
  lesson: 17,
  about:
    "The rule reads like an allow and allows nothing, or like a lock and locks nothing: an empty peer list, an empty port list, an empty rule.",
  remedy: "Name the peers and ports that were meant, or remove the rule.",
  *check(context) {
    for (const rule of context.rules) {
      if (locksNothing(rule))
        yield inRule(rule, {
          message: `\`${rule.direction}Deny: [{}]\` only turns default deny on, and \`enableDefaultDeny: {${rule.direction}: false}\` takes that back: these pods are not locked. Remove one of the two`,
          key: ["locks nothing"],
        });
      if (rule.deny) continue;
      const reason = reasonOf(rule);
      if (reason === null) continue;
      yield inRule(rule, {
        message: `This ${rule.direction} rule allows nothing: ${reason}. Name who and which ports, or remove it`,
        key: [reason],
      });
    }
  },
};
