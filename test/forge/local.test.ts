import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileChange } from "../../src/facts/changeset.ts";
import { localForge } from "../../src/forge/local.ts";
import { initBare, type GitRepository } from "../../src/git/plumbing.ts";

const file = (path: string, text: string): FileChange => ({ path, mode: "100644", text });

let dir: string;
let repository: GitRepository;
let forge: ReturnType<typeof localForge>;
let base: string;
const clock = { now: () => Date.UTC(2026, 4, 18) };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "forge-"));
  repository = await initBare(join(dir, "remote.git"));
  base = await repository.commit({ base: null, files: [file("a.yaml", "a\n")], message: "first", time: 0 });
  await repository.updateRef("refs/heads/main", base, null);
  forge = localForge({ repository, state: dir, clock });
});
afterEach(async () => {
  forge.dispose();
  await rm(dir, { recursive: true, force: true });
});

const propose = async (branch: string, path = "b.yaml"): Promise<number> => {
  const request = { branch, base, expected: null, files: [file(path, "b\n")], message: "b" };
  expect(await forge.writeBranch(request)).toMatchObject({ done: true });
  return (await forge.openPullRequest({ branch, title: "t", body: "b" })).number;
};

describe("the local forge", () => {
  it("writes no branch once main has moved from where it was read", async () => {
    const other = await repository.commit({ base, files: [file("z", "z")], message: "z", time: 0 });
    await repository.updateRef("refs/heads/main", other, base);
    const answer = await forge.writeBranch({
      branch: "netpol/a",
      base,
      expected: null,
      files: [file("b", "b")],
      message: "b",
    });
    expect(answer).toMatchObject({ done: false });
    expect(await forge.branchHead("netpol/a")).toBeNull();
  });

  it("keeps one open pull request per branch, however often it is asked", async () => {
    const number = await propose("netpol/a");
    expect((await forge.openPullRequest({ branch: "netpol/a", title: "again", body: "b" })).number).toBe(number);
    expect(await forge.pullRequests()).toHaveLength(1);
  });

  it("merges for a person and remembers what main was then", async () => {
    const number = await propose("netpol/a");
    const merged = await forge.merge(number);
    expect(merged).toMatchObject({ state: "merged", mergeCommit: await forge.head(), mergedAt: clock.now() });
    expect((await forge.tree(await forge.head())).read("b.yaml")).toBe("b\n");
    await expect(forge.merge(number)).rejects.toThrow("already merged");
  });

  it("shows what a pull request changes, before and after it is merged", async () => {
    const number = await propose("netpol/a");
    expect(await forge.diff(number)).toContain("+b");
    await forge.merge(number);
    expect(await forge.diff(number)).toContain("+++ b/b.yaml");
  });

  it("finds a merge that a kill left unrecorded", async () => {
    const number = await propose("netpol/a");
    const branch = await forge.branchHead("netpol/a");
    await repository.updateRef("refs/heads/main", branch, base);
    expect(await forge.merge(number)).toMatchObject({ state: "merged", mergeCommit: branch });
  });

  it("names the files in conflict and merges nothing", async () => {
    const first = await propose("netpol/a");
    const second = await propose("netpol/b");
    const third = await forge.writeBranch({
      branch: "netpol/c",
      base,
      expected: null,
      files: [file("b.yaml", "other\n")],
      message: "c",
    });
    expect(third.done).toBe(true);
    const { number } = await forge.openPullRequest({ branch: "netpol/c", title: "t", body: "b" });
    await forge.merge(first);
    await forge.merge(second);
    const before = await forge.head();
    await expect(forge.merge(number)).rejects.toThrow("b.yaml");
    expect(await forge.head()).toBe(before);
  });

  it("says which pull requests there are when asked for one that is not", async () => {
    await expect(forge.close(99)).rejects.toThrow("there is no pull request 99");
  });
});
