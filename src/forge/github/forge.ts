import type { FileChange } from "../../facts/changeset.ts";
import type { ForgeReader, ForgeWriter } from "../../facts/ports.ts";
import { call, statusOf, type GitHubClient, type GitHubPlace } from "./client.ts";
import { unrelated } from "../unrelated.ts";
import { githubPulls, toPullRequest } from "./pulls.ts";
import { assertNoLoopholes, readLoopholes } from "./ruleset.ts";
import { githubDifferences, githubTree, keptTrees } from "./tree.ts";

/** GitHub behind the same port as the local forge. It has no merge: that is a person's. */
export const githubForge = (options: {
  readonly client: GitHubClient;
  readonly place: GitHubPlace;
  readonly branch: string;
  /** Folder for blobs that were read once. */
  readonly cache: string;
}): ForgeReader & ForgeWriter => {
  const { client, place } = options;
  const at = { owner: place.owner, repo: place.name };

  const refOf = async (branch: string): Promise<string | null> => {
    try {
      return (await client.rest.git.getRef({ ...at, ref: `heads/${branch}` })).data.object.sha;
    } catch (error) {
      if (statusOf(error) === 404) return null;
      return call(place, `read branch ${branch}`, () => Promise.reject(error as Error));
    }
  };

  const head = async (): Promise<string> =>
    (
      await call(place, `read branch ${options.branch}`, () =>
        client.rest.git.getRef({ ...at, ref: `heads/${options.branch}` }),
      )
    ).data.object.sha;

  /** GitHub's own word on where a head left the base; it answers 404 where they share no history. */
  const mergeBase = async (base: string, commit: string): Promise<string> => {
    try {
      const basehead = `${base}...${commit}`;
      return (await client.rest.repos.compareCommitsWithBasehead({ ...at, basehead, per_page: 1 })).data
        .merge_base_commit.sha;
    } catch (error) {
      if (statusOf(error) === 404) throw unrelated(commit, options.branch, `${place.owner}/${place.name}`);
      return call(place, `compare ${commit.slice(0, 12)} with ${options.branch}`, () => Promise.reject(error as Error));
    }
  };

  const pulls = githubPulls(client, place, options.branch);

  const commitOn = async (base: string, files: readonly FileChange[], message: string): Promise<string> => {
    const parent = await call(place, "read the base commit", () =>
      client.rest.git.getCommit({ ...at, commit_sha: base }),
    );
    const tree = await call(place, "write the tree", () =>
      client.rest.git.createTree({
        ...at,
        base_tree: parent.data.tree.sha,
        tree: files.map((file) => ({
          path: file.path,
          mode: file.mode,
          type: "blob" as const,
          ...(file.text === null ? { sha: null } : { content: file.text }),
        })),
      }),
    );
    const made = await call(place, "write the commit", () =>
      client.rest.git.createCommit({ ...at, message, tree: tree.data.sha, parents: [base] }),
    );
    return made.data.sha;
  };

  const trees = keptTrees((commit) => githubTree({ client, place, commit, cache: options.cache }));

  /** The door has asked already; a writer that did not come through it meets the same answer here. */
  const assertHeldBack = (): Promise<void> => assertNoLoopholes(client, place, options.branch);

  return {
    name: `${place.owner}/${place.name}`,
    defaultBranch: options.branch,
    head,
    tree: (commit) => trees.of(commit),
    loopholes: () => readLoopholes(client, place, options.branch),
    broughtBy: async (commit) => {
      const base = await head();
      const fork = await mergeBase(base, commit);
      return { fork, ...(await githubDifferences({ client, place, cache: options.cache }, fork, commit)) };
    },
    branchHead: refOf,
    pullRequests: pulls,
    history: async (path) => {
      const rows = await call(place, "read the history", () =>
        client.rest.repos.listCommits({
          ...at,
          sha: options.branch,
          per_page: 100,
          ...(path === undefined ? {} : { path }),
        }),
      );
      return rows.data.map((row) => ({
        commit: row.sha,
        time: Date.parse(row.commit.committer?.date ?? row.commit.author?.date ?? "1970-01-01T00:00:00Z"),
      }));
    },
    writeBranch: async ({ branch, base, expected, files, message }) => {
      await assertHeldBack();
      const commit = await commitOn(base, files, message);
      // GitHub has no compare-and-swap over two refs: main is read last, right before the branch moves.
      if ((await head()) !== base)
        return { done: false, why: `${options.branch} moved away from ${base.slice(0, 12)}` };
      if (expected === null) {
        try {
          await client.rest.git.createRef({ ...at, ref: `refs/heads/${branch}`, sha: commit });
          return { done: true, commit };
        } catch (error) {
          if (statusOf(error) === 422) return { done: false, why: `${branch} exists already` };
          return call(place, `create branch ${branch}`, () => Promise.reject(error as Error));
        }
      }
      if ((await refOf(branch)) !== expected)
        return { done: false, why: `${branch} is not where it was read (${expected})` };
      await call(place, `move branch ${branch}`, () =>
        client.rest.git.updateRef({ ...at, ref: `heads/${branch}`, sha: commit, force: true }),
      );
      return { done: true, commit };
    },
    openPullRequest: async ({ branch, title, body }) => {
      await assertHeldBack();
      // Look first: asked twice, there is one.
      const open = (await pulls({ branch, state: "open" }))[0];
      if (open !== undefined) return open;
      const fields = { head: branch, base: options.branch, title, body, maintainer_can_modify: false };
      try {
        return toPullRequest((await client.rest.pulls.create({ ...at, ...fields })).data, place);
      } catch (error) {
        // Somebody was faster: GitHub takes one pull request per head and answers 422 to the second.
        const other = statusOf(error) === 422 ? (await pulls({ branch, state: "open" }))[0] : undefined;
        if (other !== undefined) return other;
        return call(place, `open the pull request of ${branch}`, () => Promise.reject(error as Error));
      }
    },
    updatePullRequest: async ({ number, title, body }) => {
      await assertHeldBack();
      return toPullRequest(
        (
          await call(place, `update pull request ${number}`, () =>
            client.rest.pulls.update({ ...at, pull_number: number, title, body }),
          )
        ).data,
        place,
      );
    },
  };
};
