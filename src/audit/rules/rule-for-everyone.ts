import { portText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

const READ_AS_ABSENT: readonly string[] = ["toFQDNs", "toServices"];

export const ruleForEveryone: Rule = {
  id: "rule-for-everyone",
  severity: "warning",
  lesson: 14,
  about:
    "A rule with ports and no peer means every peer: pods, nodes and the world. An empty `toFQDNs` or `toServices` list counts as no peer.",
  remedy: "Name the peers; if everyone is meant, write `fromEntities: [all]`, so that the next reader sees it.",
  *check(context) {
    for (const rule of context.rules) {
      if (rule.deny || rule.ports === null || rule.ports.length === 0 || rule.peers.length > 0) continue;
      const empty = rule.emptyPeers.filter((key) => READ_AS_ABSENT.includes(key));
      if (!rule.everyone && empty.length === 0) continue;
      if (rule.emptyPeers.length > empty.length) continue;
      const [key] = empty;
      yield inRule(rule, {
        severity: key === undefined ? "info" : "warning",
        message:
          key === undefined
            ? `This rule names ports (${portText(rule.ports)}) and no peer, which means everyone: pods, nodes and the world. Name the peers, or write the entity \`all\``
            : `\`${key}: []\` is read as if it were not there, so ${portText(rule.ports)} is open to everyone. Name the peers, or remove the rule`,
        key: [key ?? "no peer", portText(rule.ports)],
      });
    }
  },
};
