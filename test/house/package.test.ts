import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
let dir: string;
let bin: string;

// As npm installs it: the tarball unpacked under node_modules, where Node strips no types.
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "package-"));
  execFileSync("npm", ["pack", "--silent", "--pack-destination", dir], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const tarball = readdirSync(dir).find((name) => name.endsWith(".tgz")) ?? "";
  const at = join(dir, "node_modules", "network-operator");
  mkdirSync(at, { recursive: true });
  execFileSync("tar", ["-xzf", join(dir, tarball), "--strip-components=1", "-C", at]);
  symlinkSync(join(root, "node_modules"), join(at, "node_modules"));
  bin = join(at, "src/cli/network-operator.js");
}, 240_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [bin, ...args], { cwd: dir, encoding: "utf8" });

describe("the package", { timeout: 120_000 }, () => {
  it("runs where it is installed", () => {
    expect(run("--help")).toContain("Locks Kubernetes namespaces down with Cilium");
  });

  it("brings the graph, its texts and the sample with it", () => {
    expect(JSON.parse(run("graph", "--format", "json"))).toMatchObject({ version: 1, proof: { holds: true } });
    expect(run("sample", "status", "--state", join(dir, "state"))).toContain("selfhosted/webhook");
  });
});
