import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { DeclaredEdge, RenderedObject, RouteFact } from "../../src/facts/inventory.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { unexercised } from "../../src/replay/synthetic.ts";
import { additive, edge, end, gateway, inventory, service, tcp, workload } from "./field.ts";

const board = workload("collab/Deployment/board", { app: "board" }, { ports: [["http", 8065]] });
const idp = workload("auth/Deployment/idp", { app: "idp" }, { ports: [["http", 9091]] });
const envoy = workload("network/Deployment/envoy", { app: "envoy" }, { ports: [["https", 10443]] });
const coredns = workload("kube-system/Deployment/coredns", { "k8s-app": "kube-dns" }, { ports: [["dns", 53]] });

const declares = (target: DeclaredEdge["target"], port: number, more: Partial<DeclaredEdge> = {}): DeclaredEdge => ({
  source: { namespace: "collab", workload: "board", kind: "Deployment" },
  target,
  port,
  protocol: "TCP",
  why: "url",
  key: "BOARD_URL",
  sure: "certain",
  origin: { file: "apps/collab/board/helmrelease.yaml", line: 12, column: 9 },
  ...more,
});
const issuer = declares({ kind: "host", host: "auth.example.com" }, 443, { why: "issuer", key: "BOARD_OIDC_ISSUER" });
const route: RouteFact = {
  kind: "HTTPRoute",
  namespace: "auth",
  name: "idp",
  hostnames: ["auth.example.com"],
  gateways: ["network/inside"],
  backends: [{ namespace: "auth", service: "idp", port: 80 }],
  sure: "certain",
  origin: null,
};
const field = inventory({
  workloads: [board, idp, envoy, coredns],
  services: [
    service("auth/idp", { app: "idp" }, [[80, 9091]]),
    service("collab/board", { app: "board" }, [[80, 8065]]),
  ],
  gateways: [gateway("network/inside", { app: "envoy" })],
  routes: [route],
  declared: [issuer],
});
const dns = additive("collab/allow-dns", {
  endpointSelector: {},
  egress: [
    {
      toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns" } }],
      toPorts: [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: [{ matchPattern: "*" }] } }],
    },
  ],
});
const toGateway = (port: number): PolicyDocument =>
  additive("collab/board-allow", {
    endpointSelector: { matchLabels: { app: "board" } },
    egress: [
      {
        toEndpoints: [{ matchLabels: { "io.kubernetes.pod.namespace": "network", app: "envoy" } }],
        toPorts: tcp(port),
      },
    ],
  });

const judge = (policies: readonly PolicyDocument[], more: Partial<Parameters<typeof unexercised>[0]> = {}) =>
  unexercised({
    inventory: field,
    edges: [],
    policies,
    settings: defaultSettings(),
    facts: defaultClusterFacts,
    namespace: "collab",
    ...more,
  });
const login = (policies: readonly PolicyDocument[]) =>
  judge(policies).exercises.find((e) => e.flow.declared === issuer);

describe("a login that nobody performed during the soak", () => {
  it("is judged as a connection to the gateway's pods and their container port", () => {
    expect(login([dns])?.flow).toMatchObject({ port: 10443, destination: { id: "network/Deployment/envoy" } });
  });

  it("is dropped when nothing allows it, and says how to exercise it", () => {
    expect(login([dns])).toMatchObject({ verdict: "dropped", seen: null });
    expect(login([dns])?.exercise).toContain("log in");
  });

  it("is dropped when the gateway is allowed by its Service port, or as the world", () => {
    expect(login([dns, toGateway(443)])?.verdict).toBe("dropped");
    const world = additive("collab/board-allow", {
      endpointSelector: {},
      egress: [{ toEntities: ["world"], toPorts: tcp(443) }],
    });
    expect(login([dns, world])?.verdict).toBe("dropped");
  });

  it("is allowed by a rule for the gateway's pods", () => {
    expect(login([dns, toGateway(10443)])?.verdict).toBe("allowed");
  });

  it("counts as exercised once it was recorded", () => {
    const found = judge([dns, toGateway(10443)], { edges: [edge(end(board), end(envoy), 10443)] });
    expect(found.exercises.find((e) => e.flow.declared === issuer)?.seen).not.toBeNull();
  });
});

