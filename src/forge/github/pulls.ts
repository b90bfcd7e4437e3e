import type { PullRequest } from "../../facts/ports.ts";
import { call, type GitHubClient, type GitHubPlace } from "./client.ts";

interface GitHubPull {
  readonly number: number;
  readonly html_url: string;
  readonly title: string;
  readonly body: string | null;
  readonly state: string;
  readonly user: { readonly login: string } | null;
  readonly head: { readonly ref: string; readonly sha: string; readonly repo?: { readonly full_name: string } | null };
  readonly base: { readonly ref: string };
  readonly created_at: string;
  readonly updated_at: string;
  readonly merged_at: string | null;
  readonly closed_at: string | null;
  readonly merge_commit_sha: string | null;
}

const time = (text: string | null): number | null => (text === null ? null : Date.parse(text));

/** A fork's branch is not ours, whatever it is called: it goes by its owner too, as GitHub's own labels do. */
const branchOf = ({ head }: GitHubPull, place: GitHubPlace): string => {
  const home = head.repo?.full_name ?? null;
  if (home?.toLowerCase() === `${place.owner}/${place.name}`.toLowerCase()) return head.ref;
  return `${home ?? "gone"}:${head.ref}`;
};

export const toPullRequest = (pull: GitHubPull, place: GitHubPlace): PullRequest => ({
  number: pull.number,
  url: pull.html_url,
  branch: branchOf(pull, place),
  base: pull.base.ref,
  title: pull.title,
  body: pull.body ?? "",
  state: pull.merged_at !== null ? "merged" : pull.state === "open" ? "open" : "closed",
  author: pull.user?.login ?? "unknown",
  head: pull.head.sha,
  mergeCommit: pull.merged_at === null ? null : pull.merge_commit_sha,
  createdAt: Date.parse(pull.created_at),
  mergedAt: time(pull.merged_at),
  closedAt: time(pull.closed_at),
});

const PER_PAGE = 100;
const CONCURRENT = 8;

/** `Link: <…&page=80>; rel="last"` */
const lastPage = (link: string | undefined): number =>
  Number(/[?&]page=(\d+)[^>]*>;\s*rel="last"/.exec(link ?? "")?.[1] ?? 1);

/**
 * Pull requests into the default branch. Open ones are read in full each time. A repository that a bot feeds has thousands
 * of closed ones: they are read once per process, and after that only what was updated since, newest first.
 */
export const githubPulls = (
  client: GitHubClient,
  place: GitHubPlace,
  base: string,
): ((filter?: { branch?: string; state?: PullRequest["state"] }) => Promise<readonly PullRequest[]>) => {
  const at = { owner: place.owner, repo: place.name, base, per_page: PER_PAGE };
  const closed = new Map<number, PullRequest>();
  let updated = "";

  const page = (number: number): ReturnType<GitHubClient["rest"]["pulls"]["list"]> =>
    call(place, "list pull requests", () =>
      client.rest.pulls.list({ ...at, state: "closed", sort: "updated", direction: "desc", page: number }),
    );

  /** Whole the first time; then down to what was known already. Says which it saw; a pass that failed is not remembered. */
  const readClosed = async (): Promise<ReadonlySet<number>> => {
    const first = await page(1);
    const newest = first.data[0]?.updated_at ?? updated;
    const rows: GitHubPull[] = [...first.data];
    const last = lastPage(first.headers.link);
    if (updated === "") {
      const pages = Array.from({ length: Math.max(0, last - 1) }, (_, n) => n + 2).values();
      const work = async (): Promise<void> => {
        for (const number of pages) rows.push(...(await page(number)).data);
      };
      await Promise.all(Array.from({ length: CONCURRENT }, work));
    } else
      for (let number = 2; number <= last && (rows.at(-1)?.updated_at ?? "") >= updated; number += 1)
        rows.push(...(await page(number)).data);
    for (const row of rows) closed.set(row.number, toPullRequest(row, place));
    updated = newest;
    return new Set(rows.map(({ number }) => number));
  };

  const all = async (): Promise<readonly PullRequest[]> => {
    const open = await openOnes();
    const seen = await readClosed();
    // Opened again since it was read as closed; what closed between the two looks was seen just now.
    for (const { number } of open) if (!seen.has(number)) closed.delete(number);
    return [...open.filter(({ number }) => !closed.has(number)), ...closed.values()];
  };

  const openOnes = async (): Promise<readonly PullRequest[]> =>
    (
      await call(place, "list pull requests", () => client.paginate(client.rest.pulls.list, { ...at, state: "open" }))
    ).map((pull) => toPullRequest(pull, place));

  const ofBranch = async (branch: string): Promise<readonly PullRequest[]> =>
    (
      await call(place, "list pull requests", () =>
        client.paginate(client.rest.pulls.list, { ...at, state: "all", head: `${place.owner}:${branch}` }),
      )
    ).map((pull) => toPullRequest(pull, place));

  return async ({ branch, state } = {}) => {
    const found = branch !== undefined ? await ofBranch(branch) : state === "open" ? await openOnes() : await all();
    return found
      .filter((pr) => (state === undefined || pr.state === state) && (branch === undefined || pr.branch === branch))
      .sort((a, b) => b.number - a.number);
  };
};
