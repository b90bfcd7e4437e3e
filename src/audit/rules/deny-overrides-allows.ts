import { wouldAllow } from "../consequences.ts";
import { peerCovers, portsMeet, subjectCovers } from "../coverage.ts";
import type { PeerView, RuleView } from "../policy-view.ts";
import { peerText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { matches } from "../selector.ts";
import { relatedAt } from "../rule.ts";
import { inRule, nameOf, onPorts } from "./shared.ts";

/** A deny rule without ports and without peers contributes nothing: it only turns default deny on (C A.6.1). */
const contributes = (rule: RuleView): boolean => rule.deny && (rule.peers.length > 0 || rule.everyone);

const isEverything = (rule: RuleView): boolean =>
  rule.ports === null && rule.peers.some((p) => p.kind === "entity" && p.entity === "all");

const hits = (deny: RuleView, allow: RuleView): PeerView | "everyone" | null => {
  if (allow.deny || allow.direction !== deny.direction || !portsMeet(deny.ports, allow.ports)) return null;
  if (!subjectCovers(deny.spec, allow.spec) && !subjectCovers(allow.spec, deny.spec)) return null;
  if (deny.everyone) return "everyone";
  return allow.peers.find((inner) => deny.peers.some((outer) => peerCovers(outer, inner))) ?? null;
};

export const denyOverridesAllows: Rule = {
  id: "deny-overrides-allows",
  severity: "warning",
  lesson: 17,
  about:
    "A deny rule beats every allow, of whatever policy and however exact; a deny from or to `all` stops kubelet probes too.",
  remedy:
    "Write default deny as `ingress: [{}]` (or `ingressDeny: [{}]`), which forbids nothing by itself; keep deny rules for what must never be.",
  *check(context) {
    for (const deny of context.rules.filter(contributes)) {
      if (isEverything(deny)) {
        const who =
          deny.direction === "ingress" ? "from everyone, the kubelet's probes included" : "to everyone, DNS included";
        yield inRule(deny, {
          severity: "error",
          message: `This denies traffic ${who}, and no allow anywhere can open it again. For default deny write \`${deny.direction}Deny: [{}]\`, which forbids nothing by itself`,
          key: ["everything"],
          explains: ({ pod, connection }) =>
            connection?.direction === deny.direction && matches(deny.spec.subject, pod) !== "no",
        });
        continue;
      }
      for (const allow of context.rules) {
        const peer = hits(deny, allow);
        if (peer === null) continue;
        const what = peer === "everyone" ? "every peer" : peerText(peer);
        yield inRule(deny, {
          message: `This deny${onPorts(deny)} beats the allow of ${what}${onPorts(allow)} in ${nameOf(allow.policy)}: deny wins whatever else allows it. Narrow the deny, or remove the allow that cannot work`,
          key: ["beats", nameOf(allow.policy), what],
          explains: wouldAllow(allow, {}),
          related: relatedAt(allow.policy.locate(allow.path), "the allow that is beaten"),
        });
      }
    }
  },
};
