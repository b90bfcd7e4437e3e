import { describe, expect, it } from "vitest";
import { judgeRuleset, loopholesIn, type RulesetFacts } from "../../src/forge/github/ruleset.ts";

const good: RulesetFacts = {
  rules: [
    {
      type: "pull_request",
      ruleset_id: 1,
      parameters: { required_approving_review_count: 1, require_last_push_approval: true },
    },
    {
      type: "required_status_checks",
      ruleset_id: 1,
      parameters: { required_status_checks: [{ context: "network-operator/gates", integration_id: 42 }] },
    },
  ],
  bypass: [{ ruleset: 1, can: "never" }],
};

const held = (facts: RulesetFacts): boolean => loopholesIn(judgeRuleset(facts)).length === 0;

const missing = (facts: RulesetFacts): string[] =>
  judgeRuleset(facts).flatMap((r) => (r.holds === true ? [] : [r.what]));

describe("a default branch's ruleset", () => {
  it("that demands somebody else's approval, lets nobody past and pins the check lets the agent write", () => {
    expect(missing(good)).toEqual([]);
    expect(held(good)).toBe(true);
  });

  it("that is missing keeps the agent in dry run", () => {
    expect(held({ rules: [], bypass: [] })).toBe(false);
  });

  it.each(["always", "pull_requests_only"])("that the agent can bypass (%s) is none", (can) => {
    const facts = { ...good, bypass: [{ ruleset: 1, can }] };
    expect(missing(facts)).toEqual(["no bypass for the agent"]);
    expect(held(facts)).toBe(false);
  });

  it("whose bypass list GitHub does not show is unknown, and unknown does not write", () => {
    const facts = { ...good, bypass: [{ ruleset: 1, can: null }] };
    expect(judgeRuleset(facts).find((r) => r.what === "no bypass for the agent")?.holds).toBeNull();
    expect(held(facts)).toBe(false);
  });

  it("in which the author of the last push can approve is not approval by somebody else", () => {
    const [review, checks] = good.rules;
    const weak = { ...review, type: "pull_request", parameters: { required_approving_review_count: 1 } };
    expect(missing({ ...good, rules: checks === undefined ? [weak] : [weak, checks] })).toEqual([
      "approval by somebody else",
    ]);
  });

  it("whose check may come from anybody is reported", () => {
    const rules = good.rules.map((rule) =>
      rule.type === "required_status_checks"
        ? {
            ...rule,
            parameters: { required_status_checks: [{ context: "network-operator/gates", integration_id: null }] },
          }
        : rule,
    );
    expect(missing({ ...good, rules })).toEqual(["the check is required, its source pinned"]);
  });
});
