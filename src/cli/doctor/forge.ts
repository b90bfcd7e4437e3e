import type { Setting } from "../../compose.ts";
import { attempt, good, open, type Check } from "./check.ts";

/** A token that can push can merge: what stops it is the default branch's ruleset. */
export const forgeChecks = ({ config }: Setting): Promise<readonly Check[]> =>
  attempt("forge", async () => {
    if (config.forge.kind === "local") return good("forge", "local: a person merges with `network-operator pr merge`");
    const [{ credentialsFrom, githubClient }, { judgeRuleset, mayWrite, readRuleset }] = await Promise.all([
      import("../../forge/github/client.ts"),
      import("../../forge/github/ruleset.ts"),
    ]);
    const place = { owner: config.forge.owner, name: config.forge.name, apiUrl: config.forge.apiUrl };
    const client = githubClient(place, credentialsFrom(process.env));
    const requirements = judgeRuleset(await readRuleset(client, place, config.repository.branch));
    const checks = requirements.map((r): Check => ({
      name: `forge: ${r.what}`,
      ok: r.holds,
      said: r.said,
      remedy: r.holds === true ? null : r.remedy,
    }));
    return mayWrite(requirements)
      ? checks
      : [
          ...checks,
          open(
            "forge",
            "this forge would let the agent merge its own work, and this version does not yet hold its pull requests back for that",
            "Mend the ruleset as above, then run doctor again.",
          ),
        ];
  });
