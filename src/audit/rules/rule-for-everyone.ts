import type { RuleView } from "../policy-view.ts";
import { peerText, portText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

const READ_AS_ABSENT: readonly string[] = ["toFQDNs", "toServices"];

/** The rule directly above names peers and no ports: one dash too many made two rules of one. */
const severedFrom = (rule: RuleView): RuleView | null => {
  const index = rule.path.at(-1);
  const above = rule.spec.rules.find(
    (r) => r.direction === rule.direction && !r.deny && typeof index === "number" && r.path.at(-1) === index - 1,
  );
  return above !== undefined && above.ports === null && above.peers.length > 0 ? above : null;
};

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
      const above = key === undefined ? severedFrom(rule) : null;
      if (above !== null) {
        const peers = above.peers.map(peerText).join(", ");
        yield inRule(rule, {
          message: `These ports (${portText(rule.ports)}) are a rule of their own, open to everyone, and the rule above opens every port to ${peers}: a list item too many. Write toPorts into the rule of its peers`,
          key: ["severed", portText(rule.ports)],
        });
        continue;
      }
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
