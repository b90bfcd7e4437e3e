import { createHash } from "node:crypto";
import type { FileChange } from "../../src/facts/changeset.ts";
import type { ForgeReader, ForgeWriter, Loophole, PullRequest } from "../../src/facts/ports.ts";
import { differences, memoryTree, overlay, type SourceTree } from "../../src/facts/tree.ts";

export type MemoryForge = ForgeReader &
  ForgeWriter & {
    /** Somebody else's commit. */
    push(branch: string, files: readonly FileChange[]): string;
    merge(number: number, at?: number): void;
    close(number: number): void;
    /** Ways past everybody else; none, until a test opens one. */
    holes: readonly Loophole[];
    readonly refs: ReadonlyMap<string, string>;
    readonly pulls: readonly PullRequest[];
    /** Called before each write; a throw is a process that dies there. */
    onWrite: (what: "branch" | "open" | "update") => void | Promise<void>;
  };

/** A forge that forgets at exit; held to the same contract as the real one. */
export const memoryForge = (files: Readonly<Record<string, string>>): MemoryForge => {
  const commits = new Map<string, SourceTree>();
  const parents = new Map<string, string>();
  const refs = new Map<string, string>();
  const pulls: PullRequest[] = [];
  const commit = (base: SourceTree, changes: readonly FileChange[], message: string): string => {
    const tree = overlay(base, changes);
    const bytes = tree.paths().map((path) => [path, tree.mode(path), tree.read(path)]);
    const id = createHash("sha1")
      .update(JSON.stringify([base.commit, bytes, message]))
      .digest("hex");
    commits.set(id, { ...tree, commit: id });
    if (base.commit !== null) parents.set(id, base.commit);
    return id;
  };
  const treeOf = (id: string): SourceTree => {
    const tree = commits.get(id);
    if (tree === undefined) throw new Error(`no commit ${id}`);
    return tree;
  };
  const replace = (number: number, change: Partial<PullRequest>): PullRequest => {
    const at = pulls.findIndex((pull) => pull.number === number);
    const pull = pulls[at];
    if (pull === undefined) throw new Error(`no pull request ${number}`);
    const next = { ...pull, ...change };
    pulls[at] = next;
    return next;
  };
  const seen = (pull: PullRequest): PullRequest =>
    pull.state === "open" ? { ...pull, head: refs.get(pull.branch) ?? pull.head } : pull;
  const mains: { commit: string; time: number }[] = [];
  const move = (branch: string, id: string): void => {
    refs.set(branch, id);
    if (branch === "main") mains.unshift({ commit: id, time: mains.length });
  };
  move("main", commit(memoryTree(files), [], "first"));
  const mainHead = (): string => refs.get("main") ?? "";
  const lineOf = (id: string): string[] => [id, ...(parents.has(id) ? lineOf(parents.get(id) ?? "") : [])];

  const forge: MemoryForge = {
    name: "memory",
    defaultBranch: "main",
    refs,
    pulls,
    onWrite: () => {},
    holes: [],
    head: () => Promise.resolve(mainHead()),
    tree: (id) => Promise.resolve(treeOf(id)),
    loopholes: () => Promise.resolve(forge.holes),
    broughtBy: (id) => {
      const main = new Set(lineOf(mainHead()));
      const fork = lineOf(id).find((one) => main.has(one)) ?? "";
      return Promise.resolve({ fork, ...differences(treeOf(fork), treeOf(id)) });
    },
    branchHead: (branch) => Promise.resolve(refs.get(branch) ?? null),
    history: () => Promise.resolve([...mains]),
    pullRequests: ({ branch, state } = {}) =>
      Promise.resolve(
        pulls
          .map(seen)
          .filter((pull) => (branch ?? pull.branch) === pull.branch && (state ?? pull.state) === pull.state)
          .toReversed(),
      ),
    writeBranch: async ({ branch, base, expected, files: changes, message }) => {
      await forge.onWrite("branch");
      if (mainHead() !== base) return { done: false, why: "main moved" };
      if ((refs.get(branch) ?? null) !== expected) return { done: false, why: `${branch} moved` };
      const id = commit(treeOf(base), changes, message);
      refs.set(branch, id);
      return { done: true, commit: id };
    },
    openPullRequest: async ({ branch, title, body }) => {
      await forge.onWrite("open");
      const known = pulls.find((pull) => pull.branch === branch && pull.state === "open");
      if (known !== undefined) return seen(known);
      const number = pulls.length + 1;
      const pull: PullRequest = {
        number,
        url: `memory://pull/${number}`,
        branch,
        base: "main",
        title,
        body,
        state: "open",
        author: "network-operator",
        head: refs.get(branch) ?? "",
        mergeCommit: null,
        createdAt: 0,
        mergedAt: null,
        closedAt: null,
      };
      pulls.push(pull);
      return pull;
    },
    updatePullRequest: async ({ number, title, body }) => {
      await forge.onWrite("update");
      return seen(replace(number, { title, body }));
    },
    push: (branch, changes) => {
      const id = commit(treeOf(refs.get(branch) ?? mainHead()), changes, `somebody's ${refs.size}`);
      move(branch, id);
      return id;
    },
    merge: (number, at = 1) => {
      const pull = pulls.find((candidate) => candidate.number === number);
      const head = refs.get(pull?.branch ?? "") ?? "";
      move("main", head);
      replace(number, { state: "merged", head, mergeCommit: head, mergedAt: at });
    },
    close: (number) => {
      const pull = pulls.find((candidate) => candidate.number === number);
      replace(number, { state: "closed", head: refs.get(pull?.branch ?? "") ?? "", closedAt: 1 });
    },
  };
  return forge;
};
