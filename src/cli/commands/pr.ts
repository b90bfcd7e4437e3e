import { Command } from "commander";
import { iso } from "../../facts/clock.ts";
import { OperatorError } from "../../facts/errors.ts";
import type { PullRequest } from "../../facts/ports.ts";
import type { Place } from "../../compose.ts";
import { common, faceOf, numberFlag, type Face } from "../face.ts";
import { printable, table } from "../text.ts";
import { prCheckCommand } from "./pr-check.ts";

type Options = Parameters<typeof faceOf>[0];

type Desk = NonNullable<Place["desk"]>;

const withForge = async (options: Options, use: (forge: Desk, face: Face) => Promise<void>): Promise<void> => {
  const face = faceOf(options);
  const { openPlace } = await import("../../compose.ts");
  const place = await openPlace(face);
  try {
    if (place.desk === null)
      throw new OperatorError("input", "`pr` is for the local forge", {
        where: place.forge.name,
        remedy: "This repository's pull requests are read, merged and closed where they live.",
      });
    await use(place.desk, face);
  } finally {
    await place.dispose();
  }
};

const brief = (pr: PullRequest): readonly string[] => [`#${pr.number}`, pr.state, pr.branch, printable(pr.title)];

/** What `network-operator/gates` says of a pull request's head. */
const checkOf = (desk: Desk, { head }: PullRequest): ReturnType<Desk["check"]["told"]> => desk.check.told(head);

const details = (pr: PullRequest, check: ReturnType<typeof checkOf>): string =>
  [
    `#${pr.number} ${printable(pr.title)}`,
    `${pr.state}, ${pr.branch} into ${pr.base}, opened ${iso(pr.createdAt)}${pr.mergedAt === null ? "" : `, merged ${iso(pr.mergedAt)}`}`,
    pr.url,
    check === null
      ? "check: not judged yet (network-operator run)"
      : `check: ${check.state}, ${printable(check.summary)}\n\n${printable(check.text)}`,
    "",
    printable(pr.body),
  ].join("\n");

const number = (text: string): number => numberFlag("the pull request's number", 1)(text.replace(/^#/, ""));

/** The local forge, for a person. The agent itself never merges. */
export const prCommand = (): Command => {
  const pr = new Command("pr").description("the local forge: read, merge and close pull requests");
  common(pr.command("list").description("all pull requests, newest first")).action((options: Options) =>
    withForge(options, async (forge, face) => {
      const all = await forge.pullRequests();
      face.answer({ version: 1, pullRequests: all }, () =>
        all.length === 0 ? "No pull requests yet." : table(all.map(brief)),
      );
    }),
  );
  common(pr.command("show <number>").description("one pull request with its text; --diff: and its changes"))
    .option("--diff", "the changes as a unified diff")
    .action((text: string, options: Options & { diff?: boolean }) =>
      withForge(options, async (forge, face) => {
        const wanted = number(text);
        const found = (await forge.pullRequests()).find((candidate) => candidate.number === wanted);
        if (found === undefined)
          throw new OperatorError("input", `there is no pull request ${wanted}`, {
            remedy: "`network-operator pr list` names those there are.",
          });
        const diff = options.diff === true ? await forge.diff(found.number) : null;
        const check = checkOf(forge, found);
        face.answer({ version: 1, pullRequest: found, check, ...(diff === null ? {} : { diff }) }, () =>
          diff === null ? details(found, check) : `${details(found, check)}\n\n${printable(diff)}`,
        );
      }),
    );
  for (const verb of ["merge", "close"] as const)
    common(pr.command(`${verb} <number>`).description(`${verb} a pull request`)).action(
      (text: string, options: Options) =>
        withForge(options, async (forge, face) => {
          const wanted = number(text);
          const pull = (await forge.pullRequests({ state: "open" })).find((open) => open.number === wanted);
          const check = pull === undefined ? null : checkOf(forge, pull);
          // It is a person's to merge; on GitHub the ruleset would not have let it through.
          if (verb === "merge" && check !== null && check.state !== "success")
            face.note(`The check of #${wanted} is ${check.state}: ${printable(check.summary)}`);
          const done = await forge[verb](wanted);
          face.answer(
            { version: 1, pullRequest: done },
            () => `#${done.number} is ${done.state}: ${printable(done.title)}`,
          );
        }),
    );
  pr.addCommand(prCheckCommand());
  return pr;
};
