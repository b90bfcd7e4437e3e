import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { drift } from "../../src/cluster/drift.ts";
import { withCluster } from "../../src/cluster/enrich.ts";
import { clusterReader } from "../../src/cluster/reader.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { folderTree } from "../../src/gitops/folder-tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { openWorld } from "../../src/world/world.ts";

it("reads the sample cluster through its API and finds in it what its repository says", async () => {
  const dir = mkdtempSync(join(tmpdir(), "cluster-"));
  const world = await openWorld({ dir });
  const served = await world.serve();
  try {
    const kubeconfig = { text: served.kubeconfig };
    const cluster = clusterReader({
      reader: { kubeconfig, context: "sample" },
      rollback: { kubeconfig, context: "sample-rollback" },
    });
    const [pods, services, endpoints, policies, kustomizations, sources, namespaces, nodes] = await Promise.all([
      cluster.pods(),
      cluster.services(),
      cluster.endpoints?.() ?? [],
      cluster.policies(),
      cluster.kustomizations(),
      cluster.sources(),
      cluster.namespaces(),
      cluster.nodes(),
    ]);
    const byToken = { server: served.kubeUrl, token: served.tokens.reader };
    expect(await clusterReader({ reader: byToken, rollback: null }).policies()).toEqual(policies);
    expect(pods.filter((p) => !p.hostNetwork).every((p) => p.identity !== null)).toBe(true);
    // A vanilla NetworkPolicy has no word on its validity, and one that a chart ships has no Kustomization.
    const own = policies.filter((p) => p.ref.kind !== "NetworkPolicy");
    expect(own.every((p) => p.owner !== null && p.valid === true)).toBe(true);
    expect(kustomizations.every((k) => sources.some((s) => s.id === k.source))).toBe(true);
    expect(nodes.every((n) => n.addresses.length > 0)).toBe(true);

    const inventory = readInventory(folderTree("src/world/sample"), defaultClusterFacts);
    expect(inventory.problems).toEqual([]);
    expect(
      inventory.namespaces.filter((n) => !n.dormant && !n.suspended && !namespaces.some((l) => l.name === n.name)),
    ).toEqual([]);
    const kinds = drift(inventory, { pods, services, policies, kustomizations }).map((d) => d.kind);
    // Only the NetworkPolicy that a chart ships stands in the cluster and in no manifest.
    expect(kinds.filter((kind) => kind.startsWith("policy-") || kind === "labels-differ")).toEqual([
      "policy-not-in-git",
    ]);
    expect(endpoints.some((e) => e.service === "pg-main-rw" && e.endpoints.some(({ pod }) => pod !== null))).toBe(true);
    const enriched = withCluster(inventory, { pods, services, endpoints, namespaces });
    expect(enriched.gateways.every((g) => g.addresses.length > 0)).toBe(true);
    expect(
      enriched.services.filter((s) => s.selector !== null && s.ports.some((p) => p.containerPort === null)),
    ).toEqual([]);

    const request = { group: "cilium.io", resource: "ciliumnetworkpolicies", namespace: "collab" };
    expect(await cluster.mayI({ ...request, verb: "patch" })).toBe(true);
    expect(await cluster.mayI({ ...request, verb: "create" })).toBe(false);
    const lock = (ingress: unknown) => ({
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "x", namespace: "collab" },
      spec: { endpointSelector: {}, ingress },
    });
    const run = (ingress: unknown) =>
      cluster.dryRun({
        verb: "replace",
        kind: "CiliumNetworkPolicy",
        namespace: "media",
        name: "allow-dns",
        body: lock(ingress),
      });
    expect(await run([{}])).toBeNull();
    expect(await run("no")).toMatch(/invalid/);
  } finally {
    await served.close();
    world.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
});
