import { KubeConfig, CoreV1Api, CustomObjectsApi } from "@kubernetes/client-node";
import { parse } from "yaml";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rmSync } from "node:fs";
import { HOUR, MINUTE } from "../../src/facts/clock.ts";
import { openWorld, type ServedWorld, type World } from "../../src/world/world.ts";
import { commit, freshDir } from "./world.ts";

const CNP = "/apis/cilium.io/v2/namespaces/media/ciliumnetworkpolicies";
const KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1";

interface Reply {
  readonly code: number;
  readonly body: Record<string, never>;
}

let dir = "";
let world: World;
let served: ServedWorld;

beforeEach(async () => {
  dir = await freshDir();
  world = await openWorld({ dir });
  served = await world.serve();
});
afterEach(async () => {
  await served.close();
  world.dispose();
  rmSync(dir, { recursive: true, force: true });
});

const tokenOf = (user: string): string => {
  const config = parse(served.kubeconfig) as { users: { name: string; user: { token: string } }[] };
  return config.users.find((u) => u.name === user)?.user.token ?? "";
};

const call = async (
  method: string,
  path: string,
  options: { as?: string; body?: unknown; type?: string } = {},
): Promise<Reply> => {
  const response = await fetch(`${served.kubeUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokenOf(options.as ?? "sample")}`,
      ...(options.body === undefined ? {} : { "content-type": options.type ?? "application/json" }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  return { code: response.status, body: (await response.json()) as Record<string, never> };
};

const merge = "application/merge-patch+json";
const rollback = "sample-rollback";

describe("the world's Kubernetes API", () => {
  it("satisfies the official client: pods, services with container ports, custom objects", async () => {
    const config = new KubeConfig();
    config.loadFromString(served.kubeconfig);
    const core = config.makeApiClient(CoreV1Api);
    const pods = (await core.listPodForAllNamespaces()).items;
    const webhook = pods.find((p) => p.metadata?.namespace === "selfhosted");
    expect(webhook?.spec?.nodeName).toBe("node-3");
    expect(webhook?.metadata?.ownerReferences?.[0]?.kind).toBe("ReplicaSet");
    const service = await core.readNamespacedService({ name: "webhook", namespace: "selfhosted" });
    expect(service.spec?.ports?.[0]).toMatchObject({ port: 80, targetPort: "http" });
    const policies: unknown = await config.makeApiClient(CustomObjectsApi).listNamespacedCustomObject({
      group: "cilium.io",
      version: "v2",
      namespace: "media",
      plural: "ciliumnetworkpolicies",
    });
    expect(policies).toMatchObject({
      kind: "CiliumNetworkPolicyList",
      items: expect.arrayContaining([expect.objectContaining({ kind: "CiliumNetworkPolicy" })]),
    });
  });

  it("shows what Flux applied, by whom and from which revision", async () => {
    const { body } = await call("GET", `${KUSTOMIZATIONS}/namespaces/selfhosted/kustomizations/webhook`);
    const { head } = await world.status();
    expect(body).toMatchObject({
      metadata: { labels: { "kustomize.toolkit.fluxcd.io/name": "cluster-apps" } },
      status: { lastAppliedRevision: `main@sha1:${head}`, conditions: [{ type: "Ready", status: "True" }] },
    });
    const source = await call(
      "GET",
      "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system",
    );
    expect(source.body).toMatchObject({ status: { artifact: { revision: `main@sha1:${head}` } } });
    const games = await call("GET", `${KUSTOMIZATIONS}/namespaces/flux-system/kustomizations/cluster-games`);
    expect(games.body).toMatchObject({ spec: { suspend: true } });
  });

  it("says of each policy whether the agents take it", async () => {
    await commit(world, {
      "kubernetes/apps/media/player/app/networkpolicy.yaml":
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: allow-player\nspec:\n  endpointSelector: {}\n  ingress: []\n",
    });
    await world.play(world.clock.now() + 10 * MINUTE);
    const player = await call("GET", `${CNP}/allow-player`);
    expect(player.body).toMatchObject({ status: { conditions: [{ type: "Valid", status: "False" }] } });
    const deny = await call("GET", `${CNP}/default-deny`);
    expect(deny.body).toMatchObject({ status: { conditions: [{ type: "Valid", status: "True" }] } });
  });

  it("answers access reviews by who asks", async () => {
    const ask = async (as: string, verb: string, group: string, resource: string): Promise<unknown> => {
      const body = { spec: { resourceAttributes: { verb, group, resource, namespace: "media" } } };
      const reply = await call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { as, body });
      return (reply.body as { status?: { allowed?: boolean } }).status?.allowed;
    };
    expect(await ask("sample", "list", "cilium.io", "ciliumnetworkpolicies")).toBe(true);
    expect(await ask("sample", "delete", "cilium.io", "ciliumnetworkpolicies")).toBe(false);
    expect(await ask(rollback, "delete", "cilium.io", "ciliumnetworkpolicies")).toBe(true);
    expect(await ask(rollback, "patch", "kustomize.toolkit.fluxcd.io", "kustomizations")).toBe(true);
    expect(await ask(rollback, "create", "cilium.io", "ciliumnetworkpolicies")).toBe(false);
    expect(await ask(rollback, "delete", "", "pods")).toBe(false);
  });

  it("dry-runs a patch, refuses what the schema refuses, keeps nothing, and lets nobody try what they may not do", async () => {
    const policy = (spec: unknown): unknown => ({
      apiVersion: "cilium.io/v2",
      kind: "CiliumNetworkPolicy",
      metadata: { name: "x" },
      spec,
    });
    const instead = (value: unknown) =>
      call("PATCH", `${CNP}/allow-dns?dryRun=All`, {
        as: rollback,
        body: [{ op: "add", path: "/spec", value }],
        type: "application/json-patch+json",
      });
    expect((await instead({ endpointSelector: {}, ingress: [{}] })).code).toBe(200);
    const bad = await instead({ endpointSelector: {}, ingress: [{ fromEntities: ["everybody"] }] });
    expect(bad).toMatchObject({ code: 422, body: { reason: "Invalid" } });
    // A dry run asks for the right to do it.
    const made = { as: rollback, body: policy({ endpointSelector: {}, ingress: [{}] }) };
    expect((await call("POST", `${CNP}?dryRun=All`, made)).code).toBe(403);
    const loosened = { spec: { enableDefaultDeny: { ingress: false, egress: false } } };
    const patched = await call("PATCH", `${CNP}/default-deny?dryRun=All`, {
      as: rollback,
      body: loosened,
      type: merge,
    });
    expect(patched).toMatchObject({ code: 200, body: loosened });
    expect((await call("GET", `${CNP}/default-deny`)).body).not.toMatchObject(loosened);
    expect((await call("GET", `${CNP}/x`)).code).toBe(404);
    expect((await call("POST", CNP, made)).code).toBe(403);
  });

  it("takes a patch and a delete only for the object as it was read", async () => {
    const read = await call("GET", `${CNP}/default-deny`);
    const { uid, resourceVersion } = (read.body as unknown as { metadata: { uid: string; resourceVersion: string } })
      .metadata;
    const patch = (metadata: object) =>
      call("PATCH", `${CNP}/default-deny`, {
        as: rollback,
        body: { metadata: { ...metadata, annotations: { note: "x" } } },
        type: merge,
      });
    expect((await patch({ uid, resourceVersion })).code).toBe(200);
    expect((await patch({ uid, resourceVersion })).code).toBe(409);
    const remove = (preconditions: object) =>
      call("DELETE", `${CNP}/default-deny`, { as: rollback, body: { preconditions } });
    expect((await remove({ uid, resourceVersion })).code).toBe(409);
    expect((await remove({ uid })).code).toBe(200);
  });

  it("keeps what is deleted as long as somebody's finalizer holds it", async () => {
    const held = `${CNP}/allow-apiserver`;
    const finalizers = (value: readonly string[] | null) =>
      call("PATCH", held, { as: rollback, body: { metadata: { finalizers: value } }, type: merge });
    await finalizers(["example.com/kept"]);
    expect((await call("DELETE", held, { as: rollback })).code).toBe(200);
    expect((await call("GET", held)).body).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) } });
    await finalizers(null);
    expect((await call("GET", held)).code).toBe(404);
  });

  it("brings back, by a reconcile that was in flight, what was deleted under it after its Kustomization was suspended", async () => {
    await commit(world, { "README.md": "changed\n" });
    // The source fetches at the tick, and the apply lands some seconds later.
    await world.play(world.clock.now() + 5 * MINUTE);
    const player = `${KUSTOMIZATIONS}/namespaces/media/kustomizations/player`;
    expect((await call("GET", player)).body).toMatchObject({
      status: {
        conditions: expect.arrayContaining([expect.objectContaining({ type: "Reconciling", status: "True" })]),
      },
    });
    await call("PATCH", player, { as: rollback, body: { spec: { suspend: true } }, type: merge });
    await call("DELETE", `${CNP}/allow-player`, { as: rollback });
    expect((await call("GET", `${CNP}/allow-player`)).code).toBe(404);
    await world.play(world.clock.now() + MINUTE);
    expect((await call("GET", `${CNP}/allow-player`)).code).toBe(200);
    // Once it rests, what is deleted stays away.
    await call("DELETE", `${CNP}/allow-player`, { as: rollback });
    await world.play(world.clock.now() + 3 * HOUR);
    expect((await call("GET", `${CNP}/allow-player`)).code).toBe(404);
  });

  it("enforces at once what is patched or deleted, and Flux puts it back unless the right owner is told not to", async () => {
    // Another Kustomization of the namespace: suspending that one holds nothing back.
    await call("PATCH", `${KUSTOMIZATIONS}/namespaces/media/kustomizations/player`, {
      as: rollback,
      body: { spec: { suspend: true } },
      type: merge,
    });
    expect((await call("DELETE", `${CNP}/default-deny`, { as: rollback })).code).toBe(200);
    expect((await call("GET", `${CNP}/default-deny`)).code).toBe(404);
    const endpoints = await call("GET", "/apis/cilium.io/v2/namespaces/media/ciliumendpoints");
    expect(endpoints.body).toMatchObject({
      items: [{ status: { policy: { ingress: { enforcing: false }, egress: { enforcing: false } } } }],
    });
    await world.play(world.clock.now() + HOUR + MINUTE);
    expect((await call("GET", `${CNP}/default-deny`)).code).toBe(200);

    const keep = { metadata: { annotations: { "kustomize.toolkit.fluxcd.io/reconcile": "disabled" } } };
    await call("PATCH", `${CNP}/default-deny`, { as: rollback, body: keep, type: merge });
    const inert = { spec: { enableDefaultDeny: { ingress: false, egress: false } } };
    await call("PATCH", `${CNP}/default-deny`, { as: rollback, body: inert, type: merge });
    await world.play(world.clock.now() + 3 * HOUR);
    expect((await call("GET", `${CNP}/default-deny`)).body).toMatchObject(inert);
  });

  it("lets a suspended Kustomization rest, so that what was deleted stays away", async () => {
    const suspend = { spec: { suspend: true } };
    await call("PATCH", `${KUSTOMIZATIONS}/namespaces/media/kustomizations/player`, {
      as: rollback,
      body: suspend,
      type: merge,
    });
    await call("DELETE", `${CNP}/allow-player`, { as: rollback });
    await world.play(world.clock.now() + 3 * HOUR);
    expect((await call("GET", `${CNP}/allow-player`)).code).toBe(404);
    expect((await call("GET", `${KUSTOMIZATIONS}/namespaces/media/kustomizations/player`)).body).toMatchObject(suspend);
  });

  it("refuses whoever brings no token, unknown kinds, and bodies that are no objects", async () => {
    expect((await fetch(`${served.kubeUrl}/api/v1/pods`)).status).toBe(401);
    expect((await call("GET", "/apis/apps/v1/nonsense")).code).toBe(404);
    expect((await call("GET", "/api/v1/namespaces/media/secrets")).code).toBe(404);
    expect((await call("PATCH", `${CNP}/default-deny`, { as: rollback, body: [1, 2], type: merge })).code).toBe(400);
    expect(
      (
        await call("PATCH", `${CNP}/default-deny?dryRun=All`, {
          as: rollback,
          body: [{ op: "remove", path: "/spec/none" }],
          type: "application/json-patch+json",
        })
      ).code,
    ).toBe(400);
  });

  it("filters by labels and fields", async () => {
    const dns = await call("GET", "/api/v1/pods?labelSelector=k8s-app%20in%20(kube-dns)");
    expect((dns.body as { items?: unknown[] }).items).toHaveLength(2);
    const here = await call("GET", "/api/v1/pods?labelSelector=k8s-app=kube-dns&fieldSelector=spec.nodeName=node-1");
    expect((here.body as { items?: unknown[] }).items).toHaveLength(1);
  });

  it("watches: everything as ADDED, then what changes", async () => {
    const abort = new AbortController();
    const response = await fetch(`${served.kubeUrl}${CNP}?watch=1`, {
      headers: { authorization: `Bearer ${tokenOf("sample")}` },
      signal: abort.signal,
    });
    const events: { type: string; name: string }[] = [];
    const reading = (async () => {
      let rest = "";
      for await (const chunk of response.body ?? []) {
        rest += Buffer.from(chunk).toString("utf8");
        const lines = rest.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const event = JSON.parse(line) as { type: string; object: { metadata: { name: string } } };
          events.push({ type: event.type, name: event.object.metadata.name });
        }
        if (events.some((e) => e.type === "DELETED")) return;
      }
    })();
    while (!events.some((e) => e.name === "default-deny")) await new Promise((resolve) => setTimeout(resolve, 10));
    await call("DELETE", `${CNP}/default-deny`, { as: rollback });
    await reading;
    abort.abort();
    expect(events).toContainEqual({ type: "ADDED", name: "allow-dns" });
    expect(events.at(-1)).toEqual({ type: "DELETED", name: "default-deny" });
  });
});
