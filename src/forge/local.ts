import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Clock } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import type { ForgeReader, ForgeWriter, PullRequest } from "../facts/ports.ts";
import { differences } from "../facts/tree.ts";
import type { GitRepository } from "../git/plumbing.ts";
import { unrelated } from "./unrelated.ts";

/** What a person does on the local forge, and nobody else: merging is never the agent's. */
export interface LocalForgeDesk {
  merge(number: number): Promise<PullRequest>;
  close(number: number): Promise<PullRequest>;
  /** What it changes, as a unified diff. */
  diff(number: number): Promise<string>;
}

export type LocalForge = ForgeReader & ForgeWriter & LocalForgeDesk & { dispose(): void };

interface Row {
  readonly number: number;
  readonly branch: string;
  readonly title: string;
  readonly body: string;
  readonly state: PullRequest["state"];
  readonly author: string;
  readonly head: string;
  readonly merge_commit: string | null;
  readonly created_at: number;
  readonly merged_at: number | null;
  readonly closed_at: number | null;
}

const SCHEMA = `
  create table if not exists pull_requests (
    number integer primary key autoincrement,
    branch text not null, title text not null, body text not null,
    state text not null check (state in ('open', 'merged', 'closed')),
    author text not null, head text not null, merge_commit text,
    created_at integer not null, merged_at integer, closed_at integer
  ) strict;
  create unique index if not exists one_open_per_branch on pull_requests (branch) where state = 'open';
`;

