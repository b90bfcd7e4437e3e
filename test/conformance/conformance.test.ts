import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { compareScenario, compileScenario, engineVerdict, judgeFlow } from "./compare.ts";
import { readVectors } from "./vectors.ts";

const fixture = (name: string): string => path.join(import.meta.dirname, "fixtures", name);

const HAND_MADE = readVectors(fixture("facts.jsonl"));
const RECORDED = readVectors(fixture("generated.jsonl.gz"));

describe("what the facts say, scenario by scenario", () => {
  test.each(HAND_MADE.map((s) => [s.id, s] as const))("%s", (_, scenario) => {
    expect(compareScenario(scenario).filter((c) => !c.agrees)).toEqual([]);
  });
});

test("Cilium's own recorded verdicts are ours, validity included", () => {
  const all = RECORDED.flatMap((s) => compareScenario(s));
  expect(all.length).toBeGreaterThan(2500);
  expect(all.filter((c) => !c.agrees)).toEqual([]);
});

test("an allowed or denied verdict names its rule, a default deny the rule that turned it on", () => {
  for (const scenario of RECORDED) {
    const set = compileScenario(scenario);
    for (const flow of scenario.flows) {
      const verdict = judgeFlow(set, flow);
      if (verdict.outcome === "denied" || verdict.outcome === "allowed-l7") expect(verdict.by).not.toEqual([]);
      const modeOrInit =
        scenario.settings.enablePolicy === "always" || flow.subject.some((l) => /[:]init(=|$)/.test(l));
      if (verdict.outcome === "default-denied" && !modeOrInit && !["VRRP", "IGMP"].includes(flow.protocol)) {
        expect(verdict.defaultDeny).not.toEqual([]);
      }
    }
  }
});

test("knowing less about a peer never allows what the engine denies, nor drops what it allows", () => {
  let unknown = 0;
  for (const scenario of RECORDED) {
    const set = compileScenario(scenario);
    for (const flow of scenario.flows) {
      if (flow.expected === "BROKEN") continue;
      const { direction, protocol, port } = flow;
      const subject = { labels: flow.subject };
      const allowed = flow.expected === "ALLOW" || flow.expected === "L7";
      for (const peer of [{ labels: flow.peer }, { labels: null }, { labels: flow.peer, ip: null, names: null }]) {
        const { verdict, missing } = set.judge({ direction, subject, peer, protocol, port });
        if (verdict === "unknown") {
          unknown++;
          expect(missing).not.toEqual([]);
        } else expect([flow.name, verdict]).toEqual([flow.name, allowed ? "allowed" : "dropped"]);
      }
    }
  }
  expect(unknown).toBeGreaterThan(500);
});

test("an unknown verdict is no agreement", () => {
  const verdict = {
    outcome: "unknown",
    verdict: "unknown",
    by: [],
    defaultDeny: [],
    auth: false,
    missing: ["x"],
  } as const;
  expect(engineVerdict(verdict)).toBe("UNKNOWN");
});

describe("the command", () => {
  const run = (
    ...args: string[]
  ): { readonly last: string; readonly status: number | null; readonly errors: string } => {
    const done = spawnSync(process.execPath, [path.join(import.meta.dirname, "run.ts"), ...args], { encoding: "utf8" });
    return { last: done.stdout.trim().split("\n").at(-1) ?? "", status: done.status, errors: done.stderr };
  };

  test("ends with the count, and exits 1 on a disagreement that it shows", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "vectors-"));
    const file = path.join(folder, "one.jsonl");
    const header = { header: "x", symbols: { a: ["k8s:io.kubernetes.pod.namespace=n"] } };
    const line = { id: "one", policies: [], flows: [{ n: "f", d: "in", s: "a", p: "a", l4: "TCP:1", v: "DENY" }] };
    writeFileSync(file, `${JSON.stringify(header)}\n${JSON.stringify(line)}\n`);
    expect(run(fixture("facts.jsonl"))).toMatchObject({ last: "180 verdicts, 180 agree, 0 disagree", status: 0 });
    expect(run("--show", "1", file)).toMatchObject({ last: "1 verdicts, 0 agree, 1 disagree", status: 1 });
  });

  test("says in one line which file and line it cannot read", () => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), "vectors-")), "broken.jsonl");
    writeFileSync(file, '{"header":"x","symbols":{}}\n{"id":\n');
    const { status, errors } = run(file);
    expect(status).toBe(2);
    expect(errors).toContain("broken.jsonl:2:");
    expect(errors.trim().split("\n")).toHaveLength(1);
  });
});
