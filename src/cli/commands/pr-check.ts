import { Command } from "commander";
import { ciliumSettings, clusterFacts } from "../../config/settings.ts";
import { CONFIG_NAME, defaultConfig, loadConfig, parseConfig } from "../../config/load.ts";
import type { Config } from "../../config/schema.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { common, type faceOf } from "../face.ts";
import { readFolderAt } from "../repository.ts";
import { printable } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { dir: string; base: string; head: string };

/** What a check run or a commit status is called by; a description longer than this is cut by GitHub. */
const NAME = "network-operator/gates";
const LINE = 140;

const short = (text: string): string => (text.length <= LINE ? text : `${text.slice(0, LINE - 1)}…`);

/** The configuration that was named, else the one on the base: a pull request does not configure its own judge. */
const configOf = (named: string | undefined, base: SourceTree): Config => {
  if (named !== undefined) return loadConfig(named).config;
  const text = base.read(CONFIG_NAME);
  return text === null ? defaultConfig() : parseConfig(text, CONFIG_NAME);
};

/** The first two answers of the check, from two commits alone; the rest needs the agent and stays pending. */
export const prCheckCommand = (): Command =>
  common(
    new Command("check").description(
      "the first two answers of the check, from Git alone: no policy changes, or only enforcement is removed",
    ),
    ["text", "json", "status"],
  )
    .requiredOption("--base <ref>", "the default branch's commit")
    .option("--head <ref>", "the commit as it would stand once merged", "HEAD")
    .option("--dir <dir>", "a clone of the repository", ".")
    .action(async (options: Options) => {
      const [before, after, { readInventory }, { factsFromGit }, { restrictsNothing }] = await Promise.all([
        readFolderAt(options.dir, options.base),
        readFolderAt(options.dir, options.head),
        import("../../gitops/inventory.ts"),
        import("../../graph/facts/from-git.ts"),
        import("../../graph/gates/restricts-nothing.ts"),
      ]);
      const config = configOf(options.config, before);
      const cluster = clusterFacts(config);
      const facts = factsFromGit({
        before,
        after,
        readInventory: (tree) => readInventory(tree, cluster),
        settings: ciliumSettings(config),
        cluster,
        now: Date.now(),
      });
      const decision = restrictsNothing.judge(facts);
      const said = decision.pass ? decision.notes.join(" ") : `not judged: the agent is needed (${decision.reason})`;
      const state = decision.pass ? "success" : "pending";
      const summary = `standby: ${said}`;
      const answers: Readonly<Record<string, unknown>> = {
        status: { state, context: NAME, description: short(printable(summary)) },
        json: { version: 1, state, summary },
      };
      const answer = answers[options.format ?? "text"];
      const text = answer === undefined ? `${state}: ${printable(summary)}` : JSON.stringify(answer, null, 2);
      process.stdout.write(`${text}\n`);
    });
