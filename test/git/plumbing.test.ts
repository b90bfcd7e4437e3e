import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as isomorphic from "isomorphic-git";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileChange } from "../../src/facts/changeset.ts";
import { blobId } from "../../src/facts/changeset.ts";
import { initBare, openRepository, type GitRepository } from "../../src/git/plumbing.ts";
import { git } from "../../src/git/run.ts";

const file = (path: string, text: string | null): FileChange => ({ path, mode: "100644", text });
const TIME = Date.UTC(2026, 4, 18);

let dir: string;
let repository: GitRepository;
let first: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "git-"));
  repository = await initBare(join(dir, "remote.git"));
  first = await repository.commit({
    base: null,
    files: [file("a.yaml", "a: 1\n"), file("apps/b.yaml", "b: ü\n")],
    message: "first\n",
    time: TIME,
  });
  await repository.updateRef("refs/heads/main", first, null);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe("a commit made by plumbing", () => {
  it("is the commit that an independent implementation makes of the same bytes", async () => {
    const other = join(dir, "other");
    await mkdir(join(other, "apps"), { recursive: true });
    await writeFile(join(other, "a.yaml"), "a: 1\n");
    await writeFile(join(other, "apps/b.yaml"), "b: ü\n");
    await isomorphic.init({ fs, dir: other, defaultBranch: "main" });
    await isomorphic.add({ fs, dir: other, filepath: ["a.yaml", "apps/b.yaml"] });
    const person = {
      name: "network-operator",
      email: "network-operator@localhost",
      timestamp: TIME / 1000,
      timezoneOffset: 0,
    };
    const theirs = await isomorphic.commit({ fs, dir: other, message: "first\n", author: person, committer: person });
    expect(first).toBe(theirs);
  });

  it("adds, changes and removes files and leaves the others alone", async () => {
    const next = await repository.commit({
      base: first,
      files: [file("a.yaml", null), file("c.yaml", "c: 3\n")],
      message: "second\n",
      time: TIME,
    });
    const tree = await repository.tree(next);
    expect(tree.paths()).toEqual(["apps/b.yaml", "c.yaml"]);
    expect(tree.read("apps/b.yaml")).toBe("b: ü\n");
    expect(tree.read("a.yaml")).toBeNull();
    expect(tree.mode("c.yaml")).toBe("100644");
  });

  it.each(["../evil", "/etc/passwd", ".git/hooks/post-update", "a/../../b", "a//b", "x/.GIT/config", ""])(
    "never writes outside the tree or into git's own folder: %j",
    async (path) => {
      await expect(
        repository.commit({ base: first, files: [file(path, "x")], message: "evil", time: TIME }),
      ).rejects.toThrow("refusing to write");
    },
  );

  it.each([
    ["a file below a file", "a.yaml/b.md"],
    ["a file over a folder", "apps"],
  ])("changes nothing that was not named: %s", async (_what, path) => {
    const change = { base: first, files: [file(path, "x")], message: "evil", time: TIME };
    await expect(repository.commit(change)).rejects.toThrow("which nobody asked to change");
  });

  it("names blobs as git does", async () => {
    expect((await git(dir, ["hash-object", "--stdin"], { input: "grüß\n" })).trim()).toBe(blobId("grüß\n"));
  });
});

describe("a ref", () => {
  it("moves only from where it was read", async () => {
    const next = await repository.commit({ base: first, files: [file("c.yaml", "c\n")], message: "c", time: TIME });
    expect(await repository.updateRef("refs/heads/x", next, null)).toBe(true);
    expect(await repository.updateRef("refs/heads/x", first, null)).toBe(false);
    expect(await repository.updateRef("refs/heads/x", first, first)).toBe(false);
    expect(await repository.updateRef("refs/heads/x", first, next)).toBe(true);
  });

  it("is not an option, whatever it is called", async () => {
    expect(await repository.resolve("--help")).toBeNull();
    expect(await repository.resolve("no-such-branch")).toBeNull();
    expect(await repository.resolve("main")).toBe(first);
  });
});

describe("a merge", () => {
  it("joins two changes to different files, and names the path where two changes meet", async () => {
    const ours = await repository.commit({ base: first, files: [file("a.yaml", "a: 2\n")], message: "o", time: TIME });
    const apart = await repository.commit({ base: first, files: [file("c.yaml", "c\n")], message: "t", time: TIME });
    const clash = await repository.commit({ base: first, files: [file("a.yaml", "a: 3\n")], message: "t", time: TIME });
    const merged = await repository.merge({ ours, theirs: apart, message: "m", time: TIME });
    expect("commit" in merged && (await repository.tree(merged.commit)).paths()).toEqual([
      "a.yaml",
      "apps/b.yaml",
      "c.yaml",
    ]);
    expect(await repository.merge({ ours, theirs: clash, message: "m", time: TIME })).toEqual({
      conflicts: ["a.yaml"],
    });
  });
});

describe("a repository", () => {
  it("that is none says so and names the way out", async () => {
    await expect(openRepository(dir).history("main")).resolves.toEqual([]);
    await expect(openRepository(dir).tree("main")).rejects.toThrow(/git ls-tree failed/);
  });

  it("tells when a path changed", async () => {
    const next = await repository.commit({
      base: first,
      files: [file("c.yaml", "c\n")],
      message: "c",
      time: TIME + 60_000,
    });
    await repository.updateRef("refs/heads/main", next, first);
    expect(await repository.history("main", "c.yaml")).toEqual([{ commit: next, time: TIME + 60_000 }]);
    expect(await repository.history("main")).toHaveLength(2);
  });
});
