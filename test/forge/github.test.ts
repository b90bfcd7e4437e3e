import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { blobId, type FileChange } from "../../src/facts/changeset.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import type { ForgeReader, ForgeWriter } from "../../src/facts/ports.ts";
import { credentialsFrom, githubClient, type Credentials, type GitHubClient } from "../../src/forge/github/client.ts";
import { githubChecks, githubGreen, githubNotices } from "../../src/forge/github/check.ts";
import { githubForge } from "../../src/forge/github/forge.ts";
import { HELD_BACK, openFront, type Front } from "./github-front.ts";

// Stateful, with real git object ids, and what it lacks in front of it.
let front: Front;
let client: GitHubClient;
let forge: ForgeReader & ForgeWriter;
const cache = mkdtempSync(join(tmpdir(), "blobs-"));

const file = (path: string, text: string | null): FileChange => ({ path, mode: "100644", text });
const TOKEN: Credentials = { kind: "token", token: "secret" };
const PATIENCE = { throttle: false, retries: 0 };
const at = (name = "ops") => ({ owner: "operator", name, apiUrl: front.url });
const forgeOf = (through: GitHubClient, place = at()): ForgeReader & ForgeWriter =>
  githubForge({ client: through, place, branch: "main", cache });

beforeAll(async () => {
  front = await openFront();
});
afterAll(async () => {
  await front.close();
  rmSync(cache, { recursive: true, force: true });
});
beforeEach(() => {
  front.reset();
  client = githubClient(at(), TOKEN, PATIENCE);
  forge = forgeOf(client);
});

const write = async (
  branch: string,
  expected: string | null = null,
  text = "kind: Policy\n",
): ReturnType<ForgeWriter["writeBranch"]> =>
  forge.writeBranch({
    branch,
    base: await forge.head(),
    expected,
    files: [file("apps/selfhosted/cnp-allow.yaml", text)],
    message: "allows for selfhosted",
  });

