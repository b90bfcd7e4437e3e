import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { OperatorError } from "../facts/errors.ts";
import type { SourceTree } from "../facts/tree.ts";
import { folderTree } from "../gitops/folder-tree.ts";
import { openRepository } from "../git/plumbing.ts";
import { git, tryGit } from "../git/run.ts";

/** A folder as it stands, with its commit where it is a git work tree. */
export const readFolder = async (dir: string): Promise<SourceTree> => {
  const tree = folderTree(dir);
  const commit = existsSync(resolve(dir, ".git")) ? await openRepository(resolve(dir)).resolve("HEAD") : null;
  return { ...tree, commit };
};

/** Only what lies under `prefix`, with paths relative to it. */
const below = (tree: SourceTree, prefix: string): SourceTree => {
  if (prefix === "") return tree;
  const inside = `${prefix}/`;
  return {
    commit: tree.commit,
    root: null,
    paths: () =>
      tree
        .paths()
        .filter((path) => path.startsWith(inside))
        .map((path) => path.slice(inside.length)),
    read: (path) => tree.read(inside + path),
    mode: (path) => tree.mode(inside + path),
  };
};

/** The same folder at another commit of its repository. */
export const readFolderAt = async (dir: string, ref: string): Promise<SourceTree> => {
  const folder = resolve(dir);
  const top = await tryGit(folder, ["rev-parse", "--show-toplevel"]);
  if (top.code !== 0)
    throw new OperatorError("input", "--base needs a git repository", {
      where: dir,
      remedy: "Run it inside a clone, or leave --base out.",
    });
  const root = top.stdout.toString("utf8").trim();
  const repository = openRepository(root);
  const commit = await repository.resolve(ref);
  if (commit === null)
    throw new OperatorError("input", `there is no commit ${JSON.stringify(ref)}`, {
      where: dir,
      remedy: "Fetch it first; a shallow clone knows few commits.",
    });
  const prefix = relative(root, (await git(folder, ["rev-parse", "--show-prefix"])).trim() === "" ? root : folder);
  return below(await repository.tree(commit), prefix.split("\\").join("/"));
};
