import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { semanticDiff } from "../../src/cilium/questions.ts";
import { planConversions } from "../../src/drafting/convert.ts";
import { faces } from "../../src/drafting/faces.ts";
import { ciliumOf } from "../../src/drafting/from-network-policy.ts";
import type { AppliedPolicy } from "../../src/facts/inventory.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { inventory, workload } from "../replay/field.ts";

const settings = defaultSettings();
const pods = [
  workload("shop/Deployment/web", { app: "web", tier: "front" }, { ports: [["http", 8080]] }),
  workload("shop/StatefulSet/cache", { app: "cache", tier: "back" }, { ports: [["memcache", 11211]] }),
  workload("edge/Deployment/proxy", { app: "proxy", tier: "front" }),
];
const field = inventory({ workloads: pods });
const look = faces(field, settings);
const endpoints = pods.map((w) => ({
  labels: look.identity(w),
  namedPorts: Object.fromEntries(
    w.containers.flatMap((c) =>
      c.ports.flatMap((p) => (p.name === null ? [] : [[p.name, { port: p.port, protocol: p.protocol }]])),
    ),
  ),
}));

const networkPolicy = (spec: unknown): Record<string, unknown> => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "cache", namespace: "shop" },
  spec,
});

const changes = (before: unknown, after: readonly unknown[] | null): number => {
  const compile = (objects: readonly unknown[]) =>
    compilePolicies(
      objects.map((object) => ({ object, namespace: "shop", origin: null })),
      settings,
    );
  const [old, young] = [compile([before]), compile(after ?? [])];
  expect([old.invalid, young.invalid]).toEqual([[], []]);
  const { gains, losses, unclear } = semanticDiff(old, young, endpoints);
  return gains.length + losses.length + unclear.length;
};

const labels = fc.constantFrom(
  {},
  { matchLabels: { app: "web" } },
  { matchLabels: { tier: "front" } },
  {
    matchExpressions: [{ key: "tier", operator: "NotIn", values: ["back"] }],
  },
);
const podsPeer = fc.oneof(
  fc.record({ podSelector: labels }),
  fc.record({ namespaceSelector: fc.constantFrom({}, { matchLabels: { "kubernetes.io/metadata.name": "edge" } }) }),
  fc.record({
    namespaceSelector: fc.constantFrom({}, { matchLabels: { "kubernetes.io/metadata.name": "edge" } }),
    podSelector: labels,
  }),
);
const block = fc.constantFrom(
  { ipBlock: { cidr: "0.0.0.0/0" } },
  { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
);
const port = fc.constantFrom(
  { port: 8080 },
  { port: 11211, protocol: "UDP" },
  { port: "memcache" },
  { port: 8000, endPort: 9000 },
  { protocol: "TCP" },
);
// What an ingress ipBlock does depends on the patch release of 1.19: such a policy is left to a person.
const rule = (key: "from" | "to") =>
  fc.record(
    {
      [key]: fc.array(key === "to" ? fc.oneof(podsPeer, block) : podsPeer, { maxLength: 2 }),
      ports: fc.array(port, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
const spec = fc.record(
  {
    podSelector: labels,
    policyTypes: fc.constantFrom(["Ingress"], ["Egress"], ["Ingress", "Egress"]),
    ingress: fc.array(rule("from"), { maxLength: 2 }),
    egress: fc.array(rule("to"), { maxLength: 2 }),
  },
  { requiredKeys: ["podSelector"] },
);

describe("a NetworkPolicy as a CiliumNetworkPolicy", () => {
  it("changes no endpoint's verdict, whatever it says", () => {
    fc.assert(
      fc.property(spec, (body) => {
        const before = networkPolicy(body);
        expect(changes(before, ciliumOf(before))).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("can tell a conversion that changes something", () => {
    const before = networkPolicy({
      podSelector: {},
      ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }],
    });
    const after = ciliumOf(networkPolicy({ podSelector: {}, ingress: [{}] }));
    expect(changes(before, after)).toBeGreaterThan(0);
  });

  it("is none where the object is none", () => {
    expect(ciliumOf(networkPolicy({ podSelector: "everything" }))).toBeNull();
    expect(ciliumOf("nonsense")).toBeNull();
  });
});

describe("what it allows and that it locks", () => {
  it("become two policies: an additive one, and a lock on purpose", () => {
    const both = ciliumOf(networkPolicy({ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }));
    expect(both).toMatchObject([
      {
        metadata: { name: "cache" },
        spec: { enableDefaultDeny: { ingress: false, egress: false }, ingress: [{ fromEndpoints: [{}] }] },
      },
      { metadata: { name: "cache-lock" }, spec: { endpointSelector: {}, ingress: [{}] } },
    ]);
  });
});

describe("conversion in the repository", () => {
  const object = networkPolicy({
    podSelector: { matchLabels: { app: "cache" } },
    policyTypes: ["Ingress"],
    ingress: [],
  });
  const FILE = "apps/shop/cache/networkpolicy.yaml";
  const TEXT =
    "# Nobody talks to the cache but itself.\nkind: NetworkPolicy\nmetadata:\n  name: cache\n  namespace: shop\n";
  const applied = (file: string | null): AppliedPolicy => ({
    object,
    namespace: "shop",
    origin: file === null ? null : { file, line: 1, column: 1 },
    ref: { kind: "NetworkPolicy", namespace: "shop", name: "cache" },
    owner: "shop/cache",
  });
  const plan = (files: Record<string, string>, file: string | null = FILE, policies = [applied(file)]) =>
    planConversions({
      tree: memoryTree(files),
      inventory: inventory({ workloads: pods, policies }),
      namespace: "shop",
      settings,
      faces: look,
      style: {
        schemaLine: null,
        documentStart: true,
        file: "cnp-allow.yaml",
        namespaceKey: "io.kubernetes.pod.namespace",
        nameOf: (app) => app,
      },
    });

  it("rewrites it where it stands, with what was written above it", () => {
    const { conversions } = plan({ [FILE]: TEXT });
    expect(conversions[0]?.file.path).toBe(FILE);
    expect(conversions[0]?.file.text).toContain(
      "# Nobody talks to the cache but itself.\n# Converted from NetworkPolicy cache",
    );
    expect(parse(conversions[0]?.file.text ?? "")).toMatchObject({
      kind: "CiliumNetworkPolicy",
      metadata: { name: "cache", namespace: "shop" },
      spec: { endpointSelector: { matchLabels: { "k8s:app": "cache" } }, ingress: [{}] },
    });
  });

  it("leaves one whose meaning depends on the patch release, and says so", () => {
    const open = networkPolicy({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] });
    const policies = [{ ...applied(FILE), object: open }];
    expect(plan({ [FILE]: TEXT }, FILE, policies).leftOut[0]?.why).toContain("patch release");
  });

  it("leaves one that shares its file, and one that a chart ships, each with what to do", () => {
    expect(plan({ [FILE]: `${TEXT}---\nkind: Service\n` }).leftOut[0]?.why).toContain("give it a file of its own");
    expect(plan({}, null).leftOut[0]?.why).toContain("the chart's own value");
  });
});
