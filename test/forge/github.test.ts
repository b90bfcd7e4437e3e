import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEmulator, type Emulator } from "emulate";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { blobId, type FileChange } from "../../src/facts/changeset.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import type { ForgeReader, ForgeWriter } from "../../src/facts/ports.ts";
import { credentialsFrom, githubClient, type GitHubClient } from "../../src/forge/github/client.ts";
import { githubChecks, githubGreen, githubNotices } from "../../src/forge/github/check.ts";
import { githubForge } from "../../src/forge/github/forge.ts";

// A GitHub that somebody else wrote: stateful, with real git object ids.
let emulator: Emulator;
let client: GitHubClient;
let forge: ForgeReader & ForgeWriter;
const cache = mkdtempSync(join(tmpdir(), "blobs-"));

const file = (path: string, text: string | null): FileChange => ({ path, mode: "100644", text });

beforeAll(async () => {
  emulator = await createEmulator({
    service: "github",
    port: 0,
    seed: {
      tokens: { secret: { login: "operator", scopes: ["repo"] } },
      github: { users: [{ login: "operator" }], repos: [{ owner: "operator", name: "ops", auto_init: true }] },
    },
  });
});
afterAll(async () => {
  await emulator.close();
  rmSync(cache, { recursive: true, force: true });
});
beforeEach(() => {
  emulator.reset();
  const place = { owner: "operator", name: "ops", apiUrl: emulator.url };
  client = githubClient(place, { kind: "token", token: "secret" }, { throttle: false });
  forge = githubForge({ client, place, branch: "main", cache });
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

  it("changes the text of a pull request in place", async () => {
    await write("netpol/selfhosted");
    const { number } = await forge.openPullRequest({ branch: "netpol/selfhosted", title: "t", body: "b" });
    expect(await forge.updatePullRequest({ number, title: "t2", body: "b2" })).toMatchObject({
      number,
      title: "t2",
      body: "b2",
    });
  });

  it("shows the newest word of the check, as an App's check run", async () => {
    const place = { owner: "operator", name: "ops", apiUrl: emulator.url };
    const head = await forge.head();
    const checks = githubChecks(client, place, "app");
    expect(await checks.check(head)).toBeNull();
    await githubNotices(client, place, "app").notice({ head, state: "pending", summary: "judging", text: "" });
    expect(await checks.check(head)).toEqual({ state: "pending", summary: "judging" });
    await githubNotices(client, place, "app").notice({
      head,
      state: "failure",
      summary: "replay",
      text: "one flow dropped",
    });
    expect(await checks.check(head)).toMatchObject({ state: "failure" });
    await githubGreen(client, place, "app").green({ head, summary: "12 gates passed", text: "" });
    expect(await checks.check(head)).toEqual({ state: "success", summary: "12 gates passed" });
  });

  it("that does not know the repository is an answer with the way out, and repeats no token", async () => {
    const place = { owner: "operator", name: "nowhere", apiUrl: emulator.url };
    const credentials = { kind: "token", token: "secret" } as const;
    const lost = githubForge({
      client: githubClient(place, credentials, { throttle: false }),
      place,
      branch: "main",
      cache,
    });
    const error = await lost.head().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(OperatorError);
    const line = error instanceof OperatorError ? error.line : "";
    expect(line).toContain("/repos/operator/nowhere");
    expect(line).toContain("Check owner and name");
    expect(line).not.toContain("secret");
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
