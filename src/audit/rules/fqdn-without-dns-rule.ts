import { patternMatches } from "../../cilium/fqdn.ts";
import type { Context } from "../context.ts";
import { subjectCovers } from "../coverage.ts";
import type { PeerView, RuleView } from "../policy-view.ts";
import { subjectText } from "../policy-view.ts";
import { matches } from "../selector.ts";
import type { Rule } from "../rule.ts";
import { inRule, subjectPods } from "./shared.ts";

type Fqdn = Extract<PeerView, { kind: "fqdn" }>;

const isDns = (rule: RuleView): boolean =>
  rule.direction === "egress" &&
  !rule.deny &&
  (rule.ports ?? []).some((p) => p.dns) &&
  (rule.everyone || rule.peers.length > 0);

/** The DNS rules that act on every pod this rule speaks for; one that redirects for some of them is not enough. */
const dnsRulesFor = (context: Context, rule: RuleView, dns: readonly RuleView[]): readonly RuleView[] => {
  const byText = dns.filter((d) => subjectCovers(d.spec, rule.spec));
  if (byText.length > 0) return byText;
  const pods = subjectPods(context, rule.spec);
  if (pods.length === 0) return [];
  const covered = pods.every((pod) => dns.some((d) => matches(d.spec.subject, pod) === "yes"));
  return covered ? dns.filter((d) => pods.some((pod) => matches(d.spec.subject, pod) === "yes")) : [];
};

/** A DNS rule that forwards only some names also answers only those. */
const forwards = (context: Context, peer: Fqdn, dns: readonly RuleView[]): boolean =>
  peer.name.includes("*") ||
  dns.some(
    (d) => d.dnsRules.length === 0 || d.dnsRules.some((p) => patternMatches(p, peer.name, context.settings.version)),
  );

export const fqdnWithoutDns: Rule = {
  id: "fqdn-without-dns-rule",
  severity: "error",
  lesson: 12,
  about:
    "toFQDNs knows addresses only from answers that passed Cilium's DNS proxy; without an L7 DNS rule on the same pods it never learns one.",
  remedy: 'Allow DNS for these pods with `rules: {dns: [{matchPattern: "*"}]}` on port 53, UDP and TCP.',
  *check(context) {
    const dns = context.rules.filter(isDns);
    for (const rule of context.rules) {
      const peers = rule.peers.filter((p): p is Fqdn => p.kind === "fqdn");
      if (peers.length === 0) continue;
      const mine = dnsRulesFor(context, rule, dns);
      if (mine.length === 0) {
        yield inRule(rule, {
          path: [...rule.path, "toFQDNs"],
          message: `No DNS rule acts on ${subjectText(rule.spec)}, so Cilium never learns the addresses of ${peers[0]?.name ?? "these names"} and the rule opens nothing. Add an egress rule to the DNS pods on port 53 with \`rules: {dns: [{matchPattern: "*"}]}\``,
          key: ["no dns rule", ...peers.map((p) => p.name).sort()],
        });
        continue;
      }
      for (const peer of peers.filter((p) => !forwards(context, p, mine)))
        yield inRule(rule, {
          path: peer.path,
          message: `The DNS rules on these pods do not forward \`${peer.name}\`, so the name is refused and the address never learnt. Add it to their \`rules.dns\``,
          key: ["not forwarded", peer.name],
        });
    }
  },
};
