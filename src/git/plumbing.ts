import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isStorable, ZERO_BLOB, type FileChange } from "../facts/changeset.ts";
import { OperatorError } from "../facts/errors.ts";
import type { SourceTree } from "../facts/tree.ts";
import { git, tryGit } from "./run.ts";
import { readCommitTree } from "./tree.ts";

const AUTHOR = { name: "network-operator", email: "network-operator@localhost" };

const COMMIT_ID = /^[0-9a-f]{40}([0-9a-f]{24})?$/;

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

const unwritable = (dir: string, what: string): OperatorError =>
  new OperatorError("input", `refusing to write ${what}`, {
    where: dir,
    remedy: "Paths are relative, use forward slashes, stay inside the repository and stand where nothing else does.",
  });

/** The tree with the changes on top of `base`, built in an index of its own. Nothing changes that was not named. */
const writeTree = async (dir: string, base: string | null, files: readonly FileChange[]): Promise<string> => {
  const scratch = await mkdtemp(join(tmpdir(), "network-operator-index-"));
  const env = { GIT_INDEX_FILE: join(scratch, "index") };
  try {
    if (base !== null) await git(dir, ["read-tree", base], { env });
    const rows: string[] = [];
    for (const file of files) {
      if (!isStorable(file.path)) throw unwritable(dir, JSON.stringify(file.path));
      const blob =
        file.text === null
          ? ZERO_BLOB
          : (await git(dir, ["hash-object", "-w", "--stdin"], { input: file.text })).trim();
      rows.push(`${file.text === null ? "0" : file.mode} ${blob}\t${file.path}\0`);
    }
    if (rows.length > 0) await git(dir, ["update-index", "-z", "--index-info"], { env, input: rows.join("") });
    const tree = (await git(dir, ["write-tree"], { env })).trim();
    if (base !== null) {
      const named = new Set(files.map(({ path }) => path));
      const changed = (await git(dir, ["diff-tree", "-r", "-z", "--name-only", "--no-renames", base, tree])).split(
        "\0",
      );
      const besides = changed.find((path) => path !== "" && !named.has(path));
      if (besides !== undefined) throw unwritable(dir, `over ${JSON.stringify(besides)}, which nobody asked to change`);
    }
    return tree;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** A commit never changes, so its tree is read once; a few are kept for the base and what is compared with it. */
const KEPT_TREES = 8;

const keptTrees = (dir: string): ((commit: string) => Promise<SourceTree>) => {
  const kept = new Map<string, Promise<SourceTree>>();
  return (commit) => {
    if (!COMMIT_ID.test(commit)) return readCommitTree(dir, commit);
    const found = kept.get(commit);
    if (found !== undefined) return found;
    const tree = readCommitTree(dir, commit);
    kept.set(commit, tree);
    tree.catch(() => kept.delete(commit));
    const [oldest] = kept.keys();
    if (kept.size > KEPT_TREES && oldest !== undefined) kept.delete(oldest);
    return tree;
  };
};

const BRANCH = /^refs\/heads\/[\w][\w./-]*$/;

/**
 * A branch by its loose file, which comes before a packed one. Starting git costs more than most questions do, and the
 * more so the larger the asking process; what is not found here is asked of git.
 */
const looseBranch = async (dir: string, ref: string): Promise<string | null> => {
  if (!BRANCH.test(ref) || ref.includes("..")) return null;
  for (const folder of [dir, join(dir, ".git")]) {
    const text = await readFile(join(folder, ref), "utf8").catch(() => null);
    if (text !== null) return COMMIT_ID.test(text.trim()) ? text.trim() : null;
  }
  return null;
};

/**
 * Answers about commits, which never change, by the question; a bound keeps a long-lived process small. No answer (null)
 * is not kept: what git could not say once it may say later.
 */
const remembered = <T>(most: number): ((question: string, ask: () => Promise<T | null>) => Promise<T | null>) => {
  const kept = new Map<string, Promise<T | null>>();
  return (question, ask) => {
    const found = kept.get(question);
    if (found !== undefined) return found;
    const answer = ask();
    if (kept.size >= most) kept.clear();
    kept.set(question, answer);
    answer.then(
      (said) => said === null && kept.delete(question),
      () => kept.delete(question),
    );
    return answer;
  };
};

const KEPT_ANSWERS = 256;

export const openRepository = (dir: string): GitRepository => {
  const tree = keptTrees(dir);
  const histories = remembered<readonly { readonly commit: string; readonly time: number }[]>(KEPT_ANSWERS);
  const bases = remembered<string>(KEPT_ANSWERS);
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
      const loose = await looseBranch(dir, ref);
      if (loose !== null) return loose;
      const run = await tryGit(dir, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`]);
      const id = run.stdout.toString("utf8").trim();
      return run.code === 0 && COMMIT_ID.test(id) ? id : null;
    },
    tree,
    commit: async ({ base, files, message, time }) =>
      commitTree(await writeTree(dir, base, files), base === null ? [] : [base], message, time),
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
      const from = (await looseBranch(dir, ref)) ?? ref;
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
      return (await (COMMIT_ID.test(from) ? histories(`${from} ${path ?? ""}`, ask) : ask())) ?? [];
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
      return COMMIT_ID.test(a) && COMMIT_ID.test(b) ? bases(`${a} ${b}`, ask) : ask();
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
