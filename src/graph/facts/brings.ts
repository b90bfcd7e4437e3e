import type { ChangeKind, FileChange } from "../../facts/changeset.ts";
import type { Draft } from "../../facts/draft.ts";
import { OperatorError } from "../../facts/errors.ts";
import { unknown } from "../../facts/known.ts";
import type { Known } from "../../facts/known.ts";
import type { ForgeReader } from "../../facts/ports.ts";
import { changeLaneOf } from "../../facts/rollout.ts";
import type { ChangeLane } from "../../facts/rollout.ts";
import type { SourceTree } from "../../facts/tree.ts";
import type { Survey } from "../../rollout/survey.ts";
import type { LaneRequest, Reported } from "../gate.ts";
import { soleComponent } from "./files.ts";

/** What is judged: the draft with its edits, or what a pull request brings. */
export interface Brings {
  readonly draft: Draft | null;
  readonly files: readonly FileChange[];
  readonly reported: Reported | null;
}

/** The draft overlaid by edits; what stands already is no change. */
export const filesOf = (main: SourceTree, draft: Draft | null, request: LaneRequest): readonly FileChange[] => {
  const byPath = new Map((draft?.files ?? []).map((file) => [file.path, file]));
  for (const { path, text } of request.edits)
    byPath.set(path, { path, text, mode: byPath.get(path)?.mode ?? main.mode(path) ?? "100644" });
  return [...byPath.values()].filter((file) => main.read(file.path) !== file.text);
};

const KIND: Readonly<Record<ChangeLane, ChangeKind>> = {
  "propose-allows": "allows",
  "propose-default-deny": "default-deny",
  "propose-repair": "repair",
};

/** A repair of nothing but one component that stands already is a fleet repair, whoever brings it and under what name. */
export const kindOf = (
  { lane, pullRequest }: LaneRequest,
  main: SourceTree,
  files: readonly FileChange[],
): ChangeKind => {
  const change = changeLaneOf(lane);
  const mayBeFleet = change === "propose-repair" || (pullRequest !== undefined && change !== "propose-default-deny");
  if (mayBeFleet && soleComponent(main, files) !== null) return "fleet-repair";
  return change === null ? "allows" : KIND[change];
};

/** What the head of an open pull request would change on main as it is now. */
export const broughtByPullRequest = async (
  forge: ForgeReader,
  main: Pick<Survey, "base" | "tree" | "pullRequests">,
  number: number,
): Promise<Brings> => {
  const pullRequest = main.pullRequests.find((pull) => pull.number === number && pull.state === "open");
  if (pullRequest === undefined)
    throw new OperatorError("input", `there is no open pull request ${number} into ${forge.defaultBranch}`, {
      where: forge.name,
      remedy: "The check is for open pull requests into the default branch.",
    });
  const { head } = pullRequest;
  const { fork, files, unread } = await forge.broughtBy(head);
  const then = fork === main.base ? main.tree : await forge.tree(fork);
  const moved = ({ path, text }: FileChange): boolean => {
    const now = main.tree.read(path);
    return now !== then.read(path) && now !== text;
  };
  const disputed = files.filter(moved).map(({ path }) => path);
  const news = files.filter(({ path, text, mode }) => main.tree.read(path) !== text || main.tree.mode(path) !== mode);
  return { draft: null, files: news, reported: { pullRequest, head, disputed, unread } };
};

/** Why nobody can tell what merging a pull request would make of main; null where it can be told. */
export const untold = ({ disputed, unread }: Reported, main: Pick<Survey, "tree" | "written">): Known<never> | null => {
  const some = (paths: readonly string[]): string => paths.slice(0, 4).join(", ");
  if (disputed.length > 0)
    return unknown(
      `main has changed ${some(disputed)} as well since this branch left it`,
      "Bring the branch up to date with the default branch.",
    );
  // A picture may be what it likes. What was a text, or is read as a manifest, may be one in another encoding.
  const manifests = new Set(main.written.problems.map(({ origin }) => origin?.file));
  const blind = unread.filter((path) => {
    const text = main.tree.read(path);
    return (text !== null && !text.includes("\u{FFFD}")) || manifests.has(path);
  });
  if (blind.length === 0) return null;
  return unknown(`${some(blind)} cannot be read as text any more`, "Write it in UTF-8.");
};
