import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { checkPolicy } from "../../src/cilium/validity.ts";
import { draftAllows } from "../../src/drafting/draft.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { DeclaredEdge, WorkloadFact } from "../../src/facts/inventory.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { writer } from "../../src/gitops/edit.ts";
import { edge, end, inventory, namespaceFact, workload } from "../replay/field.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom(
    "../../../etc/passwd",
    "a\n---\nkind: ClusterRoleBinding",
    "yes",
    "0x10",
    "null",
    "*",
    "&a",
    "{}",
    "#",
    "\u202e\u0000",
    "${X}",
    "`; rm -rf /; `",
    "x".repeat(300),
  ),
);
// Mostly with one label to select by, so that the rest gets as far as a rule.
const labels = fc
  .tuple(fc.dictionary(text, text, { maxKeys: 3 }), fc.constantFrom({ app: "web" }, { app: "web" }, {}))
  .map(([odd, plain]) => ({ ...odd, ...plain }));
const pod = fc
  .record({ name: text, kind: text, labels })
  .map(({ name, kind, labels: given }): WorkloadFact =>
    workload(`shop/x/y`, given, { name, kind, origin: { file: "apps/shop/web/deployment.yaml", line: 1, column: 1 } }),
  );
const world = fc
  .record({ id: text, names: fc.array(text, { maxLength: 3 }), ips: fc.array(text, { maxLength: 3 }) })
  .map(({ id, names, ips }) => end(id, { labels: ["reserved:world"], names, ips }));
const stranger = fc.record({ namespace: text, labels: fc.array(text, { maxLength: 4 }) }).map((s) =>
  end("x", {
    namespace: s.namespace,
    labels: [`k8s:io.kubernetes.pod.namespace=${s.namespace}`, ...s.labels.map((l) => `k8s:${l}`)],
  }),
);
const port = fc.integer({ min: -1, max: 70_000 });
const protocol = fc.constantFrom("TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6", "VRRP", "IGMP");

const settings = defaultSettings();
const TREE = memoryTree({
  "apps/shop/kustomization.yaml": "kind: Kustomization\nnamespace: shop\nresources: []\n",
  "apps/shop/web/kustomization.yaml": "kind: Kustomization\nresources: []\n",
});

describe("a draft of whatever flows and manifests may hold", () => {
  it("is valid policies inside the repository, every time", () => {
    fc.assert(
      fc.property(pod, fc.oneof(world, stranger), port, protocol, text, text, (subject, far, on, over, host, key) => {
        const declared: DeclaredEdge = {
          source: { namespace: "shop", workload: subject.name, kind: subject.kind },
          target: { kind: "host", host },
          port: on,
          protocol: "TCP",
          why: "url",
          key,
          sure: "certain",
          origin: { file: key, line: 1, column: 1 },
        };
        const draft = draftAllows({
          tree: TREE,
          inventory: inventory({ workloads: [subject], namespaces: [namespaceFact("shop")], declared: [declared] }),
          edges: [edge(end(subject), far, on, { protocol: over }), edge(far, end(subject), on, { protocol: over })],
          coverage: null,
          namespace: "shop",
          facts: defaultClusterFacts,
          settings,
          writer,
        });
        for (const { path, text: written } of draft.files) {
          expect(path).toMatch(/^(apps\/shop|components)\/[a-z0-9./-]+$/);
          for (const document of parseAllDocuments(written ?? "")) {
            expect(document.errors).toEqual([]);
            const object = document.toJS() as { kind?: string };
            if (object.kind !== "CiliumNetworkPolicy") continue;
            expect(checkPolicy({ object, namespace: "shop", origin: null }, settings).map((p) => p.message)).toEqual(
              [],
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
