import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { compilePolicies, type PolicySet } from "../../src/cilium/policy-set.ts";
import { draftAllows } from "../../src/drafting/draft.ts";
import { assumedDefaultDeny } from "../../src/facts/assumed.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { EdgeEnd } from "../../src/facts/edge.ts";
import type { WorkloadFact } from "../../src/facts/inventory.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import type { Direction, Protocol, Verdict } from "../../src/facts/verdict.ts";
import { additive, edge, end, inventory, namespaceFact, workload } from "../replay/field.ts";
import { writer } from "../../src/gitops/edit.ts";

const app = (id: string, labels: Record<string, string>): WorkloadFact => workload(id, labels);
const OWN = [
  app("shop/Deployment/web", { app: "web", tier: "front" }),
  app("shop/Deployment/api", { app: "api", tier: "back" }),
  app("shop/Deployment/jobs", { app: "jobs", tier: "back" }),
];
const FAR = [
  app("data/StatefulSet/pg", { "cnpg.io/cluster": "pg", tier: "data" }),
  app("data/StatefulSet/cache", { app: "cache", tier: "data" }),
  app("edge/Deployment/proxy", { app: "proxy", tier: "front" }),
];
const field = inventory({
  workloads: [...OWN, ...FAR],
  namespaces: ["shop", "data", "edge"].map((name) => namespaceFact(name)),
});
const DEVICES = ["192.168.5.10", "192.168.5.20", "10.9.0.7"].map((ip) =>
  end(`cidr:${ip}/32`, { labels: ["reserved:world"], ips: [ip] }),
);
const NAMES = ["api.example.org", "www.example.org", "mail.example.net"].map((name, n) =>
  end(`fqdn:${name}`, { labels: ["reserved:world"], names: [name], ips: [`203.0.113.${n + 1}`] }),
);
const PORTS: readonly (readonly [number, Protocol])[] = [
  [80, "TCP"],
  [5432, "TCP"],
  [5432, "UDP"],
  [8, "ICMPv4"],
];

interface Asked {
  readonly direction: Direction;
  readonly own: EdgeEnd;
  readonly far: EdgeEnd;
  readonly port: number;
  readonly protocol: Protocol;
}

const UNIVERSE: readonly Asked[] = OWN.flatMap((own) =>
  PORTS.flatMap(([port, protocol]) => [
    ...FAR.flatMap((far) =>
      (["ingress", "egress"] as const).map((direction) => ({
        direction,
        own: end(own),
        far: end(far),
        port,
        protocol,
      })),
    ),
    ...[...DEVICES, ...NAMES].map((far) => ({ direction: "egress" as const, own: end(own), far, port, protocol })),
  ]),
);

const verdictOf = (set: PolicySet, { direction, own, far, port, protocol }: Asked): Verdict =>
  set.judge({
    direction,
    subject: { labels: own.labels },
    peer: { labels: far.labels, ip: far.ips[0] ?? null, names: far.names },
    port,
    protocol,
  }).verdict;

const toPorts = fc.subarray([80, 5432], { minLength: 1 }).chain((ports) =>
  fc.constantFrom("TCP", "UDP", "ANY").map((protocol) => ({
    toPorts: [{ ports: ports.map((port) => ({ port: String(port), protocol })) }],
  })),
);
const what = fc.oneof(toPorts, fc.constant({}), fc.constant({ icmps: [{ fields: [{ family: "IPv4", type: 8 }] }] }));
const pods = fc.constantFrom(
  { "io.kubernetes.pod.namespace": "data" },
  { "io.kubernetes.pod.namespace": "data", app: "cache" },
  { "io.kubernetes.pod.namespace": "data", "cnpg.io/cluster": "pg" },
  { "io.kubernetes.pod.namespace": "edge", tier: "front" },
);
const outside = fc.oneof(
  fc.constantFrom("192.168.5.0/24", "192.168.5.20/32", "10.0.0.0/8").map((cidr) => ({ toCIDR: [cidr] })),
  fc
    .constantFrom({ matchName: "api.example.org" }, { matchPattern: "*.example.org" })
    .map((name) => ({ toFQDNs: [name] })),
);
const rule = (direction: Direction) =>
  fc
    .tuple(
      direction === "egress"
        ? fc.oneof(
            pods.map((matchLabels) => ({ toEndpoints: [{ matchLabels }] })),
            outside,
          )
        : pods.map((matchLabels) => ({ fromEndpoints: [{ matchLabels }] })),
      what,
    )
    .map(([peer, on]) => ({ ...peer, ...on }));
const policyOf = (n: number) =>
  fc
    .record({
      selector: fc.constantFrom({}, { matchLabels: { app: "web" } }, { matchLabels: { tier: "back" } }),
      ingress: fc.array(rule("ingress"), { maxLength: 2 }),
      egress: fc.array(rule("egress"), { maxLength: 2 }),
    })
    .filter((p) => p.ingress.length + p.egress.length > 0)
    .map(({ selector, ingress, egress }) =>
      additive(`shop/p${n}`, {
        endpointSelector: selector,
        ...(ingress.length > 0 ? { ingress } : {}),
        ...(egress.length > 0 ? { egress } : {}),
      }),
    );
const policySet = fc
  .integer({ min: 1, max: 3 })
  .chain((n) => fc.tuple(...Array.from({ length: n }, (_, i) => policyOf(i))));

const lock = assumedDefaultDeny("shop");
const settings = defaultSettings();

describe("round trip", () => {
  it("drafts, from the flows that a policy set lets through, policies that decide every flow the same", () => {
    fc.assert(
      fc.property(policySet, (original) => {
        const before = compilePolicies([...original, lock], settings);
        const edges = UNIVERSE.map((asked) => {
          const { direction, own, far, port, protocol } = asked;
          const flows = verdictOf(before, asked) === "allowed" ? 5 : 0;
          const [source, destination] = direction === "egress" ? [own, far] : [far, own];
          return edge(source, destination, port, { protocol, flows });
        });
        const draft = draftAllows({
          tree: memoryTree({ "apps/shop/kustomization.yaml": "kind: Kustomization\nnamespace: shop\nresources: []\n" }),
          inventory: field,
          edges,
          coverage: null,
          namespace: "shop",
          facts: defaultClusterFacts,
          settings,
          writer,
        });
        const drafted: PolicyDocument[] = draft.files
          .filter((f) => !f.path.endsWith("kustomization.yaml"))
          .flatMap((f) =>
            parseAllDocuments(f.text ?? "").map((d) => ({
              object: d.toJS() as unknown,
              namespace: "shop",
              origin: null,
            })),
          );
        const after = compilePolicies([...drafted, lock], settings);
        expect(after.invalid).toEqual([]);
        const told = UNIVERSE.map(
          (asked) => `${asked.direction} ${asked.own.id} ${asked.far.id} ${asked.protocol} ${asked.port}`,
        );
        const decided = (set: PolicySet) =>
          UNIVERSE.flatMap((asked, n) => (verdictOf(set, asked) === "allowed" ? [told[n]] : []));
        expect(decided(after)).toEqual(decided(before));
      }),
      { numRuns: 60 },
    );
  });
});
