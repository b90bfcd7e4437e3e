import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import type { Rule } from "../../src/audit/rule.ts";
import { softened } from "../../src/audit/rule.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { AppliedPolicy } from "../../src/facts/inventory.ts";
import { NOW, allow, auditOf, cluster, cnp, lock, pod } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

const annotated = (id: string, annotations: Readonly<Record<string, string>>): string =>
  cnp(
    id,
    "endpointSelector: {}\nenableDefaultDeny: {ingress: false}\ningress:\n  - fromEntities: [world]\n",
    annotations,
  );

const wide: Parts = { files: { "web/cnp.yaml": annotated("web/open", {}) } };

const printOf = (parts: Parts, rule: string): readonly string[] =>
  auditOf(parts)
    .findings.filter((f) => f.rule === rule)
    .map((f) => f.fingerprint);

describe("a fingerprint", () => {
  it("survives moved lines and unrelated edits", () => {
    const text = wide.files?.["web/cnp.yaml"] ?? "";
    const moved = {
      files: { "web/cnp.yaml": `# a comment\n\n${allow("web/other", "egress:\n  - toEntities: [world]\n")}${text}` },
    };
    expect(printOf(moved, "too-wide")).toEqual(expect.arrayContaining([...printOf(wide, "too-wide")]));
  });

  it("tells two equal defects apart, and one of them goes when one is repaired", () => {
    const rule = "  - fromEntities: [world]\n";
    const twice = { files: { "a.yaml": cnp("web/a", `endpointSelector: {}\ningress:\n${rule}${rule}`) } };
    const once = { files: { "a.yaml": cnp("web/a", `endpointSelector: {}\ningress:\n${rule}`) } };
    const [before, after] = [printOf(twice, "too-wide"), printOf(once, "too-wide")];
    expect(new Set(before).size).toBe(2);
    expect(before.filter((f) => !after.includes(f))).toHaveLength(1);
  });
});

describe("against a base", () => {
  it("reports only what the change brought", () => {
    const base = auditOf(wide);
    const files = { ...wide.files, "shop/cnp.yaml": annotated("shop/open", {}) };
    const report = auditOf({ files }, {}, { base });
    expect(report.findings.filter((f) => f.rule === "too-wide").map((f) => f.namespace)).toEqual(["shop"]);
  });

  it("reports the half that was opened, and nothing else", () => {
    const workloads = [pod("shop/web"), pod("data/store", { ports: ["5432"] })];
    const locks = { "shop/lock.yaml": lock("shop"), "data/lock.yaml": lock("data"), ...wide.files };
    const base = auditOf({ files: locks, workloads });
    const half = allow(
      "shop/web",
      'egress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: data, app.kubernetes.io/name: store}}]\n    toPorts: [{ports: [{port: "5432"}]}]\n',
    );
    const report = auditOf({ files: { ...locks, "shop/web.yaml": half }, workloads }, {}, { base });
    expect(report.findings.filter((f) => f.severity !== "info").map((f) => f.rule)).toEqual(["half-open-allow"]);
  });

  it("is empty when nothing changed", () => {
    expect(auditOf(wide, {}, { base: auditOf(wide) }).findings).toEqual([]);
  });
});

describe("one namespace asked for", () => {
  it("is reported alone, while everything is read", () => {
    const files = { ...wide.files, "shop/cnp.yaml": annotated("shop/open", {}) };
    expect(new Set(auditOf({ files }, {}, { namespace: "shop" }).findings.map((f) => f.namespace))).toEqual(
      new Set(["shop"]),
    );
  });
});

