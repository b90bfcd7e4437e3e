import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { proposedDesk, run, type Desk } from "../story/cli.ts";

// The JSON that other programs rely on, as the commands print it. A field may join; none here may go or change its kind.
const text = z.string();
const count = z.number().int().nonnegative();
const nullable = <T extends z.ZodType>(schema: T) => schema.nullable();

const askContract = z.object({
  version: z.literal(1),
  thread: text,
  outcome: z.enum(["pull-request", "refused", "asked-back", "waiting", "answered", "rolled-back"]),
  namespace: nullable(text),
  stage: nullable(text),
  answer: nullable(text),
  question: nullable(text),
  pullRequest: nullable(
    z.object({
      number: count,
      url: text,
      branch: text,
      digest: text,
      files: z.array(z.object({ path: text, change: z.enum(["added", "changed", "removed"]) })).min(1),
    }),
  ),
  refusals: z.array(z.object({ gate: text, reason: text, lesson: nullable(count), remedy: text })),
  waitingFor: nullable(
    z.object({
      what: z.enum(["merge", "apply", "soak", "sign-off", "turn", "person"]),
      detail: text,
      until: nullable(z.union([text, count])),
    }),
  ),
});

const statusContract = z.object({
  version: z.literal(1),
  clock: z.iso.datetime(),
  namespaces: z.array(
    z.object({
      name: text,
      stage: text,
      policies: z.array(z.object({ kind: text, name: text, file: text, line: count })),
      waitingFor: askContract.shape.waitingFor,
      pullRequest: z.unknown(),
    }),
  ),
});

const severity = z.enum(["error", "warning", "info"]);
const auditContract = z.object({
  version: z.literal(1),
  repository: z.object({ path: text, commit: nullable(text) }),
  summary: z.object({
    namespaces: count,
    policies: count,
    findings: z.object({ error: count, warning: count, info: count }),
  }),
  findings: z
    .array(
      z.object({
        rule: text,
        severity,
        namespace: nullable(text),
        policy: nullable(z.object({ kind: text, namespace: nullable(text), name: text })),
        message: text,
        file: text.regex(/^[^/]/, "relative to the folder that was read"),
        line: count.positive(),
        column: count.positive(),
        related: z.array(z.object({ file: text, line: count, message: text })),
        fingerprint: text.min(8),
        cause: nullable(z.object({ rule: text, at: text.regex(/^[^/].*:\d+$/) })),
        lesson: nullable(count),
        fix: z.unknown(),
      }),
    )
    .min(1),
});

const verdict = z.enum(["allowed", "dropped", "unknown"]);
const direction = z.object({
  verdict,
  by: z.array(z.object({ namespace: nullable(text), policy: text, rule: text })),
});
const end = text.regex(/^(?:[^/:]+\/[A-Z]\w*\/.+|(?:reserved|cidr|fqdn):.+)$/);
const replayContract = z.object({
  version: z.literal(1),
  coverage: z.unknown(),
  edges: z
    .array(
      z.object({
        source: end,
        destination: end,
        port: count,
        protocol: text,
        flows: count.positive(),
        observed: text,
        verdict,
        egress: direction,
        ingress: direction,
        why: text,
      }),
    )
    .min(1),
  summary: z.object({ allowed: count, dropped: count, unknown: count }),
});

const graphContract = z.object({
  version: z.literal(1),
  nodes: z.array(
    z.object({ id: text, kind: z.enum(["gate", "effect", "step", "pause"]), depth: z.enum(["full", "partial"]) }),
  ),
  edges: z.array(z.object({ from: text, to: text, label: nullable(text) })),
  effects: z.array(z.object({ id: text, gates: z.array(text) })).min(1),
  proof: z.object({ holds: z.literal(true), unguarded: z.array(z.never()) }),
});

const FLOW = {
  flow: {
    time: "2026-03-02T09:30:01.123456789Z",
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
      identity: 55010,
      namespace: "tools",
      labels: ["k8s:app=dash", "k8s:io.kubernetes.pod.namespace=tools"],
      pod_name: "dash-0",
      workloads: [{ name: "dash", kind: "Deployment" }],
    },
    Type: "L3_L4",
    node_name: "node-1",
    event_type: { type: 4 },
    traffic_direction: "INGRESS",
    trace_observation_point: "TO_ENDPOINT",
    is_reply: false,
  },
  node_name: "node-1",
  time: "2026-03-02T09:30:01.123456789Z",
};

let desk: Desk;
let dir: string;
let repo: string;
beforeAll(async () => {
  desk = await proposedDesk();
  dir = mkdtempSync(join(tmpdir(), "contracts-"));
  repo = join(dir, "repo");
  execFileSync("git", ["clone", "-q", "-b", "main", join(desk.state, "remote.git"), repo]);
  writeFileSync(join(dir, "flows.json"), `${JSON.stringify(FLOW)}\n`);
}, 180_000);
afterAll(() => {
  desk.dispose();
  rmSync(dir, { recursive: true, force: true });
});

/** What a command answers, alone on stdout, as its contract reads it. */
const read = <T extends z.ZodType>(schema: T, stdout: string): z.infer<T> => schema.parse(JSON.parse(stdout));

describe("the JSON that others rely on", { timeout: 60_000 }, () => {
  it("ask: a pull request, found again with all its files", async () => {
    const { stdout, code } = await desk.run("ask", "lock down selfhosted", "--format", "json");
    expect(code).toBe(0);
    expect(read(askContract, stdout)).toMatchObject({ outcome: "pull-request", pullRequest: { number: 1 } });
  });

  it("status", async () => {
    const { stdout, code } = await desk.run("status", "--format", "json");
    expect(code).toBe(0);
    const { namespaces } = read(statusContract, stdout);
    expect(namespaces.find(({ name }) => name === "media")?.policies.length).toBeGreaterThan(0);
    for (const { file, line } of namespaces.flatMap(({ policies }) => policies))
      expect(readFileSync(join(repo, file), "utf8").split("\n").length).toBeGreaterThanOrEqual(line);
  });

  it("audit", async () => {
    const { stdout } = await run(["audit", repo, "--format", "json"]);
    const { findings, summary } = read(auditContract, stdout);
    const counted = findings.filter((finding) => finding.severity === "warning").length;
    expect(counted).toBe(summary.findings.warning);
  });

  it("replay", async () => {
    const args = ["replay", "--repo", repo, "--flows", join(dir, "flows.json"), "--format", "json"];
    const { stdout, code } = await run([...args, "--with-default-deny", "tools"]);
    expect(code).toBe(1);
    const { edges, summary } = read(replayContract, stdout);
    expect(summary.allowed + summary.dropped + summary.unknown).toBe(edges.length);
  });

  it("graph", async () => {
    const { stdout, code } = await run(["graph", "--format", "json"]);
    expect(code).toBe(0);
    const { nodes, effects } = read(graphContract, stdout);
    const ids = new Set(nodes.map(({ id }) => id));
    for (const id of effects.flatMap((effect) => [effect.id, ...effect.gates])) expect(ids).toContain(id);
    expect(nodes.filter(({ kind, depth }) => kind === "gate" && depth === "partial")).toEqual([]);
  });
});
