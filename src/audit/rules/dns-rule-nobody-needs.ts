import { subjectCovers } from "../coverage.ts";
import { matches } from "../selector.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

export const dnsRuleNobodyNeeds: Rule = {
  id: "dns-rule-nobody-needs",
  severity: "info",
  lesson: 31,
  about:
    "A DNS L7 rule sends every query of its pods through Cilium's proxy from the first merge; without toFQDNs nobody needs that.",
  remedy: "Drop `rules.dns` where no toFQDNs rule selects the same pods, or keep it for the visibility it gives.",
  *check(context) {
    const written = context.written.flatMap((view) => view.rules);
    const named = written.filter((r) => r.peers.some((p) => p.kind === "fqdn"));
    for (const rule of context.rules) {
      if (rule.deny || !(rule.ports ?? []).some((p) => p.dns)) continue;
      const picked = context.subjects(rule.spec);
      const used = named.some(
        (n) =>
          subjectCovers(rule.spec, n.spec) ||
          subjectCovers(n.spec, rule.spec) ||
          picked.some(({ pod }) => matches(n.spec.subject, pod) !== "no"),
      );
      if (used) continue;
      yield inRule(rule, {
        message:
          "Every DNS query of these pods goes through Cilium's proxy, and no toFQDNs rule needs it. Fine for visibility; otherwise drop `rules.dns`",
        key: ["unused"],
      });
    }
  },
};