describe("a waiver", () => {
  const waived = (line: string): Parts => ({
    files: { "web/cnp.yaml": annotated("web/open", { "network-operator/waive": line }) },
  });

  it("beside the policy holds its finding back, with the reason", () => {
    const report = auditOf(waived("too-wide until 2026-06-01: the status page is for everyone"));
    expect(report.findings.filter((f) => f.rule === "too-wide" || f.rule === "waiver")).toEqual([]);
    expect(report.waived.map((w) => w.waiver.reason)).toEqual(["the status page is for everyone"]);
  });

  it("that ended yesterday is a finding, and so is what it held back", () => {
    const report = auditOf(waived("too-wide until 2026-05-31: for now"));
    expect(report.findings.map((f) => f.rule)).toEqual(expect.arrayContaining(["waiver", "too-wide"]));
    expect(report.findings.find((f) => f.rule === "waiver")?.message).toMatch(/2026-05-31.*still there/);
  });

  it.each(["too-wide", "too-wide until soon: x", "too-wide until 2026-02-31: x", "too-wide until 2026-12-31:"])(
    "that cannot be read is a finding: `%s`",
    (line) => {
      const report = auditOf(waived(line));
      expect(report.findings.map((f) => f.rule)).toEqual(expect.arrayContaining(["waiver", "too-wide"]));
    },
  );

  it("waives its own rule alone", () => {
    const report = auditOf(waived("half-open-allow until 2026-12-31: elsewhere"));
    expect(report.findings.map((f) => f.rule)).toContain("too-wide");
  });

  it("from the configuration may name the one defect by fingerprint", () => {
    const [fingerprint = ""] = printOf(wide, "too-wide");
    const waiver = {
      rule: "too-wide",
      namespace: null,
      policy: null,
      fingerprint,
      reason: "looked at",
      until: NOW + 1,
      origin: { file: "network-operator.yaml", line: 3, column: 1 },
    };
    expect(auditOf(wide, {}, { waivers: [waiver] }).findings.filter((f) => f.rule === "too-wide")).toEqual([]);
    expect(auditOf(wide, {}, { waivers: [{ ...waiver, until: NOW }] }).findings.map((f) => f.rule)).toContain("waiver");
  });

  it("still counts as known to a later comparison", () => {
    const base = auditOf(waived("too-wide until 2026-12-31: for now"));
    expect(auditOf(wide, {}, { base }).findings.filter((f) => f.rule === "too-wide")).toEqual([]);
  });
});

describe("severity", () => {
  it("sinks with what is not known, and never rises or disappears", () => {
    expect([
      softened("error", "likely"),
      softened("error", "guess"),
      softened("warning", "likely"),
      softened("warning", "guess"),
    ]).toEqual(["warning", "info", "warning", "info"]);
  });
});

describe("any manifest at all", () => {
  const junk = fc.anything({
    maxDepth: 3,
    values: [
      fc.constantFrom(null, "", "world", "*", "10.0.0.0/8", "443", 443, true, "k8s:app"),
      fc.string(),
      fc.integer(),
    ],
  });
  const keys = [
    "endpointSelector",
    "nodeSelector",
    "ingress",
    "egress",
    "ingressDeny",
    "egressDeny",
    "enableDefaultDeny",
    "fromEndpoints",
    "toEndpoints",
    "toPorts",
    "ports",
    "port",
    "toFQDNs",
    "matchPattern",
    "toCIDR",
    "toEntities",
    "matchLabels",
    "matchExpressions",
    "rules",
    "dns",
    "icmps",
  ];
  const tree: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 6, depthSize: "medium" },
      junk,
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie("node"), { maxKeys: 5 }),
    ),
  })).node;

  it("is judged without any rule breaking off", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy"),
        tree,
        (kind, spec) => {
          const object = {
            apiVersion: "cilium.io/v2",
            kind,
            metadata: { name: "x", namespace: "web", annotations: spec },
            spec,
            specs: [spec],
          };
          const namespace = kind === "CiliumClusterwideNetworkPolicy" ? null : "web";
          const policy = {
            ref: { kind, namespace, name: "x" },
            object,
            namespace,
            origin: { file: "x.yaml", line: 1, column: 1 },
            owner: null,
          } as AppliedPolicy;
          const inventory = cluster({ workloads: [pod("web/app")], files: { "lock.yaml": lock("web") }, more: {} });
          const report = audit({ ...inventory, policies: [...inventory.policies, policy] }, defaultClusterFacts, {
            now: NOW,
          });
          expect(report.findings.filter((f) => f.message.includes("could not finish"))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a rule that breaks off", () => {
  it("is an error of its own, and the others go on", () => {
    const broken: Rule = {
      id: "broken",
      severity: "info",
      lesson: null,
      about: "",
      remedy: "",
      check: () => {
        throw new Error("cannot");
      },
    };
    const report = auditOf(wide, {}, { rules: [broken] });
    expect(report.findings.map((f) => [f.rule, f.severity])).toEqual([["broken", "error"]]);
  });
});
