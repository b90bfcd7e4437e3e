import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ZERO_BLOB, type FileChange } from "../facts/changeset.ts";
import { OperatorError } from "../facts/errors.ts";
import { Kept } from "../facts/kept.ts";
import type { SourceTree } from "../facts/tree.ts";
import { readBranch, readRefs, refFolder } from "./refs.ts";
import { git, tryGit } from "./run.ts";
import { COMMIT_ID, Trees } from "./trees.ts";
import { writeCommit } from "./write.ts";

const AUTHOR = { name: "network-operator", email: "network-operator@localhost" };

/** One repository, bare or not. Its working tree, index and HEAD are never touched. */
export interface GitRepository {
  readonly dir: string;
  /** The commit a ref points to, or null. */
  resolve(ref: string): Promise<string | null>;
  tree(commit: string): Promise<SourceTree>;
  /** A commit on top of `base`; no ref moves. `time` is milliseconds since the epoch. */
  commit(request: {
    base: string | null;
    files: readonly FileChange[];
    message: string;
    time: number;
  }): Promise<string>;
  /** Three-way merge as a new commit, or the paths in conflict. No ref moves. */
  merge(request: {
    ours: string;
    theirs: string;
    message: string;
    time: number;
  }): Promise<{ readonly commit: string } | { readonly conflicts: readonly string[] }>;
  /** Compare-and-swap: `expected: null` demands that the ref does not exist. */
  updateRef(ref: string, next: string | null, expected: string | null): Promise<boolean>;
  /** Commits that touched `path` (all when absent), newest first. */
  history(ref: string, path?: string): Promise<readonly { commit: string; time: number }[]>;
  /** Unified diff; `since-fork` compares with the point where `to` left `from`. */
  diff(from: string, to: string, how?: "direct" | "since-fork"): Promise<string>;
  refs(): Promise<ReadonlyMap<string, string>>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** The newest commit that both have; null where they share none. */
  mergeBase(a: string, b: string): Promise<string | null>;
}

const dates = (time: number): Record<string, string> => {
  const date = `@${Math.floor(time / 1000)} +0000`;
  return {
    GIT_AUTHOR_NAME: AUTHOR.name,
    GIT_AUTHOR_EMAIL: AUTHOR.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: AUTHOR.name,
    GIT_COMMITTER_EMAIL: AUTHOR.email,
    GIT_COMMITTER_DATE: date,
  };
};

const notACommit = (dir: string, base: string): OperatorError =>
  new OperatorError("input", `a commit is made on top of a commit, and ${JSON.stringify(base)} is no id of one`, {
    where: dir,
    remedy: "Resolve the ref first.",
  });

type History = readonly { readonly commit: string; readonly time: number }[];

/**
 * Answers about commits, which never change, by the question; repositories in one process share them. No answer (null) is
 * not kept: what git could not say once it may say later.
 */
const histories = new Kept<Promise<History | null>>(512);
const bases = new Kept<Promise<string | null>>(512);

const remembered = async <T>(
  kept: Kept<Promise<T | null>>,
  question: string,
  ask: () => Promise<T | null>,
): Promise<T | null> => {
  const answer = kept.of(question, ask);
  const said = await answer.catch((error: unknown) => {
    kept.forget(question);
    throw error;
  });
  if (said === null) kept.forget(question);
  return said;
};

/** How far back commits reach here: all the way, unless a clone was cut short. Elsewhere than expected: only here. */
const reach = async (dir: string): Promise<string> => {
  const folder = await refFolder(dir);
  return folder === null ? dir : readFile(join(folder, "shallow"), "utf8").catch(() => "");
};

