import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import { memoryTree, type SourceTree } from "../../src/facts/tree.ts";
import { folderTree } from "../../src/gitops/folder-tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";

let dir: string;
const write = (path: string, content: string | Uint8Array): void => {
  mkdirSync(join(dir, path, ".."), { recursive: true });
  writeFileSync(join(dir, path), content);
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tree-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("a folder read as a tree", () => {
  it("lists files by their path, without git's own and without packages", () => {
    write("a/b.yaml", "x");
    write(".git/config", "x");
    write("node_modules/p/q.yaml", "x");
    expect(folderTree(dir).paths()).toEqual(["a/b.yaml"]);
    expect(folderTree(dir).read("a/b.yaml")).toBe("x");
    expect(folderTree(dir).read("a/c.yaml")).toBeNull();
  });

  it("never follows a link out of the folder, to nowhere, or to a folder", () => {
    write("inside.yaml", "here");
    symlinkSync(join(dir, "inside.yaml"), join(dir, "good.yaml"));
    symlinkSync("/etc/passwd", join(dir, "out.yaml"));
    symlinkSync(join(dir, "nowhere"), join(dir, "dead.yaml"));
    symlinkSync("/etc", join(dir, "etc"));
    const tree = folderTree(dir);
    expect([tree.read("good.yaml"), tree.read("out.yaml"), tree.read("dead.yaml"), tree.read("etc/passwd")]).toEqual([
      "here",
      null,
      null,
      null,
    ]);
    expect(tree.mode("good.yaml")).toBe("120000");
    expect(tree.leftOut.map((l) => l.path).sort()).toEqual(["dead.yaml", "etc", "out.yaml"]);
  });

  it("says that a folder is missing, or is none", () => {
    write("file", "x");
    for (const path of [join(dir, "gone"), join(dir, "file")]) {
      expect(() => folderTree(path)).toThrow(OperatorError);
      expect(() => folderTree(path)).toThrow(/folder/);
    }
  });

  it("lists a file of 50 MB without reading it, and names the entry that wanted it", () => {
    write("kustomization.yaml", "resources:\n  - huge.yaml\n");
    write("huge.yaml", "");
    truncateSync(join(dir, "huge.yaml"), 50 * 1024 * 1024);
    const tree = folderTree(dir);
    const { problems } = readInventory(tree, defaultClusterFacts);
    expect(problems.map((p) => [p.what, p.origin?.line])).toEqual([["huge.yaml cannot be read", 2]]);
    expect(tree.leftOut).toEqual([{ path: "huge.yaml", why: "a file of 50 MiB" }]);
  });

  it("reads bytes that are no UTF-8 as a problem with its place", () => {
    write("kustomization.yaml", "resources: [a.yaml]\n");
    write("a.yaml", Buffer.from("kind: A\nmetadata: {name: \xe4}\n", "latin1"));
    const { problems } = readInventory(folderTree(dir), defaultClusterFacts);
    expect(problems[0]).toMatchObject({
      what: "the file is not UTF-8",
      origin: { file: "a.yaml", line: 2, column: 18 },
    });
  });
});

it("reads a link in a commit as the same link on disk", () => {
  const files: Readonly<Record<string, string>> = {
    "kustomization.yaml": "resources: [a.yaml, out.yaml]\n",
    "a.yaml": "shared/real.yaml",
    "out.yaml": "../../etc/passwd",
    "shared/real.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: real}\n",
  };
  const links = new Set(["a.yaml", "out.yaml"]);
  const tree = memoryTree(files);
  const committed = {
    ...tree,
    mode: (path: string) => (links.has(path) ? "120000" : tree.mode(path)),
  } satisfies SourceTree;
  const { objects, problems } = readInventory(committed, defaultClusterFacts);
  expect(objects.map((o) => o.name)).toEqual(["real"]);
  expect(problems.map((p) => p.what)).toEqual(["out.yaml cannot be read"]);
});

describe("half a clone", () => {
  it("finds nothing in a folder without manifests, and says nothing wrong", () => {
    write("README.md", "hello");
    const inventory = readInventory(folderTree(dir), defaultClusterFacts);
    expect(inventory.namespaces).toEqual([]);
    expect(inventory.problems).toEqual([]);
  });

  it("names every path that is not there", () => {
    write(
      "ks.yaml",
      "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: flux-system}\nspec:\n  path: ./gone\n  sourceRef: {kind: GitRepository, name: x}\n",
    );
    const { problems } = readInventory(folderTree(dir), defaultClusterFacts);
    expect(problems).toMatchObject([{ origin: { file: "ks.yaml", line: 5 } }]);
  });
});
