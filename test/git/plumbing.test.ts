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

  it.each(["sha1", "sha256"])("is whole in git's own eyes, whatever was changed in it: %s", async (format) => {
    const where = join(dir, format);
    await git(dir, ["init", "--quiet", "--bare", `--object-format=${format}`, where]);
    const other = openRepository(where);
    const base = await other.commit({
      base: null,
      files: [
        file("a.yaml", "a: 1\n"),
        file("a/b/c.yaml", "c\n"),
        file("a/d.yaml", "d\n"),
        // Git orders a folder as if its name ended in a slash.
        file("a-b", "same\n"),
        file("z/same", "same\n"),
        { path: "run.sh", mode: "100755", text: "#!/bin/sh\n" },
        { path: "link", mode: "120000", text: "a.yaml" },
        file("large", "x".repeat(1_200_000)),
      ],
      message: "one\n",
      time: TIME,
    });
    const next = await other.commit({
      base,
      files: [file("a/b/c.yaml", null), file("no/such", null), file("a/d.yaml", "d: 2\n"), file("ü/e", "e\n")],
      message: "two\n",
      time: TIME,
    });
    expect(await git(where, ["fsck", "--strict", next])).toBe("");
    const rows = (await git(where, ["ls-tree", "-r", next])).trim().split("\n");
    expect(rows.map((row) => `${row.slice(0, 6)} ${row.split("\t")[1] ?? ""}`)).toEqual([
      "100644 a-b",
      "100644 a.yaml",
      "100644 a/d.yaml",
      "100644 large",
      "120000 link",
      "100755 run.sh",
      "100644 z/same",
      "100644 ü/e",
    ]);
    // What was just written is told as another process reads it.
    const [here, there] = [await other.tree(next), await openRepository(where).tree(next)];
    expect(here.paths()).toEqual(there.paths());
    for (const path of here.paths())
      expect([here.read(path), here.mode(path)]).toEqual([there.read(path), there.mode(path)]);
    expect(await git(where, ["show", `${next}:large`])).toHaveLength(1_200_000);
  });

  it("keeps names that are no UTF-8, each of them, and writes nothing in their place", async () => {
    const where = repository.dir;
    const row = (mode: string, name: string, id: string): Buffer =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`, "latin1"), Buffer.from(id, "hex")]);
    const made = async (...rows: Buffer[]): Promise<string> =>
      (await git(where, ["hash-object", "-w", "-t", "tree", "--stdin"], { input: Buffer.concat(rows) })).trim();
    const blob = async (input: string) => (await git(where, ["hash-object", "-w", "--stdin"], { input })).trim();
    const folder = await made(row("100644", "in.yaml", await blob("in")));
    const files = [row("100644", "a\xe8.yaml", await blob("one")), row("100644", "a\xe9.yaml", await blob("two"))];
    const tree = await made(...files, row("40000", "f\xfc", folder));
    const author = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    const base = (await git(where, [...author, "commit-tree", tree, "-m", "x"])).trim();

    const read = await repository.tree(base);
    expect(read.paths()).toEqual(["a\uFFFDe8.yaml", "a\uFFFDe9.yaml", "f\uFFFDfc/in.yaml"]);
    expect(read.read("a\uFFFDe9.yaml")).toBe("two");
    const next = await repository.commit({ base, files: [file("new", "x")], message: "m\n", time: TIME });
    const before = await git(where, ["ls-tree", "-r", "-z", base], { bytes: "latin1" });
    const after = await git(where, ["ls-tree", "-r", "-z", next], { bytes: "latin1" });
    expect(after.replace(/[^\0]*\tnew\0/, "")).toBe(before);
    expect(await git(where, ["fsck", "--strict", "--no-dangling", next])).toBe("");
    for (const path of ["a\uFFFDe8.yaml", "f\uFFFDfc/other.yaml"])
      await expect(repository.commit({ base, files: [file(path, "x")], message: "m", time: TIME })).rejects.toThrow(
        "which nobody asked to change",
      );
  });

  it("leaves submodules where they are, and says what git has against an object", async () => {
    const rows = `160000 commit ${first}\tsub\n`;
    const tree = (await git(repository.dir, ["mktree"], { input: rows })).trim();
    const author = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    const base = (await git(repository.dir, [...author, "commit-tree", tree, "-m", "x"])).trim();
    const write = (path: string, text: string | null): Promise<string> =>
      repository.commit({ base, files: [file(path, text)], message: "m", time: TIME });
    for (const [path, text] of [
      ["sub", null],
      ["sub", "x"],
      ["sub/x", "x"],
    ] as const)
      await expect(write(path, text)).rejects.toThrow("which nobody asked to change");
    expect(await git(repository.dir, ["ls-tree", await write("a", "x")])).toContain(rows);
    await expect(write(".gitmodules", '[submodule "x"]\n\tpath = x\n\turl = -u./p\n')).rejects.toThrow("gitmodulesUrl");
    await expect(write("git~1/x", "x")).rejects.toThrow("hasDotgit");
  });

  it("stands on a commit, not on a name that moves", async () => {
    const change = { base: "refs/heads/main", files: [file("c", "c")], message: "c", time: TIME };
    await expect(repository.commit(change)).rejects.toThrow("is no id of one");
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

  it("is read where git keeps it: loose, packed, or moved a moment ago by somebody else", async () => {
    const next = await repository.commit({ base: first, files: [file("c.yaml", "c\n")], message: "c", time: TIME });
    const where = repository.dir;
    await git(where, ["update-ref", "refs/heads/deep/branch", first]);
    await git(where, ["tag", "-a", "-m", "t", "v1", first], {
      env: { GIT_COMMITTER_NAME: "t", GIT_COMMITTER_EMAIL: "t@t" },
    });
    const asGitSays = async (): Promise<readonly (readonly string[])[]> =>
      (await git(where, ["for-each-ref", "--format=%(refname) %(objectname)"]))
        .trim()
        .split("\n")
        .map((row) => row.split(" "));
    expect([...(await repository.refs())]).toEqual(await asGitSays());
    await git(where, ["pack-refs", "--all"]);
    expect([...(await repository.refs())]).toEqual(await asGitSays());
    expect(await repository.resolve("refs/heads/deep/branch")).toBe(first);
    await git(where, ["update-ref", "refs/heads/main", next]);
    expect(await repository.resolve("refs/heads/main")).toBe(next);
    expect((await repository.refs()).get("refs/heads/main")).toBe(next);
    await git(where, ["update-ref", "-d", "refs/heads/deep/branch"]);
    expect(await repository.resolve("refs/heads/deep/branch")).toBeNull();
    expect([...(await repository.refs())]).toEqual(await asGitSays());
    await git(where, ["symbolic-ref", "refs/heads/other", "refs/heads/main"]);
    expect(await repository.resolve("refs/heads/other")).toBe(next);
    expect([...(await repository.refs())]).toEqual(await asGitSays());
  });

  it("is git's own, whatever is checked out beside it under the same names", async () => {
    const where = join(dir, "checkout");
    await git(dir, ["clone", "--quiet", repository.dir, where]);
    const other = await repository.commit({ base: first, files: [file("c", "c\n")], message: "c\n", time: TIME });
    for (const folder of ["objects", "refs/heads", "refs/tags"]) await mkdir(join(where, folder), { recursive: true });
    await writeFile(join(where, "HEAD"), "ref: refs/heads/main\n");
    await writeFile(join(where, "refs/heads/main"), `${other}\n`);
    const opened = openRepository(where);
    expect(await opened.resolve("refs/heads/main")).toBe(first);
    expect((await opened.refs()).get("refs/heads/main")).toBe(first);
  });

  it("is read through a worktree too", async () => {
    const where = join(dir, "worktree");
    await git(repository.dir, ["worktree", "add", "--quiet", "--detach", where, "main"]);
    const worktree = openRepository(where);
    expect(await worktree.resolve("refs/heads/main")).toBe(first);
    expect((await worktree.refs()).get("refs/heads/main")).toBe(first);
    const next = await worktree.commit({ base: first, files: [file("c", "c\n")], message: "c\n", time: TIME });
    expect(await git(repository.dir, ["cat-file", "-t", next])).toBe("commit\n");
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

  it("shows a commit's own bytes, whatever it would have git show in their place", async () => {
    const forged = await repository.commit({
      base: null,
      files: [file("a.yaml", "forged\n")],
      message: "f",
      time: TIME,
    });
    await git(repository.dir, ["replace", first, forged]);
    expect((await openRepository(repository.dir).tree(first)).read("a.yaml")).toBe("a: 1\n");
    expect(await git(repository.dir, ["show", `${first}:a.yaml`])).toBe("a: 1\n");
  });

  it("that was cloned only in part tells its own history, and not the whole one's", async () => {
    const next = await repository.commit({ base: first, files: [file("c", "c\n")], message: "c", time: TIME });
    await repository.updateRef("refs/heads/main", next, first);
    const part = join(dir, "part");
    await git(dir, ["clone", "--quiet", "--bare", "--depth=1", `file://${repository.dir}`, part]);
    const history = async (which: GitRepository) => (await which.history("refs/heads/main")).map((h) => h.commit);
    expect(await history(repository)).toEqual([next, first]);
    expect(await history(openRepository(part))).toEqual([next]);
    expect(await openRepository(part).mergeBase(next, first)).toBeNull();
    expect(await repository.mergeBase(next, first)).toBe(first);
    expect(await openRepository(part).mergeBase(next, first)).toBeNull();
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
