import type { Severity } from "../../facts/finding.ts";
import { besides, ruleCovers, subjectCovers } from "../coverage.ts";
import { peerText, portText } from "../policy-view.ts";
import type { PeerView, RuleView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { inRule, nameOf } from "./shared.ts";

interface Cover {
  readonly by: RuleView;
  readonly severity: Severity;
}

const carriesL7 = (rule: RuleView): boolean => (rule.ports ?? []).some((p) => p.dns);

/** Of two rules that cover each other exactly, the one that stands later is the dead one. */
const standsLater = (rule: RuleView, other: RuleView): boolean => {
  const mutual =
    subjectCovers(rule.spec, other.spec) &&
    other.peers.every((p) => ruleCovers(rule, p, other.ports)) &&
    !other.everyone;
  if (!mutual) return true;
  const [a, b] = [rule.policy.locate(rule.path), other.policy.locate(other.path)];
  return a.file === b.file ? a.line > b.line : a.file > b.file;
};

const coverOf = (peer: PeerView, rule: RuleView, others: readonly RuleView[]): Cover | null => {
  const by = others.find((o) => !carriesL7(o) && ruleCovers(o, peer, rule.ports) && standsLater(rule, o));
  if (by === undefined) return null;
  // A name beside world looks like a restriction that does not exist; anything else is only said twice.
  const misleads = peer.kind === "fqdn" && peer.name !== "*" && by.policy === rule.policy;
  return { by, severity: misleads ? "warning" : "info" };
};

export const deadRule: Rule = {
  id: "dead-rule",
  severity: "info",
  lesson: null,
  about:
    "Another rule on the same pods already allows all that this one allows; beside `world` a list of names restricts nothing and misleads its reader.",
  remedy: "Remove the narrower rule, or the wider one if the narrowing was meant.",
  *check(context) {
    for (const rule of context.rules) {
      if (rule.deny || rule.peers.length === 0 || carriesL7(rule)) continue;
      const others = besides(context, rule).filter((o) => o.policy.ref.kind === rule.policy.ref.kind);
      const covers = rule.peers.map((peer) => coverOf(peer, rule, others));
      const [first] = covers;
      if (first === null || first === undefined || covers.includes(null)) continue;
      const severity = covers.some((c) => c?.severity === "warning") ? "warning" : "info";
      const { by } = first;
      const elsewhere = by.policy === rule.policy ? "another rule here" : nameOf(by.policy);
      yield inRule(rule, {
        severity,
        message:
          severity === "warning"
            ? `These names restrict nothing: ${elsewhere} allows all of world on ${portText(rule.ports)}. Remove this rule, or the wider one if only these names are meant`
            : `${peerText(rule.peers[0] ?? { kind: "other", what: "This peer", path: [] })} on ${portText(rule.ports)} is already allowed by ${elsewhere}. One of the two can go`,
        key: [
          severity === "warning" ? "names beside world" : "covered",
          ...rule.peers.map(peerText).sort(),
          portText(rule.ports),
        ],
        related: relatedAt(by.policy.locate(by.path), "the wider rule"),
      });
    }
  },
};
