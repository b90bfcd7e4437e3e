import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { checkPolicy } from "../../src/cilium/validity.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { cnp, compile, document, egress, pod } from "./policies.ts";

const settings = defaultSettings();

const KEYS = [
  "spec",
  "specs",
  "endpointSelector",
  "nodeSelector",
  "matchLabels",
  "matchExpressions",
  "ingress",
  "egressDeny",
  "egress",
  "toPorts",
  "ports",
  "port",
  "endPort",
  "protocol",
  "rules",
  "http",
  "dns",
  "toCIDRSet",
  "cidr",
  "except",
  "toFQDNs",
  "icmps",
  "fields",
  "type",
  "family",
  "listener",
  "toServices",
  "k8sService",
  "toGroups",
  "aws",
  "authentication",
  "enableDefaultDeny",
  "labels",
  "values",
  "operator",
  "key",
  "__proto__",
  "constructor",
  "fromEndpoints",
  "fromEntities",
  "policyTypes",
  "podSelector",
  "from",
  "to",
  "ipBlock",
  "namespaceSelector",
] as const;

const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom<unknown>(
      null,
      undefined,
      true,
      0,
      -1,
      1.5,
      1e308,
      "",
      "x",
      "80",
      "10.0.0.0/8",
      "In",
      "\u0000",
      "é",
      "all",
      "a".repeat(300),
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 4 }),
  ),
})).value;

describe("anything that a YAML file can hold is answered, never thrown", () => {
  const kinds = ["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "NetworkPolicy", "x", 5, null] as const;

  test("objects of known keys and wrong values", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), anything, anything, (kind, spec, metadata) => {
        const policy = document({ apiVersion: "cilium.io/v2", kind, metadata, spec });
        const problems = checkPolicy(policy, settings);
        const set = compilePolicies([policy, document(spec)], settings);
        for (const problem of problems) expect(problem.message.length * problem.remedy.length).toBeGreaterThan(0);
        egress(set, pod("a"), { labels: null });
      }),
      { numRuns: 400, seed: 20_260_102 },
    );
  });

  test("an alias that holds itself", () => {
    const rule: Record<string, unknown> = {};
    rule["toEndpoints"] = [rule];
    const policy = cnp("loop", { egress: [rule], endpointSelector: rule });
    expect(checkPolicy(policy, settings).some((p) => p.layer === "meant")).toBe(true);
    expect(() => compile([policy])).not.toThrow();
  });

  test("anchors, merges and duplicate keys as a YAML reader hands them over", () => {
    const yaml = [
      "apiVersion: cilium.io/v2",
      "kind: CiliumNetworkPolicy",
      "metadata: {name: a, namespace: shop}",
      "spec:",
      "  endpointSelector: &all {}",
      "  ingress:",
      "    - fromEndpoints: [*all]",
      "  ingress:",
      "    - {}",
    ].join("\n");
    const policy = document(parseDocument(yaml, { uniqueKeys: false }).toJS());
    expect(compile([policy]).policies).toHaveLength(1);
  });

  test("an inherited property is no property", () => {
    const spec = JSON.parse('{"__proto__": {"ingress": [{}]}, "endpointSelector": {}}');
    expect(compile([cnp("a", spec)]).policies).toEqual([]);
  });
});

test("10,000 rules are read, and what is wrong with them is told once too often at most 200 times", () => {
  const egressRules = Array.from({ length: 10_000 }, (_, i) => ({
    toCIDR: [`10.${i >> 8}.${i & 255}.0/24`],
    toPorts: [{ ports: [{ port: String(1 + (i % 65_000)), protocol: "TCP" }] }],
  }));
  const set = compile([cnp("big", { egress: egressRules })]);
  expect(egress(set, pod("a"), { labels: ["reserved:world"], ip: "10.1.2.9" }, 1 + 258).verdict).toBe("allowed");
  const bad = cnp("bad", { egress: egressRules.map((r) => ({ ...r, toEntities: ["world"], x: 1 })) });
  const problems = checkPolicy(bad, settings);
  expect(problems.length).toBeLessThanOrEqual(202);
  expect(new Set(problems.map((p) => p.layer))).toEqual(new Set(["agent", "meant"]));
});
