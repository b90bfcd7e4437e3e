import { z } from "zod";
import { OperatorError } from "../../facts/errors.ts";
import type { Loophole } from "../../facts/ports.ts";
import { call, type GitHubClient, type GitHubPlace } from "./client.ts";

/** The check that every pull request of this agent has to pass. */
export const CHECK_NAME = "network-operator/gates";

/** Active rules of a branch, as `GET /repos/{owner}/{repo}/rules/branches/{branch}` lists them; only what is judged. */
const ruleSchema = z.looseObject({
  type: z.string(),
  ruleset_id: z.number().optional(),
  parameters: z
    .looseObject({
      strict_required_status_checks_policy: z.boolean().optional(),
      required_approving_review_count: z.number().optional(),
      require_last_push_approval: z.boolean().optional(),
      required_status_checks: z
        .array(z.looseObject({ context: z.string(), integration_id: z.number().nullish() }))
        .optional(),
    })
    .optional(),
});
export type BranchRule = z.infer<typeof ruleSchema>;

export interface RulesetFacts {
  readonly rules: readonly BranchRule[];
  /** GitHub's `current_user_can_bypass` for each ruleset behind the rules; null where it would not say. */
  readonly bypass: readonly { readonly ruleset: number; readonly can: string | null }[];
}

export interface Requirement {
  readonly what: "approval by somebody else" | "no bypass for the agent" | "the check is required, its source pinned";
  /** Null: GitHub would not say. */
  readonly holds: boolean | null;
  readonly said: string;
  readonly remedy: string;
}

const approval = ({ rules }: RulesetFacts): Requirement => {
  const reviews = rules.filter((rule) => rule.type === "pull_request");
  const count = Math.max(0, ...reviews.map((rule) => rule.parameters?.required_approving_review_count ?? 0));
  const fresh = reviews.some((rule) => rule.parameters?.require_last_push_approval === true);
  return {
    what: "approval by somebody else",
    holds: count > 0 && fresh,
    said:
      count === 0
        ? "no approving review is required"
        : `${count} approving review(s)${fresh ? ", of the last push" : ", but not of the last push"}`,
    remedy:
      "Require at least one approving review, and approval of the most recent push, in the default branch's ruleset.",
  };
};

const noBypass = ({ bypass }: RulesetFacts): Requirement => {
  const open = bypass.filter((entry) => entry.can !== null && entry.can !== "never");
  const silent = bypass.some((entry) => entry.can === null);
  return {
    what: "no bypass for the agent",
    holds: open.length > 0 ? false : bypass.length === 0 ? false : silent ? null : true,
    said:
      bypass.length === 0
        ? "no ruleset covers the default branch"
        : open.length > 0
          ? `the agent may bypass ruleset ${open.map((entry) => entry.ruleset).join(", ")}`
          : silent
            ? "GitHub does not say who may bypass"
            : "the agent may bypass nothing",
    remedy: "Take the agent's user or App out of the ruleset's bypass list.",
  };
};

const pinnedCheck = ({ rules }: RulesetFacts): Requirement => {
  const checks = rules.flatMap((rule) =>
    rule.type === "required_status_checks" ? (rule.parameters?.required_status_checks ?? []) : [],
  );
  const ours = checks.filter((check) => check.context === CHECK_NAME);
  const pinned = ours.some((check) => typeof check.integration_id === "number");
  return {
    what: "the check is required, its source pinned",
    holds: pinned,
    said:
      ours.length === 0
        ? `${CHECK_NAME} is not required`
        : pinned
          ? `${CHECK_NAME} is required from one source`
          : `${CHECK_NAME} may come from anybody`,
    remedy: `Require the status check ${CHECK_NAME} and choose its source.`,
  };
};

/** What the default branch's ruleset has to hold before this agent may write to the forge at all. */
export const judgeRuleset = (facts: RulesetFacts): readonly Requirement[] => [
  approval(facts),
  noBypass(facts),
  pinnedCheck(facts),
];

/** Whether a green has to be of the main that a merge lands on. */
export const isStrict = ({ rules }: RulesetFacts): boolean =>
  rules.some((rule) => rule.parameters?.strict_required_status_checks_policy === true);

const PINNED: Requirement["what"] = "the check is required, its source pinned";

/**
 * What stands open between a push of this agent and the default branch. Whether the check is pinned is for `doctor` to
 * demand: without it nobody is held back, with the rest somebody still looks.
 */
export const loopholesIn = (requirements: readonly Requirement[]): readonly Loophole[] =>
  requirements
    .filter(({ what, holds }) => what !== PINNED && holds !== true)
    .map(({ what, said, remedy }) => ({ what, said, remedy }));

export const readRuleset = async (client: GitHubClient, place: GitHubPlace, branch: string): Promise<RulesetFacts> => {
  const at = { owner: place.owner, repo: place.name };
  const listed = await call(place, `read the rules of ${branch}`, () =>
    client.request("GET /repos/{owner}/{repo}/rules/branches/{branch}", { ...at, branch, per_page: 100 }),
  );
  const rules = z.array(ruleSchema).parse(listed.data);
  const ids = [...new Set(rules.flatMap((rule) => (rule.ruleset_id === undefined ? [] : [rule.ruleset_id])))];
  const bypass = await Promise.all(
    ids.map(async (ruleset) => {
      const { data } = await call(place, `read ruleset ${ruleset}`, () =>
        client.request("GET /repos/{owner}/{repo}/rulesets/{ruleset_id}", { ...at, ruleset_id: ruleset }),
      );
      const can: unknown = Reflect.get(data, "current_user_can_bypass");
      return { ruleset, can: typeof can === "string" ? can : null };
    }),
  );
  return { rules, bypass };
};

export const readLoopholes = async (
  client: GitHubClient,
  place: GitHubPlace,
  branch: string,
): Promise<readonly Loophole[]> => loopholesIn(judgeRuleset(await readRuleset(client, place, branch)));

/** @throws OperatorError `input`: dry run */
export const assertNoLoopholes = async (client: GitHubClient, place: GitHubPlace, branch: string): Promise<void> => {
  const [first] = await readLoopholes(client, place, branch);
  if (first === undefined) return;
  throw new OperatorError("input", `dry run: the agent could merge its own work here, because ${first.said}`, {
    where: `${place.owner}/${place.name}`,
    remedy: first.remedy,
  });
};
