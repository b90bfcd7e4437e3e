import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { apiserverTargets, placements, routed } from "../../src/facts/declared.ts";
import type { DeclaredEdge, RenderedObject, RouteFact } from "../../src/facts/inventory.ts";
import { hostMatches, isPrivate, landings } from "../../src/facts/landing.ts";
import { gateway, inventory, service, workload } from "../replay/field.ts";

const web = workload("shop/Deployment/web", { app: "web" }, { ports: [["http", 8080]] });
const pg = workload("data/Cluster/pg", { "cnpg.io/cluster": "pg" }, { ports: [["postgres", 5432]] });
const envoy = workload("network/Deployment/envoy", { app: "envoy" });
const route: RouteFact = {
  kind: "HTTPRoute",
  namespace: "shop",
  name: "web",
  hostnames: ["web.example.com"],
  gateways: ["network/inside"],
  backends: [{ namespace: "shop", service: "web", port: 80 }],
  sure: "certain",
  origin: null,
};
const field = inventory({
  workloads: [web, pg, envoy],
  services: [
    service("shop/web", { app: "web" }, [[80, 8080]]),
    service("data/pg-rw", { "cnpg.io/cluster": "pg" }, [[5432, 5432]]),
    service("data/empty", { app: "gone" }, [[80, 80]], { type: "LoadBalancer", loadBalancerIps: ["10.0.0.9"] }),
    service("data/lb", { "cnpg.io/cluster": "pg" }, [[5432, 5432]], {
      type: "LoadBalancer",
      loadBalancerIps: ["10.0.0.8"],
    }),
    service("shop/bare", null, [[80, 80]]),
    service("shop/alias", null, [], { type: "ExternalName", externalName: "pg-rw.data.svc.cluster.local" }),
    service("shop/loop", null, [], { type: "ExternalName", externalName: "loop.shop.svc.cluster.local" }),
  ],
  gateways: [gateway("network/inside", { app: "envoy" }, { addresses: ["10.0.0.1"] })],
  routes: [route],
});

const land = (host: string, port = 80, facts = defaultClusterFacts) =>
  landings({ source: { namespace: "shop" }, target: { kind: "host", host }, port, protocol: "TCP" }, field, facts).map(
    (l) =>
      l.kind === "pods"
        ? `${l.pods.namespace}/${l.pods.workload?.name ?? "?"}:${l.port}`
        : l.kind === "outside"
          ? `outside ${l.host ?? l.address}:${l.port}`
          : l.kind,
  );

describe("where a connection arrives", () => {
  it.each([
    ["web", ["shop/web:8080"]],
    ["web.shop", ["shop/web:8080"]],
    ["web.shop.svc", ["shop/web:8080"]],
    ["WEB.shop.svc.cluster.local.", ["shop/web:8080"]],
    ["web-0.web.shop.svc.cluster.local", ["shop/web:8080"]],
  ])("%s is the pod behind the Service, on its container port", (host, pods) => {
    expect(land(host)).toEqual(pods);
  });

  it("a public name that a gateway serves is the gateway's pod, on its container port", () => {
    expect(land("web.example.com", 443)).toEqual(["network/envoy:10443"]);
  });

  it.each(["inside.network.svc", "envoy-network-inside-4c1a.network.svc", "cilium-gateway-inside.network.svc"])(
    "%s is the Service that a controller made for the gateway",
    (host) => {
      expect(land(host, 443)).toEqual(["network/envoy:10443"]);
    },
  );

  it("any other public name is outside", () => {
    expect(land("api.github.com", 443)).toEqual(["outside api.github.com:443"]);
  });

  it("a load balancer's address is its pods while it has any, else an address like any other", () => {
    expect(land("10.0.0.1", 443)).toEqual(["network/envoy:10443"]);
    expect(land("10.0.0.8", 5432)).toEqual(["data/pg:5432"]);
    expect(land("10.0.0.9")).toEqual(["outside 10.0.0.9:80"]);
  });

  it("follows an ExternalName, and gives up on one that points at itself", () => {
    expect(land("alias", 5432)).toEqual(["data/pg:5432"]);
    expect(land("loop")).toEqual(["unknown"]);
  });

  it("loopback goes nowhere", () => {
    expect(["localhost", "127.0.0.1", "::1"].flatMap((h) => land(h))).toEqual([]);
  });

  it("the API server is itself, on the port of its endpoints", () => {
    expect(land("kubernetes.default.svc", 443)).toEqual(["apiserver"]);
  });

  it.each(["nowhere", "nowhere.shop.svc", "bare", "${ADDRESS}"])("does not guess about %s", (host) => {
    expect(land(host)).toEqual(["unknown"]);
  });

  it("does not guess about a name of an inside zone that no route names", () => {
    expect(land("nas.home.example", 443, { ...defaultClusterFacts, insideZones: ["home.example"] })).toEqual([
      "unknown",
    ]);
  });

  it("a port that leads to no container port is unknown, not the Service's own", () => {
    expect(land("web", 443)).toEqual(["unknown"]);
  });
});

