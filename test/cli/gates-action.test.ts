import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { openFront, type Front } from "../forge/github-front.ts";
import { REPOSITORY } from "../graph/facts/home.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const action = parse(readFileSync(join(root, ".github/actions/gates/action.yml"), "utf8")) as {
  readonly runs: { readonly using: string; readonly steps: readonly { readonly name: string; readonly run: string }[] };
};
const step = action.runs.steps.find(({ name }) => name === "Answer")?.run ?? "exit 9";

const LOCK = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: default-deny, namespace: media }
spec: { endpointSelector: {}, ingress: [{}], egress: [{}] }
`;
const WIRED = `${REPOSITORY["apps/media/kustomization.yaml"] ?? ""}  - ./lock.yaml\n`;
const LOCKED = { "apps/media/lock.yaml": LOCK, "apps/media/kustomization.yaml": WIRED };

let front: Front;
let folder: string;
const git = (...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@localhost", ...args], { cwd: folder })
    .toString()
    .trim();
const commit = (files: Readonly<Record<string, string | null>>): string => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (text === null) rmSync(join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
  git("add", "--all");
  git("commit", "--quiet", "--message", "x");
  return git("rev-parse", "HEAD");
};

beforeAll(async () => {
  front = await openFront();
});
afterAll(() => front.close());
beforeEach(() => {
  front.reset();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = mkdtempSync(join(tmpdir(), "gates-action-"));
  git("init", "--quiet", "--initial-branch=main");
});

/** The step as the runner runs it, on the commit that is checked out. */
const answer = async (base: string): Promise<{ said: string; status: string | null }> => {
  const head = git("rev-parse", "HEAD");
  const env = {
    PATH: process.env["PATH"] ?? "",
    OPERATOR: join(root, "src/cli/network-operator.js"),
    API: front.url,
    REPOSITORY: "operator/ops",
    DIRECTORY: ".",
    BASE: base,
    HEAD: head,
    TOKEN: "secret",
    CONFIG: "",
  };
  const { stdout } = await run("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", step], { env, cwd: folder });
  const listed = await fetch(`${front.url}/repos/operator/ops/commits/${head}/statuses`);
  const [newest] = (await listed.json()) as { state: string; context: string }[];
  return { said: stdout.trim(), status: newest === undefined ? null : `${newest.context} ${newest.state}` };
};

describe("the Action for the day the agent is down", { timeout: 60_000 }, () => {
  it("answers where no policy object changes", async () => {
    const base = commit(REPOSITORY);
    commit({ "README.md": "more\n" });
    const { said, status } = await answer(base);
    expect(status).toBe("network-operator/gates success");
    expect(said).toContain("no policy object changes");
  });

  it("answers where enforcement is removed and nothing else", async () => {
    const base = commit({ ...REPOSITORY, ...LOCKED });
    commit({
      "apps/media/lock.yaml": null,
      "apps/media/kustomization.yaml": REPOSITORY["apps/media/kustomization.yaml"] ?? "",
    });
    expect(await answer(base)).toMatchObject({ status: "network-operator/gates success" });
  });

  it("leaves the rest pending and says that the agent is needed, whatever the change configures for its judge", async () => {
    const base = commit(REPOSITORY);
    commit({ ...LOCKED, "network-operator.yaml": "cilium:\n  enablePolicy: never\n" });
    const { said, status } = await answer(base);
    expect(status).toBe("network-operator/gates pending");
    expect(said).toContain("the agent is needed");
  });

  it("does not talk over the agent", async () => {
    const base = commit(REPOSITORY);
    const head = commit({ "README.md": "more\n" });
    await fetch(`${front.url}/repos/operator/ops/statuses/${head}`, {
      method: "POST",
      body: JSON.stringify({ state: "failure", context: "network-operator/gates", description: "replay: no" }),
    });
    const { said, status } = await answer(base);
    expect(said).toContain("The agent has spoken");
    expect(status).toBe("network-operator/gates failure");
  });

  it("is composite and puts no input into a script", () => {
    expect(action.runs.using).toBe("composite");
    expect(action.runs.steps.filter((s) => s.run.includes("${{"))).toEqual([]);
  });
});
