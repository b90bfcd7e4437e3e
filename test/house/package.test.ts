import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { proposedDesk } from "../story/cli.ts";

const root = resolve(import.meta.dirname, "../..");
let dir: string;
let at: string;
let bin: string;

// As npm installs it: the tarball unpacked under node_modules, where Node strips no types.
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "package-"));
  execFileSync("npm", ["pack", "--silent", "--pack-destination", dir], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const tarball = readdirSync(dir).find((name) => name.endsWith(".tgz")) ?? "";
  at = join(dir, "node_modules", "network-operator");
  mkdirSync(at, { recursive: true });
  execFileSync("tar", ["-xzf", join(dir, tarball), "--strip-components=1", "-C", at]);
  symlinkSync(join(root, "node_modules"), join(at, "node_modules"));
  bin = join(at, "src/cli/network-operator.js");
}, 240_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [bin, ...args], { cwd: dir, encoding: "utf8" });

const files = (folder: string, under: string): string[] =>
  readdirSync(join(folder, under), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

describe("the package", { timeout: 120_000 }, () => {
  it("runs where it is installed", () => {
    expect(run("--help")).toContain("Locks Kubernetes namespaces down with Cilium");
  });

  it("brings every file that the code finds beside itself", () => {
    const brought = new Set(files(join(at, "dist"), "."));
    const beside = ["src", "prompts", "tools", "evals"]
      .flatMap((folder) => files(root, folder))
      .filter((path) => !/\.(ts|proto)$|\/assembly\//.test(path));
    expect(beside).toEqual(expect.arrayContaining(["src/hubble/scan.wasm", "prompts/operator.md"]));
    expect(beside.filter((path) => !brought.has(path))).toEqual([]);
  });

  it("asks for no TypeScript: what names a file of its own that runs names what was compiled, too", () => {
    const code = files(at, "dist").filter((path) => path.endsWith(".js"));
    const named = code.flatMap((path) =>
      readFileSync(join(at, path), "utf8")
        .split("\n")
        .filter((line) => /"\.{1,2}\/[\w./-]+\.ts"/.test(line) && !/"\.{1,2}\/[\w./-]+\.js"/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(named).toEqual([]);
  });

  it("makes the sample, and carries a request through every gate", async () => {
    expect(run("pr", "list", "--state", join(dir, "new"))).toContain("No pull requests yet");
    const desk = await proposedDesk();
    try {
      const answer = run("ask", "lock down selfhosted", "--state", desk.state, "--format", "json");
      expect(JSON.parse(answer)).toMatchObject({ outcome: "pull-request", pullRequest: { number: 1 } });
    } finally {
      desk.dispose();
    }
  });
});
