import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clusterReader } from "../../src/cluster/reader.ts";
import { OperatorError } from "../../src/facts/errors.ts";

type Route = (request: IncomingMessage, body: string) => { readonly status: number; readonly body: unknown };

let server: Server;
let url: string;
let asked: string[];
let routes: Record<string, Route>;

const list =
  (...items: readonly unknown[]): Route =>
  () => ({ status: 200, body: { items, metadata: {} } });

beforeEach(async () => {
  asked = [];
  routes = {};
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? "-"}`);
      const route = routes[`${request.method} ${path}`] ?? (() => ({ status: 404, body: { message: "not found" } }));
      const { status, body } = route(request, Buffer.concat(chunks).toString());
      response
        .writeHead(status, { "content-type": "application/json" })
        .end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => void server.close(resolve));
});

const reader = () =>
  clusterReader({ reader: { server: url, token: "read" }, rollback: { server: url, token: "back" } });

const outsideOf = async (attempt: Promise<unknown>): Promise<OperatorError> => {
  const error: unknown = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof OperatorError)) throw new Error(`no OperatorError: ${String(error)}`);
  return error;
};

describe("the live cluster", () => {
  it("reads pods with what made them and with the labels that Cilium gave them", async () => {
    routes["GET /api/v1/pods"] = list(
      {
        metadata: {
          namespace: "web",
          name: "wiki-abc-x",
          labels: { app: "wiki", "pod-template-hash": "abc" },
          ownerReferences: [{ kind: "ReplicaSet", name: "wiki-abc", controller: true }],
        },
        spec: { nodeName: "n1", containers: [{ ports: [{ name: "http", containerPort: 80 }] }] },
        status: { phase: "Running", podIP: "10.0.0.1", startTime: "2026-01-01T00:00:00Z" },
      },
      {
        metadata: {
          namespace: "web",
          name: "j",
          ownerReferences: [{ kind: "Job", name: "backup-28999999", controller: true }],
        },
        status: {},
      },
      { metadata: { namespace: "web", name: "done" }, status: { phase: "Succeeded" } },
    );
    routes["GET /apis/cilium.io/v2/ciliumendpoints"] = list({
      metadata: { namespace: "web", name: "wiki-abc-x" },
      status: { identity: { labels: ["k8s:app=wiki"] } },
    });
    const [wiki, job, ...rest] = await reader().pods();
    expect(rest).toEqual([]);
    expect(wiki).toMatchObject({
      workload: { kind: "Deployment", name: "wiki" },
      identity: ["k8s:app=wiki"],
      ip: "10.0.0.1",
      ports: [{ name: "http", port: 80, protocol: "TCP" }],
      startedAt: Date.UTC(2026, 0, 1),
    });
    expect(job).toMatchObject({ workload: { kind: "CronJob", name: "backup" }, identity: null });
  });

  it("follows a list over its pages", async () => {
    routes["GET /api/v1/namespaces"] = (request) => {
      const isSecond = (request.url ?? "").includes("continue=more%2F1");
      return {
        status: 200,
        body: {
          items: [{ metadata: { name: isSecond ? "b" : "a" } }],
          metadata: isSecond ? {} : { continue: "more/1" },
        },
      };
    };
    expect((await reader().namespaces()).map((n) => n.name)).toEqual(["a", "b"]);
  });

  it("reads policies with Cilium's word on them and who applies them, and lives without Cilium", async () => {
    routes["GET /apis/networking.k8s.io/v1/networkpolicies"] = list({ metadata: { namespace: "web", name: "np" } });
    expect(await reader().policies()).toMatchObject([
      { ref: { kind: "NetworkPolicy", name: "np" }, valid: null, owner: null },
    ]);
    routes["GET /apis/cilium.io/v2/ciliumnetworkpolicies"] = list({
      metadata: {
        namespace: "web",
        name: "p",
        managedFields: [],
        labels: { "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" },
      },
      spec: { ingress: [] },
      status: { conditions: [{ type: "Valid", status: "False", message: "no rule" }] },
    });
    const [policy] = await reader().policies();
    expect(policy).toMatchObject({ valid: false, message: "no rule", owner: "flux-system/apps" });
    expect(policy?.object).toMatchObject({ kind: "CiliumNetworkPolicy", spec: { ingress: [] } });
    expect(JSON.stringify(policy?.object)).not.toMatch(/managedFields|status/);
  });

  it("reads Flux's Kustomizations and sources so that one finds the other", async () => {
    routes["GET /apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"] = list({
      metadata: { namespace: "web", name: "wiki" },
      spec: {
        suspend: true,
        path: "./apps/wiki/",
        sourceRef: { kind: "GitRepository", name: "home", namespace: "flux-system" },
        dependsOn: [{ name: "db" }],
      },
      status: { lastAppliedRevision: "main@sha1:abc", conditions: [{ type: "Ready", status: "False", message: "no" }] },
    });
    routes["GET /apis/source.toolkit.fluxcd.io/v1/gitrepositories"] = list({
      metadata: { namespace: "flux-system", name: "home" },
      status: { artifact: { revision: "main@sha1:def" } },
    });
    const [kustomization] = await reader().kustomizations();
    const [source] = await reader().sources();
    expect(kustomization).toMatchObject({
      id: "web/wiki",
      suspended: true,
      ready: false,
      path: "apps/wiki",
      dependsOn: ["web/db"],
    });
    expect(source).toMatchObject({ id: kustomization?.source, fetchedRevision: "main@sha1:def", suspended: false });
  });

  it("reads Services and nodes", async () => {
    routes["GET /api/v1/services"] = list({
      metadata: { namespace: "web", name: "wiki" },
      spec: {
        type: "LoadBalancer",
        clusterIP: "10.1.0.1",
        selector: { app: "wiki" },
        ports: [{ port: 80, targetPort: "http" }],
      },
      status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } },
    });
    routes["GET /api/v1/nodes"] = list({
      metadata: { name: "n1" },
      status: {
        addresses: [
          { type: "InternalIP", address: "10.9.0.1" },
          { type: "Hostname", address: "n1" },
        ],
      },
    });
    expect(await reader().services()).toMatchObject([
      { loadBalancerIps: ["192.0.2.1"], ports: [{ port: 80, targetPort: "http", protocol: "TCP" }] },
    ]);
    expect(await reader().nodes()).toEqual([{ name: "n1", addresses: ["10.9.0.1"] }]);
  });
});

describe("what the rollback may do", () => {
  it("is asked of the server with the rollback's own identity", async () => {
    routes["POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"] = (_, body) => ({
      status: 201,
      body: { status: { allowed: body.includes('"verb":"patch"') } },
    });
    const asks = (verb: string) =>
      reader().mayI({ verb, group: "cilium.io", resource: "ciliumnetworkpolicies", namespace: "web" });
    expect([await asks("patch"), await asks("delete")]).toEqual([true, false]);
    expect(asked.every((line) => line.endsWith("Bearer back"))).toBe(true);
  });

  it("is tried without changing anything, and the refusal is the server's own", async () => {
    const base = "/apis/cilium.io/v2/namespaces/web/ciliumnetworkpolicies";
    const request = { kind: "CiliumNetworkPolicy", namespace: "web", name: "a/b", body: { spec: {} } };
    routes[`POST ${base}`] = () => ({ status: 422, body: { message: "spec is invalid" } });
    expect(await reader().dryRun({ ...request, verb: "create" })).toBe("spec is invalid");
    routes[`PATCH ${base}/a%2Fb`] = (sent) => ({
      status: sent.headers["content-type"] === "application/merge-patch+json" ? 200 : 415,
      body: {},
    });
    expect(await reader().dryRun({ ...request, verb: "patch" })).toBeNull();
    routes[`PATCH ${base}/a%2Fb`] = (sent) => ({
      status: sent.headers["content-type"] === "application/json-patch+json" ? 422 : 200,
      body: { message: "the lock is refused" },
    });
    expect(await reader().dryRun({ ...request, verb: "replace" })).toBe("the lock is refused");
    routes[`PATCH ${base}/a%2Fb`] = () => ({ status: 200, body: {} });
    // What is there already can be made again.
    routes[`POST ${base}`] = () => ({ status: 409, body: { message: "already exists" } });
    expect(await reader().dryRun({ ...request, verb: "create" })).toBeNull();
    expect(asked.every((line) => line.includes("dryRun=All"))).toBe(true);
  });

  it("is no without such an identity", async () => {
    const without = clusterReader({ reader: { server: url, token: null }, rollback: null });
    expect(await without.mayI({ verb: "patch", group: "", resource: "pods", namespace: null })).toBe(false);
    expect(await without.dryRun({ verb: "patch", kind: "NetworkPolicy", namespace: "a", name: "b", body: {} })).toMatch(
      /rollback/,
    );
  });
});

describe("a cluster that does not answer as it should", () => {
  it("is outside: gone, refusing, broken, or no API server at all", async () => {
    routes["GET /api/v1/pods"] = () => ({ status: 403, body: { message: "pods is forbidden" } });
    expect(await outsideOf(reader().pods())).toMatchObject({
      kind: "outside",
      message: expect.stringContaining("forbidden"),
    });
    routes["GET /api/v1/pods"] = () => ({ status: 500, body: "<html>" });
    expect((await outsideOf(reader().pods())).kind).toBe("outside");
    expect((await outsideOf(reader().services())).kind).toBe("outside");
    const gone = clusterReader({ reader: { server: "http://127.0.0.1:1", token: null }, rollback: null });
    expect(await outsideOf(gone.nodes())).toMatchObject({ kind: "outside", where: "http://127.0.0.1:1" });
  });

  it("is nobody whom it sends elsewhere", async () => {
    routes["GET /api/v1/nodes"] = list();
    const elsewhere = createServer((_, response) => response.writeHead(307, { location: `${url}/api/v1/nodes` }).end());
    await new Promise<void>((resolve) => void elsewhere.listen(0, "127.0.0.1", resolve));
    const address = elsewhere.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const sent = clusterReader({ reader: { server: `http://127.0.0.1:${port}`, token: "t" }, rollback: null });
    expect((await outsideOf(sent.nodes())).kind).toBe("outside");
    expect(asked).toEqual([]);
    elsewhere.closeAllConnections();
    await new Promise((resolve) => void elsewhere.close(resolve));
  });

  it("is a matter of input where the kubeconfig is wrong", async () => {
    const of = (kubeconfig: { text: string } | { file: string }, context: string | null) =>
      outsideOf(clusterReader({ reader: { kubeconfig, context }, rollback: null }).nodes());
    for (const server of [
      "http://192.0.2.1:8080",
      "HTTP://192.0.2.1:8080",
      " http://192.0.2.1:8080",
      "ftp://192.0.2.1",
    ]) {
      const plain = clusterReader({ reader: { server, token: "t" }, rollback: null });
      expect((await outsideOf(plain.nodes())).line).toMatch(/in the clear/);
    }
    const none = clusterReader({ reader: { server: "192.0.2.1", token: "t" }, rollback: null });
    expect((await outsideOf(none.nodes())).line).toMatch(/no URL/);
    expect((await of({ file: "/nonexistent/config" }, null)).line).toMatch(/no such kubeconfig/);
    expect((await of({ text: "clusters: [" }, null)).kind).toBe("input");
    expect((await of({ text: "clusters: []\ncontexts: []\nusers: []\n" }, "prod")).line).toMatch(/"prod"/);
    const other = "clusters: []\ncontexts: [{name: home, context: {cluster: c, user: u}}]\nusers: []\n";
    expect((await of({ text: other }, "prod")).line).toContain("There are: home");
  });
});
