import type { Setting } from "../../compose.ts";
import { attempt, bad, good, open, type Check } from "./check.ts";

/** A token that can push can merge: what stops it is the default branch's ruleset. */
export const forgeChecks = ({ config }: Setting): Promise<readonly Check[]> =>
  attempt("forge", async () => {
    if (config.forge.kind === "local") return good("forge", "local: a person merges with `network-operator pr merge`");
    const [{ credentialsFrom, githubClient }, { judgeRuleset, isStrict, loopholesIn, readRuleset }] = await Promise.all(
      [import("../../forge/github/client.ts"), import("../../forge/github/ruleset.ts")],
    );
    const place = { owner: config.forge.owner, name: config.forge.name, apiUrl: config.forge.apiUrl };
    const credentials = credentialsFrom(process.env);
    const client = githubClient(place, credentials);
    const ruleset = await readRuleset(client, place, config.repository.branch);
    const requirements = judgeRuleset(ruleset);
    const checks = requirements.map((r): Check => ({
      name: `forge: ${r.what}`,
      ok: r.holds,
      said: r.said,
      remedy: r.holds === true ? null : r.remedy,
    }));
    const held = loopholesIn(requirements).length === 0;
    const writer =
      credentials.kind === "app"
        ? good("forge: the check", "a check run, by the App")
        : open(
            "forge: the check",
            "a commit status, by a token: a ruleset can pin the source of an App's check run only",
            "Use a GitHub App, or let nobody else write commit statuses.",
          );
    return [
      held
        ? good("forge", "somebody else has to approve what the agent writes")
        : bad(
            "forge",
            "dry run: the agent could merge its own work, so it opens no pull request and posts no green",
            "Mend the ruleset as below, then run doctor again.",
          ),
      ...checks,
      writer,
      isStrict(ruleset)
        ? good("forge: up to date", "a branch has to hold main before it is merged")
        : open(
            "forge: up to date",
            "a green may be of an older main than the one that is merged into",
            "Require branches to be up to date before merging, in the same ruleset.",
          ),
    ];
  });