describe("GitHub", () => {
  it("gets exactly the bytes that were judged, on a branch of their own", async () => {
    const done = await write("netpol/selfhosted");
    expect(done).toMatchObject({ done: true });
    const at = await forge.branchHead("netpol/selfhosted");
    const tree = await forge.tree(at ?? "");
    const text = tree.read("apps/selfhosted/cnp-allow.yaml");
    expect(text === null ? null : blobId(text)).toBe(blobId("kind: Policy\n"));
    expect(tree.mode("apps/selfhosted/cnp-allow.yaml")).toBe("100644");
    expect((await forge.tree(await forge.head())).read("apps/selfhosted/cnp-allow.yaml")).toBeNull();
  });

  it("asked twice, has one pull request", async () => {
    await write("netpol/selfhosted");
    const first = await forge.openPullRequest({ branch: "netpol/selfhosted", title: "Allows", body: "why" });
    const second = await forge.openPullRequest({ branch: "netpol/selfhosted", title: "Allows", body: "why" });
    expect(second.number).toBe(first.number);
    expect(await forge.pullRequests({ branch: "netpol/selfhosted" })).toHaveLength(1);
    expect(first).toMatchObject({ state: "open", base: "main", author: "operator", mergeCommit: null });
  });

  it("refuses to move a branch that is not where it was read", async () => {
    const first = await write("netpol/selfhosted");
    expect(await write("netpol/selfhosted")).toMatchObject({ done: false });
    expect(await write("netpol/selfhosted", "0".repeat(40))).toMatchObject({ done: false });
    const at = first.done ? first.commit : null;
    expect(await write("netpol/selfhosted", at, "kind: Other\n")).toMatchObject({ done: true });
  });

  it("writes nothing once main has moved", async () => {
    const base = await forge.head();
    const moved = await write("other");
    await client.rest.git.updateRef({
      owner: "operator",
      repo: "ops",
      ref: "heads/main",
      sha: moved.done ? moved.commit : "",
    });
    const late = await forge.writeBranch({
      branch: "netpol/late",
      base,
      expected: null,
      files: [file("a.yaml", "a")],
      message: "late",
    });
    expect(late).toMatchObject({ done: false });
    expect(await forge.branchHead("netpol/late")).toBeNull();
  });

  it("knows a merged pull request and the commit that main had after it", async () => {
    await write("netpol/selfhosted");
    const { number } = await forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" });
    await client.rest.pulls.merge({ owner: "operator", repo: "ops", pull_number: number, merge_method: "merge" });
    const [merged] = await forge.pullRequests({ state: "merged" });
    expect(merged).toMatchObject({ number, state: "merged" });
    expect(merged?.mergeCommit).toBe(await forge.head());
  });

  it("reads what was closed once, and after that only what was closed or opened again since", async () => {
    const row = (number: number, state: "open" | "closed", updated: number) => ({
      number,
      html_url: "u",
      title: "t",
      body: "b",
      state,
      user: { login: "x" },
      head: { ref: `b${number}`, sha: "s", repo: { full_name: "operator/ops" } },
      base: { ref: "main" },
      created_at: "2026-01-01T00:00:00Z",
      updated_at: new Date(Date.UTC(2026, 0, 1) + updated * 60_000).toISOString(),
      merged_at: null,
      closed_at: null,
      merge_commit_sha: null,
    });
    let rows = Array.from({ length: 250 }, (_, at) => row(at + 1, at < 240 ? "closed" : "open", at));
    const pages: string[] = [];
    front.answer = (url) => {
      if (!url.pathname.endsWith("/pulls")) return null;
      const state = url.searchParams.get("state");
      const page = Number(url.searchParams.get("page") ?? 1);
      pages.push(`${state} ${page}`);
      const found = rows
        .filter((one) => one.state === state)
        .toSorted((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
      const last = Math.ceil(found.length / 100);
      return {
        status: 200,
        body: found.slice((page - 1) * 100, page * 100),
        headers: last > page ? { link: `<http://x/?page=${last}>; rel="last"` } : {},
      };
    };
    expect(await forge.pullRequests()).toHaveLength(250);
    expect(pages).toEqual(["open 1", "closed 1", "closed 2", "closed 3"]);
    pages.length = 0;
    rows = rows.map((one) =>
      one.number === 3 ? row(3, "open", 900) : one.number === 245 ? row(245, "closed", 901) : one,
    );
    const later = await forge.pullRequests();
    expect(pages).toEqual(["open 1", "closed 1"]);
    expect(later).toHaveLength(250);
    const stateOf = (number: number) => later.find((pull) => pull.number === number)?.state;
    expect([stateOf(3), stateOf(245), stateOf(240), stateOf(1)]).toEqual(["open", "closed", "closed", "closed"]);
  });

  it("changes the text of a pull request in place", async () => {
    await write("netpol/selfhosted");
    const { number } = await forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" });
    expect(await forge.updatePullRequest({ number, title: "t2", body: "b2" })).toMatchObject({
      number,
      title: "t2",
      body: "b2",
    });
  });

  it("says which commit a head left main at, and exactly the files it brings, whatever they are called", async () => {
    await write("netpol/selfhosted");
    const base = await forge.head();
    const done = await forge.writeBranch({
      branch: "odd",
      base,
      expected: null,
      files: [file("apps/policy.bin", "kind: Policy\n"), file("README.md", null)],
      message: "odd",
    });
    const brought = await forge.broughtBy(done.done ? done.commit : "");
    expect(brought).toMatchObject({ fork: base, unread: [] });
    expect(brought.files.map(({ path, text }) => [path, text])).toEqual([
      ["README.md", null],
      ["apps/policy.bin", "kind: Policy\n"],
    ]);
  });

  it("takes no stranger's branch for its own: a fork's goes by its owner", async () => {
    await client.rest.repos.createFork({ owner: "operator", repo: "ops", name: "theirs" }).catch(() => undefined);
    await write("netpol/selfhosted");
    const opened = await forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" });
    const pull = await client.rest.pulls.get({ owner: "operator", repo: "ops", pull_number: opened.number });
    front.answer = ({ pathname, searchParams }) =>
      pathname.endsWith("/pulls") && searchParams.get("state") === "open"
        ? {
            status: 200,
            body: [
              { ...pull.data, head: { ...pull.data.head, repo: { ...pull.data.head.repo, full_name: "guest/ops" } } },
            ],
          }
        : null;
    expect((await forge.pullRequests()).map(({ branch }) => branch)).toEqual(["guest/ops:netpol/selfhosted"]);
  });
});

describe("the check on GitHub", () => {
  const said = async (credentials: Credentials): Promise<void> => {
    const through = githubClient(at(), credentials, PATIENCE);
    const head = await forge.head();
    const checks = githubChecks(through, at(), credentials);
    const notices = githubNotices(through, at(), credentials.kind);
    expect(await checks.check(head)).toBeNull();
    await notices.notice({ head, state: "pending", summary: "judging", text: "" });
    expect(await checks.check(head)).toEqual({ state: "pending", summary: "judging" });
    await notices.notice({ head, state: "failure", summary: "replay ".repeat(60), text: "one flow dropped" });
    expect(await checks.check(head)).toMatchObject({ state: "failure" });
    await githubGreen(through, at(), credentials.kind, "main").green({ head, summary: "12 gates passed", text: "" });
    expect(await checks.check(head)).toEqual({ state: "success", summary: "12 gates passed" });
  };
  const app = (): Credentials => ({
    kind: "app",
    appId: 12_345,
    installationId: 100,
    privateKey: front.emulator.generatedSecrets.find(({ kind }) => kind === "github.app_private_key")?.value ?? "",
  });
  const written = (): string[] =>
    front.asked
      .filter((asked) => /^POST .*\/(statuses\/|check-runs$)/.test(asked))
      .map((a) => a.replace(/\/[0-9a-f]{40}$/, ""));

  it("is a check run with an App, and never a status", async () => {
    await said(app());
    expect(new Set(written())).toEqual(new Set(["POST /repos/operator/ops/check-runs"]));
  });

  it("is a commit status with a token, and never a check run", async () => {
    await said(TOKEN);
    expect(new Set(written())).toEqual(new Set(["POST /repos/operator/ops/statuses"]));
  });

  it("takes no other App's word for its own", async () => {
    const credentials = app();
    const other = { id: 9, app: { id: 99 }, status: "completed", conclusion: "success", output: { title: "green" } };
    front.answer = ({ pathname }) =>
      pathname.endsWith("/check-runs") ? { status: 200, body: { total_count: 1, check_runs: [other] } } : null;
    const checks = githubChecks(githubClient(at(), credentials, PATIENCE), at(), credentials);
    expect(await checks.check("a".repeat(40))).toBeNull();
    other.app.id = 12_345;
    expect(await checks.check("a".repeat(40))).toEqual({ state: "success", summary: "green" });
  });

  it("an App opens pull requests under its own name", async () => {
    const credentials = app();
    forge = forgeOf(githubClient(at(), credentials, PATIENCE));
    await write("netpol/selfhosted");
    const opened = await forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" });
    expect(opened).toMatchObject({ author: "network-operator[bot]", state: "open" });
  });
});

describe("dry run", () => {
  const [review, checks] = HELD_BACK;
  const holes: readonly (readonly [string, () => void, RegExp])[] = [
    ["no ruleset at all", () => (front.rules = []), /no approving review is required/],
    ["no review", () => (front.rules = HELD_BACK.filter((rule) => rule !== review)), /no approving review/],
    ["a ruleset that the agent may bypass", () => (front.bypass = "always"), /may bypass ruleset 42/],
    ["a ruleset that does not say who may", () => (front.bypass = null), /does not say who may bypass/],
  ];

  it.each(holes)("with %s nothing can be written, by any of the ways to write", async (_what, open, why) => {
    const base = await forge.head();
    open();
    expect((await forge.loopholes()).map(({ said }) => said).join("; ")).toMatch(why);
    await expect(write("netpol/selfhosted")).rejects.toThrow(why);
    await expect(forge.openPullRequest({ branch: "main", title: "t", body: "b" })).rejects.toThrow("dry run");
    await expect(forge.updatePullRequest({ number: 1, title: "t", body: "b" })).rejects.toThrow("dry run");
    const green = githubGreen(client, at(), "token", "main");
    await expect(green.green({ head: base, summary: "s", text: "" })).rejects.toThrow("dry run");
    expect(front.asked.filter((asked) => !asked.startsWith("GET "))).toEqual([]);
    // Red and pending only hold back: they are said in any case.
    await githubNotices(client, at(), "token").notice({ head: base, state: "pending", summary: "dry run", text: "" });
    expect(await githubChecks(client, at(), TOKEN).check(base)).toMatchObject({ state: "pending" });
  });

  it("does not ask for the check to be pinned: doctor does", async () => {
    front.rules = HELD_BACK.filter((rule) => rule !== checks);
    expect(await forge.loopholes()).toEqual([]);
    expect(await write("netpol/selfhosted")).toMatchObject({ done: true });
  });

  it("holds where GitHub does not tell its rules", async () => {
    front.fault = (_method, path) => (path.includes("/rules/") ? { status: 403, body: { message: "no" } } : null);
    await expect(write("netpol/selfhosted")).rejects.toThrow(/refused to read the rules/);
    expect(await forge.branchHead("netpol/selfhosted")).toBeNull();
  });
});

describe("a GitHub that says no", () => {
  const says = async (what: Promise<unknown>): Promise<string> => {
    const error = await what.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OperatorError);
    const { line } = error as OperatorError;
    expect(line).not.toContain("secret");
    return line;
  };

  it("does not know the repository: an answer with the way out", async () => {
    const line = await says(forgeOf(client, at("nowhere")).head());
    expect(line).toContain("/repos/operator/nowhere");
    expect(line).toContain("Check owner and name");
  });

  it("gives a token without rights an answer that names the rights", async () => {
    const weak = forgeOf(githubClient(at(), { kind: "token", token: "weak" }, PATIENCE));
    const base = await forge.head();
    const line = await says(
      weak.writeBranch({ branch: "b", base, expected: null, files: [file("a.yaml", "a")], message: "m" }),
    );
    expect(line).toContain("contents: write");
    expect(await forge.branchHead("b")).toBeNull();
  });

  it.each([
    [
      { status: 403, body: {}, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1779279600" } },
      "rate limit",
    ],
    [{ status: 429, body: {}, headers: { "retry-after": "60" } }, "rate limit"],
    [{ status: 502, body: "<html>Unicorn!</html>" }, "502"],
  ])("is busy or broken (%j), and that is said as what it is", async (answer, word) => {
    front.fault = (_method, path) => (path.includes("/git/ref/") ? answer : null);
    expect(await says(forge.head())).toContain(word);
  });

  it("fails between branch and pull request: the branch is left for the next attempt, which finishes it", async () => {
    await write("netpol/selfhosted");
    front.fault = (method, path) =>
      method === "POST" && path.endsWith("/pulls") ? { status: 503, body: { message: "down" } } : null;
    await says(forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" }));
    front.fault = () => null;
    expect(await forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" })).toMatchObject({
      state: "open",
    });
    expect(await forge.pullRequests()).toHaveLength(1);
  });

  it("two that open the same one at once get one: the second finds the first one's", async () => {
    await write("netpol/selfhosted");
    const both = await Promise.all(
      [1, 2].map(() => forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" })),
    );
    expect(new Set(both.map(({ number }) => number)).size).toBe(1);
    expect(await forge.pullRequests()).toHaveLength(1);
  });
});

describe("credentials", () => {
  it("come from the environment: an App before a token, and nothing is an answer", () => {
    expect(credentialsFrom({ GITHUB_TOKEN: "t" })).toEqual({ kind: "token", token: "t" });
    const app = {
      NETWORK_OPERATOR_GITHUB_APP_ID: "7",
      NETWORK_OPERATOR_GITHUB_APP_PRIVATE_KEY: String.raw`a\nb`,
      NETWORK_OPERATOR_GITHUB_APP_INSTALLATION_ID: "9",
    };
    expect(credentialsFrom({ ...app, GITHUB_TOKEN: "t" })).toEqual({
      kind: "app",
      appId: 7,
      privateKey: "a\nb",
      installationId: 9,
    });
    expect(() => credentialsFrom({})).toThrow("there is no GitHub token");
  });
});