/** A forge in two files: a bare repository, and the pull requests beside it. Behind the same port as GitHub. */
export const localForge = (options: {
  readonly repository: GitRepository;
  /** Folder for `forge.sqlite`. */
  readonly state: string;
  readonly clock: Clock;
  readonly branch?: string;
  readonly author?: string;
}): LocalForge => {
  const { repository, clock } = options;
  const main = options.branch ?? "main";
  const author = options.author ?? "network-operator";
  const database = new DatabaseSync(join(options.state, "forge.sqlite"), { timeout: 10_000 });
  database.exec("pragma journal_mode = wal");
  database.exec(SCHEMA);

  const heads = (branch: string): string => `refs/heads/${branch}`;

  const head = async (): Promise<string> => {
    const commit = await repository.resolve(heads(main));
    if (commit !== null) return commit;
    throw new OperatorError("input", `the repository has no branch ${main}`, {
      where: repository.dir,
      remedy: "Name the default branch in the configuration (forge.branch).",
    });
  };

  const toPullRequest = async (row: Row): Promise<PullRequest> => ({
    number: row.number,
    url: `${pathToFileURL(repository.dir).href}#pull/${row.number}`,
    branch: row.branch,
    base: main,
    title: row.title,
    body: row.body,
    state: row.state,
    author: row.author,
    head: row.state === "open" ? ((await repository.resolve(heads(row.branch))) ?? row.head) : row.head,
    mergeCommit: row.merge_commit,
    createdAt: row.created_at,
    mergedAt: row.merged_at,
    closedAt: row.closed_at,
  });

  const rowOf = (number: number): Row => {
    const row = database.prepare("select * from pull_requests where number = ?").get(number) as Row | undefined;
    if (row !== undefined) return row;
    throw new OperatorError("input", `there is no pull request ${number}`, {
      where: repository.dir,
      remedy: "`network-operator pr list` names those there are.",
    });
  };

  const openRow = (number: number): Row => {
    const row = rowOf(number);
    if (row.state === "open") return row;
    throw new OperatorError("input", `pull request ${number} is already ${row.state}`, {
      where: repository.dir,
      remedy: "Only open pull requests can be merged or closed.",
    });
  };

  const record = async (number: number, branchHead: string, mergeCommit: string): Promise<PullRequest> => {
    database
      .prepare("update pull_requests set state = 'merged', head = ?, merge_commit = ?, merged_at = ? where number = ?")
      .run(branchHead, mergeCommit, clock.now(), number);
    return toPullRequest(rowOf(number));
  };

  return {
    name: "local",
    defaultBranch: main,
    head,
    tree: (commit) => repository.tree(commit),
    // Merging is a command of its own here, and a person's.
    loopholes: async () => [],
    broughtBy: async (commit) => {
      const fork = await repository.mergeBase(await head(), commit);
      if (fork === null) throw unrelated(commit, main, repository.dir);
      return { fork, ...differences(await repository.tree(fork), await repository.tree(commit)) };
    },
    branchHead: (branch) => repository.resolve(heads(branch)),
    history: async (path) => repository.history(heads(main), path),
    pullRequests: async (filter = {}) => {
      const rows = database.prepare("select * from pull_requests order by number desc").all() as unknown as Row[];
      const wanted = rows.filter(
        (row) =>
          (filter.branch === undefined || row.branch === filter.branch) &&
          (filter.state === undefined || row.state === filter.state),
      );
      return Promise.all(wanted.map(toPullRequest));
    },
    writeBranch: async ({ branch, base, expected, files, message }) => {
      const at = await head();
      if (at !== base) return { done: false, why: `${main} moved from ${base.slice(0, 12)} to ${at.slice(0, 12)}` };
      // Seconds, because git keeps no finer time; the clock's, so that the same bytes give the same commit.
      const commit = await repository.commit({ base, files, message, time: clock.now() });
      if (commit === expected) return { done: true, commit };
      if (await repository.updateRef(heads(branch), commit, expected)) return { done: true, commit };
      return { done: false, why: `${branch} is not where it was read (${expected ?? "absent"})` };
    },
    openPullRequest: async ({ branch, title, body }) => {
      const at = await repository.resolve(heads(branch));
      if (at === null)
        throw new OperatorError("outside", `the branch ${branch} does not exist`, {
          where: repository.dir,
          remedy: "Write the branch before the pull request.",
        });
      const known = database.prepare("select * from pull_requests where branch = ? and state = 'open'").get(branch);
      if (known !== undefined) return toPullRequest(known as unknown as Row);
      const done = database
        .prepare(
          "insert into pull_requests (branch, title, body, state, author, head, created_at) values (?, ?, ?, 'open', ?, ?, ?)",
        )
        .run(branch, title, body, author, at, clock.now());
      return toPullRequest(rowOf(Number(done.lastInsertRowid)));
    },
    updatePullRequest: async ({ number, title, body }) => {
      openRow(number);
      database.prepare("update pull_requests set title = ?, body = ? where number = ?").run(title, body, number);
      return toPullRequest(rowOf(number));
    },
    merge: async (number) => {
      const row = openRow(number);
      const ours = await head();
      const theirs = await repository.resolve(heads(row.branch));
      if (theirs === null)
        throw new OperatorError("input", `the branch ${row.branch} of pull request ${number} is gone`, {
          where: repository.dir,
          remedy: `Close it: network-operator pr close ${number}`,
        });
      // Killed between moving main and writing it down: the merge is there, only the note is missing.
      if (await repository.isAncestor(theirs, ours)) return record(number, theirs, ours);
      const message = `Merge pull request #${number} from ${row.branch}\n\n${row.title}\n`;
      const merged = await repository.merge({ ours, theirs, message, time: clock.now() });
      if ("conflicts" in merged)
        throw new OperatorError(
          "input",
          `pull request ${number} conflicts with ${main} in ${merged.conflicts.join(", ")}`,
          {
            where: repository.dir,
            remedy: "Ask for the namespace again: the branch is then made anew on top of main.",
          },
        );
      if (!(await repository.updateRef(heads(main), merged.commit, ours)))
        throw new OperatorError("busy", `${main} moved during the merge`, {
          where: repository.dir,
          remedy: "Merge again.",
        });
      return record(number, theirs, merged.commit);
    },
    close: async (number) => {
      const row = openRow(number);
      const at = (await repository.resolve(heads(row.branch))) ?? row.head;
      database
        .prepare("update pull_requests set state = 'closed', head = ?, closed_at = ? where number = ?")
        .run(at, clock.now(), number);
      return toPullRequest(rowOf(number));
    },
    diff: async (number) => {
      const row = rowOf(number);
      if (row.merge_commit !== null) return repository.diff(`${row.merge_commit}^1`, row.merge_commit);
      return repository.diff(await head(), (await repository.resolve(heads(row.branch))) ?? row.head, "since-fork");
    },
    dispose: () => database.close(),
  };
};
