import type { CheckReader, CheckState, GreenWriter, NoticeWriter } from "../../facts/ports.ts";
import { call, type Credentials, type GitHubClient, type GitHubPlace } from "./client.ts";
import { assertNoLoopholes, CHECK_NAME } from "./ruleset.ts";

interface Word {
  readonly head: string;
  readonly state: CheckState["state"];
  readonly summary: string;
  readonly text: string;
}

/** GitHub cuts a status's line at 140 characters. */
const LINE = 140;
const TEXT = 60_000;
const line = (text: string): string => (text.length <= LINE ? text : `${text.slice(0, LINE - 1)}…`);

/** With an App a check run, with a token a commit status, never both: a ruleset pins one source. */
const write = async (
  client: GitHubClient,
  place: GitHubPlace,
  kind: Credentials["kind"],
  word: Word,
): Promise<void> => {
  const at = { owner: place.owner, repo: place.name };
  if (kind === "token") {
    await call(place, "write the commit status", () =>
      client.rest.repos.createCommitStatus({
        ...at,
        sha: word.head,
        state: word.state,
        context: CHECK_NAME,
        description: line(word.summary),
      }),
    );
    return;
  }
  await call(place, "write the check run", () =>
    client.rest.checks.create({
      ...at,
      name: CHECK_NAME,
      head_sha: word.head,
      ...(word.state === "pending"
        ? { status: "in_progress" as const }
        : { status: "completed" as const, conclusion: word.state }),
      output: { title: line(word.summary), summary: word.summary, text: word.text.slice(0, TEXT) },
    }),
  );
};

export const githubNotices = (client: GitHubClient, place: GitHubPlace, kind: Credentials["kind"]): NoticeWriter => ({
  notice: (word) => write(client, place, kind, word),
});

export const githubGreen = (
  client: GitHubClient,
  place: GitHubPlace,
  kind: Credentials["kind"],
  branch: string,
): GreenWriter => ({
  green: async (word) => {
    await assertNoLoopholes(client, place, branch);
    await write(client, place, kind, { ...word, state: "success" });
  },
});

const stateOf = (status: string, conclusion: string | null): CheckState["state"] => {
  if (status !== "completed") return "pending";
  return conclusion === "success" ? "success" : "failure";
};

/** With an App, the word of that App alone: another's run of the same name is none of ours. */
export const githubChecks = (
  client: GitHubClient,
  place: GitHubPlace,
  { kind, ...credentials }: Pick<Credentials, "kind"> & { readonly appId?: number },
): CheckReader => ({
  check: async (head) => {
    const at = { owner: place.owner, repo: place.name, ref: head };
    if (kind === "token") {
      const { data } = await call(place, "read the commit statuses", () =>
        client.rest.repos.listCommitStatusesForRef(at),
      );
      const newest = data.find((status) => status.context === CHECK_NAME);
      if (newest === undefined) return null;
      const state = newest.state === "success" ? "success" : newest.state === "pending" ? "pending" : "failure";
      return { state, summary: newest.description ?? "" };
    }
    const { data } = await call(place, "read the check runs", () =>
      client.rest.checks.listForRef({ ...at, check_name: CHECK_NAME, filter: "all", per_page: 100 }),
    );
    const ours = data.check_runs.filter(({ app }) => app === null || app.id === credentials.appId);
    const newest = ours.sort((a, b) => b.id - a.id)[0];
    if (newest === undefined) return null;
    return { state: stateOf(newest.status, newest.conclusion), summary: newest.output.title ?? "" };
  },
});