export const openRepository = (dir: string): GitRepository => {
  const trees = new Trees(dir);
  const commitTree = async (tree: string, parents: readonly string[], message: string, time: number): Promise<string> =>
    (
      await git(dir, ["commit-tree", tree, ...parents.flatMap((p) => ["-p", p]), "-F", "-"], {
        input: message,
        env: dates(time),
      })
    ).trim();

  return {
    dir,
    resolve: async (ref) => {
      if (ref.startsWith("-")) return null;
      const branch = await readBranch(dir, ref);
      if (branch !== null) return branch.commit;
      const run = await tryGit(dir, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
      const id = run.stdout.toString("utf8").trim();
      return run.code === 0 && COMMIT_ID.test(id) ? id : null;
    },
    tree: (commit) => trees.tree(commit),
    commit: async ({ base, files, message, time }) => {
      if (base !== null && !COMMIT_ID.test(base)) throw notACommit(dir, base);
      const snapshot = base === null ? null : await trees.snapshot(base);
      const made = await writeCommit({ dir, base: snapshot, files, message, time });
      trees.keep(made);
      return made.commit;
    },
    merge: async ({ ours, theirs, message, time }) => {
      const run = await tryGit(dir, ["merge-tree", "--write-tree", "--name-only", "-z", "--no-messages", ours, theirs]);
      const [tree = "", ...conflicts] = run.stdout
        .toString("utf8")
        .split("\0")
        .filter((part) => part !== "");
      if (run.code === 0) return { commit: await commitTree(tree.trim(), [ours, theirs], message, time) };
      if (run.code === 1) return { conflicts: [...new Set(conflicts)] };
      throw new OperatorError("outside", `git merge-tree failed: ${run.stderr}`, {
        where: dir,
        remedy: "git 2.38 or newer is needed.",
      });
    },
    updateRef: async (ref, next, expected) => {
      const old = expected ?? ZERO_BLOB;
      const args = next === null ? ["update-ref", "-d", ref, old] : ["update-ref", ref, next, old];
      return (await tryGit(dir, args)).code === 0;
    },
    history: async (ref, path) => {
      const from = (await readBranch(dir, ref))?.commit ?? ref;
      const ask = async () => {
        const args = ["log", "--first-parent", "-m", "--format=%H %ct", "--end-of-options", from, "--"];
        const run = await tryGit(dir, path === undefined ? args : [...args, `:(literal)${path}`]);
        if (run.code !== 0) return null;
        return run.stdout
          .toString("utf8")
          .split("\n")
          .filter((row) => row !== "")
          .map((row) => ({
            commit: row.slice(0, row.indexOf(" ")),
            time: Number(row.slice(row.indexOf(" ") + 1)) * 1000,
          }));
      };
      if (!COMMIT_ID.test(from)) return (await ask()) ?? [];
      return (await remembered(histories, JSON.stringify([await reach(dir), from, path]), ask)) ?? [];
    },
    diff: (from, to, how = "direct") =>
      git(dir, [
        "diff",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        ...(how === "direct" ? [from, to] : [`${from}...${to}`]),
        "--",
      ]),
    refs: async () => {
      const read = await readRefs(dir);
      if (read !== null) return read;
      const listing = await git(dir, ["for-each-ref", "--format=%(objectname) %(refname)"]);
      return new Map(
        listing
          .split("\n")
          .filter((row) => row !== "")
          .map((row) => [row.slice(row.indexOf(" ") + 1), row.slice(0, row.indexOf(" "))]),
      );
    },
    mergeBase: async (a, b) => {
      const ask = async () => {
        const run = await tryGit(dir, ["merge-base", "--end-of-options", a, b]);
        const id = run.stdout.toString("utf8").trim();
        return run.code === 0 && COMMIT_ID.test(id) ? id : null;
      };
      if (!COMMIT_ID.test(a) || !COMMIT_ID.test(b)) return ask();
      return remembered(bases, JSON.stringify([await reach(dir), a, b]), ask);
    },
    isAncestor: async (ancestor, descendant) =>
      (await tryGit(dir, ["merge-base", "--is-ancestor", ancestor, descendant])).code === 0,
  };
};

/** A new bare repository whose HEAD is `refs/heads/<branch>`. */
export const initBare = async (dir: string, branch = "main"): Promise<GitRepository> => {
  await git(".", ["init", "--quiet", "--bare", `--initial-branch=${branch}`, "--", dir]);
  return openRepository(dir);
};