describe("what else is declared or required", () => {
  it("asks that every pod resolves names over UDP and TCP", () => {
    const names = (policies: readonly PolicyDocument[]) =>
      judge(policies).exercises.filter((e) => e.flow.reason === "every pod resolves names");
    expect(names([]).map((e) => [e.flow.protocol, e.verdict])).toEqual([
      ["UDP", "dropped"],
      ["TCP", "dropped"],
    ]);
    expect(names([dns]).every((e) => e.verdict === "allowed")).toBe(true);
  });

  it("asks that a route's gateway reaches its backend on the container port", () => {
    const found = judge([dns], { namespace: "auth" }).exercises.find((e) => e.flow.destination.workload === idp);
    expect(found?.flow.port).toBe(9091);
    expect(found?.exercise).toContain("open auth.example.com in a browser");
    expect(found?.verdict).toBe("dropped");
  });

  it("does not take an app's own address for a connection of its own", () => {
    const own = declares({ kind: "host", host: "board.example.com" }, 443, { key: "BOARD_SITE_URL" });
    const routes = [
      {
        ...route,
        namespace: "collab",
        hostnames: ["board.example.com"],
        backends: [{ namespace: "collab", service: "board", port: 80 }],
      },
    ];
    const found = judge([dns], { inventory: { ...field, routes, declared: [own] } });
    expect(found.exercises.filter((e) => e.flow.declared === own)).toEqual([]);
  });

  it("says of which declared connection nobody can tell where it arrives", () => {
    const lost = declares({ kind: "service", namespace: "data", name: "cache" }, 6379);
    expect(judge([dns], { inventory: { ...field, declared: [lost] } }).unplaced[0]).toMatchObject({ declared: lost });
  });

  it("takes a recorded flow to a host of that name for the answer", () => {
    const camera = declares({ kind: "host", host: "camera" }, 554);
    const to = end("fqdn:camera.lan.example", {
      labels: ["reserved:world"],
      names: ["camera.lan.example"],
      ips: ["192.168.5.9"],
    });
    const lost = { inventory: { ...field, declared: [camera] } };
    expect(judge([dns], lost).unplaced).toHaveLength(1);
    expect(judge([dns], { ...lost, edges: [edge(end(board), to, 554)] }).unplaced).toEqual([]);
  });

  it("leaves a name with a variable in it unknown, where a name would have to decide", () => {
    const byName = additive("collab/board-allow", {
      endpointSelector: {},
      egress: [{ toFQDNs: [{ matchName: "mail.example.com" }], toPorts: tcp(587) }],
    });
    const mail = declares({ kind: "host", host: "mail.${SECRET_DOMAIN}" }, 587);
    const found = judge([dns, byName], { inventory: { ...field, declared: [mail] } });
    expect(found.exercises.find((e) => e.flow.declared === mail)?.verdict).toBe("unknown");
  });

  it("lets the API server call a webhook on its container port", () => {
    const hook: RenderedObject = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      namespace: null,
      name: "board",
      object: { webhooks: [{ clientConfig: { service: { namespace: "collab", name: "board", port: 80 } } }] },
      origin: { file: "x.yaml", line: 1, column: 1 },
      locate: () => null,
      owner: null,
    };
    const found = judge([dns], { inventory: { ...field, objects: [hook] } }).exercises.find(
      (e) => e.flow.reason === "ValidatingWebhookConfiguration board",
    );
    expect(found?.flow).toMatchObject({ port: 8065, source: { id: "reserved:kube-apiserver" } });
    expect(found?.verdict).toBe("dropped");
  });
});