describe("what manifests declare", () => {
  const declares = (host: string, why: string): DeclaredEdge => ({
    source: { namespace: "shop", workload: "web", kind: "Deployment" },
    target: { kind: "host", host },
    port: 443,
    protocol: "TCP",
    why,
    key: "URL",
    sure: "certain",
    origin: { file: "x.yaml", line: 1, column: 1 },
  });
  const placed = (declared: DeclaredEdge) => placements({ ...field, declared: [declared] }, defaultClusterFacts).length;

  it("is no connection where it is the workload's own address", () => {
    expect(placed(declares("web.example.com", "url"))).toBe(0);
    expect(placed(declares("other.example.com", "redirect"))).toBe(0);
  });

  it("is one where the workload calls that address itself", () => {
    expect(placed(declares("web.example.com", "issuer"))).toBe(1);
    expect(placed(declares("other.example.org", "url"))).toBe(1);
  });

  it("holds what a route promises: gateway to backend on the container port", () => {
    expect(routed(field, defaultClusterFacts).map((r) => r.landing)).toMatchObject([{ kind: "pods", port: 8080 }]);
  });
});

describe("what the API server calls", () => {
  const object = (kind: string, body: Record<string, unknown>): RenderedObject => ({
    apiVersion: "v1",
    kind,
    namespace: null,
    name: "x",
    object: body,
    origin: { file: "x.yaml", line: 1, column: 1 },
    locate: () => null,
    owner: null,
  });
  const target = { namespace: "shop", name: "web" };

  it("finds admission and conversion webhooks and aggregated APIs, once each", () => {
    const objects = [
      object("ValidatingWebhookConfiguration", {
        webhooks: [{ clientConfig: { service: target } }, { clientConfig: { url: "https://x" } }],
      }),
      object("MutatingWebhookConfiguration", { webhooks: [{ clientConfig: { service: { ...target, port: 8443 } } }] }),
      object("APIService", { spec: { service: { ...target, name: "metrics" } } }),
      object("CustomResourceDefinition", { spec: { conversion: { webhook: { clientConfig: { service: target } } } } }),
      object("ValidatingWebhookConfiguration", { webhooks: "nonsense" }),
    ];
    expect(apiserverTargets({ objects, services: [] }).map((t) => `${t.target.name}:${t.port}`)).toEqual([
      "web:443",
      "web:8443",
      "metrics:443",
    ]);
  });
});

describe("what charts have the API server call", () => {
  const names = (name: string, sure: "certain" | "likely") =>
    apiserverTargets({ objects: [], services: [service(name, { app: "x" }, [[443, 10250]], { sure })] }).map(
      (t) => t.target.name,
    );

  it("is known by the name of the chart's Service", () => {
    expect(names("cert-manager/cert-manager-webhook", "likely")).toEqual(["cert-manager-webhook"]);
    expect(names("databases/cnpg-webhook-service", "likely")).toEqual(["cnpg-webhook-service"]);
  });

  it("is not guessed of an app of that name whose manifests are all there", () => {
    expect(names("shop/webhook", "certain")).toEqual([]);
    expect(names("shop/webhooked", "likely")).toEqual([]);
  });
});

describe("hosts and addresses", () => {
  it("knows which names a pattern stands for", () => {
    expect(hostMatches("*.example.com", "a.example.com")).toBe(true);
    expect(hostMatches("*.example.com", "a.b.example.com")).toBe(true);
    expect(hostMatches("*.example.com", "example.com")).toBe(false);
    expect(hostMatches("a.example.com", "A.example.com")).toBe(true);
  });

  it("knows the private ranges", () => {
    expect(["10.1.2.3", "192.168.0.1", "172.31.0.1", "fd00::1"].every(isPrivate)).toBe(true);
    expect(["8.8.8.8", "172.32.0.1", "192.169.0.1", "2001:db8::1"].some(isPrivate)).toBe(false);
  });
});
