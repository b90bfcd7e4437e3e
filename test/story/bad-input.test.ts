import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initBare } from "../../src/git/plumbing.ts";
import { run } from "./cli.ts";

let dir: string;
let repo: string;
let empty: string;

const flow = JSON.stringify({
  flow: {
    time: "2026-05-17T09:30:01.123456789Z",
    verdict: "FORWARDED",
    IP: { source: "10.42.1.9", destination: "10.42.3.40", ipVersion: "IPv4" },
    l4: { TCP: { source_port: 50110, destination_port: 8080, flags: { SYN: true } } },
    source: {
      identity: 20311,
      namespace: "media",
      labels: ["k8s:app=player", "k8s:io.kubernetes.pod.namespace=media"],
      pod_name: "player-0",
    },
    destination: {
      ID: 733,
      identity: 55010,
      namespace: "web",
      labels: ["k8s:app=web", "k8s:io.kubernetes.pod.namespace=web"],
      pod_name: "web-0",
      workloads: [{ name: "web", kind: "Deployment" }],
    },
    Type: "L3_L4",
    node_name: "node-1",
    event_type: { type: 4, sub_type: 0 },
    traffic_direction: "INGRESS",
    trace_observation_point: "TO_ENDPOINT",
    is_reply: false,
  },
  node_name: "node-1",
  time: "2026-05-17T09:30:01.123456789Z",
});

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "bad-"));
  repo = join(dir, "repo");
  empty = join(dir, "empty");
  mkdirSync(join(repo, "web"), { recursive: true });
  mkdirSync(empty);
  writeFileSync(join(repo, "kustomization.yaml"), "kind: Kustomization\nresources: [web]\n");
  writeFileSync(
    join(repo, "web/kustomization.yaml"),
    "kind: Kustomization\nnamespace: web\nresources: [namespace.yaml]\n",
  );
  writeFileSync(join(repo, "web/namespace.yaml"), "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: web\n");
  writeFileSync(join(dir, "flows.json"), `${flow}\n`);
  writeFileSync(join(dir, "cut.json"), `${flow}\n${flow.slice(0, 200)}`);
  writeFileSync(join(dir, "nothing.json"), "");
  writeFileSync(join(dir, "binary.json"), Buffer.from([0, 255, 1, 254, 10, 200, 10]));
  writeFileSync(join(dir, "typo.yaml"), "campaign:\n  soakHour: 30\n");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Exit 2, one line that names what is wrong and the way out, nothing on stdout, nothing written. */
const complaint = async (args: readonly string[]): Promise<string> => {
  const said = await run(args, { cwd: empty });
  expect({ code: said.code, stdout: said.stdout }, said.stderr).toEqual({ code: 2, stdout: "" });
  expect(said.stderr.trim().split("\n")).toHaveLength(1);
  expect(said.stderr).not.toMatch(/^\s+at /m);
  expect(readdirSync(empty)).toEqual([]);
  return said.stderr;
};

describe("a mistake is answered in one line that names what, where and the way out", { timeout: 60_000 }, () => {
  it.each([
    ["an unknown command", ["lockdown"], "unknown command 'lockdown'"],
    ["an unknown option", ["status", "--nmespace", "x"], "unknown option '--nmespace'"],
    ["a format that is none", ["pr", "list", "--format", "yaml"], "Allowed choices are text, json"],
    ["no words at all", ["ask"], "missing required argument 'words'"],
    ["no way to turn a clock", ["sample", "clock", "yesterday", "--state", "/nonexistent-root/x"], ""],
  ])("%s", async (_, args, mention) => {
    expect(await complaint(args)).toContain(mention);
  });

  it("a typo in the configuration, with file, line and the key that was meant", async () => {
    const line = await complaint(["status", "--config", join(dir, "typo.yaml")]);
    expect(line).toMatch(/typo\.yaml:2: unknown key campaign\.soakHour\. Did you mean soakHours\?/);
  });

  it("a configuration that is not there", async () => {
    expect(await complaint(["status", "--config", "nowhere.yaml"])).toContain("network-operator init");
  });

  it("a repository that is none", async () => {
    writeFileSync(join(dir, "norepo.yaml"), `repository:\n  path: ${join(dir, "nothing-here")}\n`);
    expect(await complaint(["pr", "list", "--config", join(dir, "norepo.yaml"), "--state", join(dir, "s1")])).toContain(
      "no git repository with a branch main",
    );
  });

  it.each([["no-such-folder"], ["flows.json"]])("an audit of what is no folder: %s", async (name) => {
    expect(await complaint(["audit", join(dir, name)])).toContain(name);
  });

  it.each([
    ["an empty file", "nothing.json"],
    ["binary garbage", "binary.json"],
    ["a file that is not there", "missing.json"],
  ])("a replay of %s", async (_, name) => {
    expect(await complaint(["replay", "--repo", repo, "--flows", join(dir, name)])).toContain(name);
  });

  it("a namespace that the repository does not know", async () => {
    const line = await complaint(["draft", "--repo", repo, "--flows", join(dir, "flows.json"), "--namespace", "wbe"]);
    expect(line).toContain("It knows web");
  });
});

describe("what is only partly bad", { timeout: 60_000 }, () => {
  it("a flow file cut in the middle is read up to there, and says so", async () => {
    const said = await run(["replay", "--repo", repo, "--flows", join(dir, "cut.json"), "--format", "json"], {
      cwd: empty,
    });
    const report = JSON.parse(said.stdout) as { summary: Record<string, number> };
    expect(Object.values(report.summary).reduce((a, b) => a + b, 0)).toBe(1);
    expect(said.stderr).toContain("cut.json");
  });

  it("flows from standard input are as good as a file's", async () => {
    const said = await run(["replay", "--repo", repo, "--flows", "-", "--format", "json"], {
      cwd: empty,
      input: `${flow}\n`,
    });
    expect(JSON.parse(said.stdout)).toMatchObject({
      version: 1,
      edges: [{ destination: "web/Deployment/web", port: 8080 }],
    });
  });

  it("a repository with broken YAML is audited as far as it reads, and the break is named", async () => {
    const broken = join(dir, "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "kustomization.yaml"), "kind: Kustomization\nresources: [a.yaml]\n");
    writeFileSync(join(broken, "a.yaml"), "kind: Namespace\nmetadata: {name: a\n");
    const said = await run(["audit", broken, "--fail-on", "warning"], { cwd: empty });
    expect(said.code).toBe(1);
    expect(said.stdout).toContain("a.yaml");
  });

  it("a repository that does not build opens nothing", async () => {
    const remote = join(dir, "remote.git");
    const repository = await initBare(remote);
    const commit = await repository.commit({
      base: null,
      files: [
        { path: "kustomization.yaml", mode: "100644", text: "kind: Kustomization\nresources: [web, gone]\n" },
        {
          path: "web/kustomization.yaml",
          mode: "100644",
          text: "kind: Kustomization\nnamespace: web\nresources: [missing.yaml]\n",
        },
      ],
      message: "broken",
      time: 0,
    });
    await repository.updateRef("refs/heads/main", commit, null);
    writeFileSync(join(dir, "broken.yaml"), `repository:\n  path: ${remote}\n`);
    const said = await run(["ask", "lock down web", "--config", join(dir, "broken.yaml"), "--state", join(dir, "s2")], {
      cwd: empty,
    });
    expect([1, 2]).toContain(said.code);
    expect([...(await repository.refs()).keys()]).toEqual(["refs/heads/main"]);
  });
});
