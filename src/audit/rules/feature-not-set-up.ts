import type { Context } from "../context.ts";
import { asText, at } from "../json.ts";
import type { RuleView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { inRule } from "./shared.ts";

/** What a rule asks for that the agent offers only when it is set up for it, and the word that every set-up has in it. */
const wants = (
  rule: RuleView,
): readonly { readonly what: string; readonly word: RegExp; readonly effect: string }[] => {
  const mode = asText(at(rule.policy.document.object, ...rule.path, "authentication", "mode"));
  const found = [];
  if (mode === "required")
    found.push({
      what: "authentication.mode: required",
      word: /spire/i,
      effect: "without SPIRE nobody can authenticate, and every connection that this rule allows is dropped",
    });
  if (mode === "test-always-fail")
    found.push({ what: "authentication.mode: test-always-fail", word: /^$/, effect: "it fails by its name" });
  for (const key of ["toGroups", "fromGroups"])
    if (rule.peers.some((p) => p.kind === "other" && p.what === key))
      found.push({
        what: key,
        word: /\beni\b|operator-aws/i,
        effect: "only the operator for AWS resolves groups, and the agent leaves out a policy that has any",
      });
  return found;
};

const isCilium = (name: string): boolean => /^cilium(-config)?$/.test(name);

/** The texts of Cilium's own settings: its release with its values, the agent's ConfigMap, SPIRE beside it. */
const setUp = (context: Context): readonly string[] =>
  context.inventory.objects
    .filter((o) => isCilium(o.name) || /spire/i.test(o.name) || /^cilium-(values|helm)/.test(o.name))
    .map((o) => JSON.stringify(o.object));

export const featureNotSetUp: Rule = {
  id: "feature-not-set-up",
  severity: "error",
  lesson: null,
  about:
    "A rule asks for mutual authentication or for a cloud's security groups, and nothing in the repository sets Cilium up for them: what the rule allows is dropped.",
  remedy: "Set Cilium up for it, or take it out of the rule.",
  *check(context) {
    const asking = context.rules.map((rule) => ({ rule, wanted: wants(rule) })).filter((r) => r.wanted.length > 0);
    if (asking.length === 0) return;
    const settings = setUp(context);
    for (const { rule, wanted } of asking)
      for (const { what, word, effect } of wanted) {
        if (settings.some((text) => word.test(text))) continue;
        yield inRule(rule, {
          // Where Cilium is installed from elsewhere, its settings are not known.
          severity: settings.length === 0 && what !== "authentication.mode: test-always-fail" ? "info" : "error",
          message: `\`${what}\`: ${effect}, and Cilium's settings do not speak of it. Set it up, or remove it here`,
          key: [what],
        });
      }
  },
};
