import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clusterReader } from "../../src/cluster/reader.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import type { ClusterReader } from "../../src/facts/ports.ts";
import { openWorld, type ServedWorld, type World } from "../../src/world/world.ts";
import { freshDir } from "../world/world.ts";

let dir: string;
let world: World;
let served: ServedWorld;
let cluster: ClusterReader;

beforeAll(async () => {
  dir = await freshDir();
  world = await openWorld({ dir });
  served = await world.serve();
  const kubeconfig = { text: served.kubeconfig };
  cluster = clusterReader({
    reader: { kubeconfig, context: "sample" },
    rollback: { kubeconfig, context: "sample-rollback" },
  });
});
afterAll(async () => {
  await served.close();
  world.dispose();
  rmSync(dir, { recursive: true, force: true });
});

describe("the live cluster", () => {
  it("knows each pod by its workload, its place and the labels that make its identity", async () => {
    const webhook = (await cluster.pods()).find((pod) => pod.namespace === "selfhosted");
    expect(webhook?.workload).toEqual({ kind: "Deployment", name: "webhook" });
    expect(webhook?.node).toMatch(/^node-\d$/);
    expect(webhook?.identity).toContain("k8s:io.kubernetes.pod.namespace=selfhosted");
    expect(webhook?.identity?.some((label) => label.startsWith("k8s:pod-template-hash"))).toBe(false);
  });

  it("knows which policies the agents took, and who owns them", async () => {
    const policies = await cluster.policies();
    const deny = policies.find((p) => p.ref.namespace === "media" && p.ref.name === "default-deny");
    expect(deny).toMatchObject({ valid: true, ref: { kind: "CiliumNetworkPolicy" } });
    expect(deny?.owner).toMatch(/^[a-z-]+\/[a-z-]+$/);
  });

  it("knows what Flux applied from which source, and what is suspended", async () => {
    const kustomizations = await cluster.kustomizations();
    const sources = await cluster.sources();
    const selfhosted = kustomizations.find((k) => k.id === "selfhosted/webhook");
    expect(selfhosted).toMatchObject({ suspended: false, ready: true });
    expect(sources.map((s) => s.id)).toContain(selfhosted?.source);
    expect(kustomizations.filter((k) => k.suspended).map((k) => k.id)).toEqual(["flux-system/cluster-games"]);
  });

  it("asks access reviews as the identity that would roll back", async () => {
    const at = { group: "cilium.io", resource: "ciliumnetworkpolicies", namespace: "media" };
    expect(await cluster.mayI({ ...at, verb: "delete" })).toBe(true);
    expect(await cluster.mayI({ verb: "delete", group: "", resource: "pods", namespace: "media" })).toBe(false);
  });

  it("hands on the server's own refusal of a dry run, and keeps nothing", async () => {
    const body = (spec: object): Record<string, unknown> => ({
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "tried", namespace: "media" },
      spec,
    });
    const at = { verb: "create", kind: "CiliumNetworkPolicy", namespace: "media", name: "tried" } as const;
    expect(await cluster.dryRun({ ...at, body: body({ endpointSelector: {}, ingress: [{}] }) })).toBeNull();
    const refused = await cluster.dryRun({
      ...at,
      body: body({ endpointSelector: {}, ingress: [{ fromEntities: ["everybody"] }] }),
    });
    expect(refused).toContain("fromEntities");
    const patch = { metadata: { annotations: { a: "b" } } };
    expect(await cluster.dryRun({ ...at, verb: "patch", name: "default-deny", body: patch })).toBeNull();
    expect((await cluster.policies()).some((p) => p.ref.name === "tried")).toBe(false);
  });
});

describe("a cluster that cannot be read", () => {
  const complaint = async (reader: ClusterReader): Promise<OperatorError> => {
    const error: unknown = await reader.pods().catch((thrown: unknown) => thrown);
    if (error instanceof OperatorError) return error;
    throw new Error(`no complaint: ${String(error)}`);
  };

  it("names the contexts that there are when the one named is not among them", async () => {
    const lost = clusterReader({
      reader: { kubeconfig: { text: served.kubeconfig }, context: "prod" },
      rollback: null,
    });
    expect((await complaint(lost)).line).toContain("There are: sample");
  });

  it("that is down is outside, and unreadable credentials are a mistake to mend", async () => {
    const down = served.kubeconfig.replaceAll(served.kubeUrl, "http://127.0.0.1:9");
    const unreachable = clusterReader({ reader: { kubeconfig: { text: down }, context: null }, rollback: null });
    expect((await complaint(unreachable)).kind).toBe("outside");
    const missing = clusterReader({
      reader: { kubeconfig: { file: "/nowhere/config" }, context: null },
      rollback: null,
    });
    expect(await complaint(missing)).toMatchObject({ kind: "input", where: "/nowhere/config" });
  });
});
