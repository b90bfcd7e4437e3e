import { describe, expect, it } from "vitest";
import type { DeclaredEdge, GatewayFact, RouteFact } from "../../src/facts/inventory.ts";
import { allow, auditOf, findings, lock, pod, said, service } from "./cluster.ts";
import type { Parts } from "./cluster.ts";

const gateway: GatewayFact = {
  namespace: "edge",
  name: "public",
  podLabels: { "app.kubernetes.io/name": "proxy" },
  podNamespace: "edge",
  listeners: [{ name: "https", port: 443, containerPort: 10443, protocol: "HTTPS", hostname: null, udp: false }],
  addresses: ["10.99.0.1"],
  sure: "certain",
  origin: { file: "edge/gateway.yaml", line: 3, column: 1 },
};

const route = (id: string, host: string, port: number): RouteFact => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    kind: "HTTPRoute",
    namespace,
    name,
    hostnames: [host],
    gateways: ["edge/public"],
    backends: [{ namespace, service: name, port }],
    sure: "certain",
    origin: { file: `${namespace}/${name}-route.yaml`, line: 4, column: 1 },
  };
};

const fromGateway = (port: string): string =>
  `ingress:\n  - fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: edge, app.kubernetes.io/name: proxy}}]\n    toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]\n`;

const toGateway = (ports: string): string =>
  `egress:\n  - toEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: edge, app.kubernetes.io/name: proxy}}]\n    toPorts: [{ports: [${ports}]}]\n`;

/** An app `shop/web`, published as shop.example.com, and a login `auth/idp` at login.example.com. */
const published = (text: string, more: Partial<Parts> = {}): Parts => ({
  gateways: [gateway],
  routes: [route("shop/web", "shop.example.com", 80), route("auth/idp", "login.example.com", 80)],
  services: [
    service("shop/web", { "app.kubernetes.io/name": "web" }, ["80:8080"]),
    service("auth/idp", { "app.kubernetes.io/name": "idp" }, ["80:9091"]),
  ],
  workloads: [
    pod("shop/web", { ports: ["8080"] }),
    pod("auth/idp", { ports: ["9091"] }),
    pod("edge/proxy", { ports: ["10443"] }),
  ],
  ...more,
  files: { "shop/cnp.yaml": lock("shop") + text, ...more.files },
});

describe("route-backend-without-ingress", () => {
  const RULE = "route-backend-without-ingress";

  it("is an error when the app does not admit the gateway on its container port", () => {
    const [finding] = findings(published(allow("shop/web", fromGateway("9999"))), RULE);
    expect(finding?.severity).toBe("error");
    expect(finding?.message).toMatch(/shop\.example\.com/);
    expect(finding?.related.map((r) => r.file)).toContain("shop/web-route.yaml");
  });

  it("is told with the Service's port in the rule, which is the reason", () => {
    const { findings: all } = auditOf(published(allow("shop/web", fromGateway("80"))));
    const reason = all.find((f) => f.rule === "service-port-not-target-port");
    expect(all.map((f) => f.rule)).not.toContain(RULE);
    expect(reason?.related.some((r) => r.message.startsWith(RULE))).toBe(true);
  });

  it("is one finding for a backend of several gateways with one data plane", () => {
    const two = { ...route("shop/web", "shop.example.com", 80), gateways: ["edge/public", "edge/inner"] };
    const parts = published(allow("shop/web", fromGateway("9999")), {
      gateways: [gateway, { ...gateway, name: "inner" }],
      routes: [two],
    });
    expect(findings(parts, RULE)).toHaveLength(1);
  });

  it("sees Cilium's own gateway as the entity ingress", () => {
    const parts = (entity: string): Parts =>
      published(allow("shop/web", `ingress:\n  - fromEntities: [${entity}]\n`), {
        gateways: [{ ...gateway, podLabels: {}, servedBy: "cilium" }],
      });
    expect(said(parts("ingress"), RULE)).toEqual([]);
    expect(findings(parts("world"), RULE).map((f) => f.severity)).toEqual(["error"]);
  });

  it("is content with the gateway's pods, or everything in the cluster, on the container port", () => {
    expect(said(published(allow("shop/web", fromGateway("8080"))), RULE)).toEqual([]);
    expect(said(published(allow("shop/web", "ingress:\n  - fromEntities: [cluster]\n")), RULE)).toEqual([]);
  });

  it("looks at who authorises visitors as well", () => {
    const policy = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: {name: guard, namespace: shop}
spec:
  targetRefs: [{kind: HTTPRoute, name: web}]
  extAuth:
    http:
      backendRefs: [{name: idp, namespace: auth, port: 80}]
`;
    const files = { "shop/guard.yaml": policy, "auth/cnp.yaml": lock("auth") };
    const parts = published(allow("shop/web", fromGateway("8080")), {
      files,
      routes: [route("shop/web", "shop.example.com", 80)],
    });
    expect(findings(parts, RULE).map((f) => f.namespace)).toEqual(["auth"]);
  });
});

describe("gateway-without-egress", () => {
  const RULE = "gateway-without-egress";
  const locked = (text: string): Parts => published("", { files: { "edge/cnp.yaml": lock("edge") + text } });
  const to = (peer: string, port: string): string =>
    allow("edge/proxy", `egress:\n  - ${peer}\n    toPorts: [{ports: [{port: "${port}", protocol: TCP}]}]\n`);

  it("is an error for each backend that the locked gateway may not connect to", () => {
    const found = findings(locked(to("toEntities: [cluster]", "8080")), RULE);
    expect(found.map((f) => f.severity)).toEqual(["error"]);
    expect(found[0]?.message).toMatch(/auth\/idp.* on 9091/);
  });

  it("is content once the container port is open, and where nothing locks the gateway", () => {
    const both = to("toEntities: [cluster]", "8080") + to("toEntities: [cluster]", "9091").replace("proxy\n", "more\n");
    expect(said(locked(both), RULE)).toEqual([]);
    expect(said(published(""), RULE)).toEqual([]);
  });
});

describe("gateway-backend-not-world", () => {
  const RULE = "gateway-backend-not-world";
  const issuer: DeclaredEdge = {
    source: { namespace: "shop", workload: "web", kind: "Deployment" },
    target: { kind: "host", host: "login.example.com" },
    port: 443,
    protocol: "TCP",
    why: "issuer",
    key: "OIDC_ISSUER",
    sure: "certain",
    origin: { file: "shop/web.yaml", line: 20, column: 1 },
  };
  const world = allow("shop/web", 'egress:\n  - toEntities: [world]\n    toPorts: [{ports: [{port: "443"}]}]\n');

  it("warns where the zone may resolve inside, and says which fact decides", () => {
    const [finding] = findings(published(world, { declared: [issuer] }), RULE);
    expect(finding?.severity).toBe("warning");
    expect(finding?.message).toMatch(/10443.*insideZones/);
    expect(finding?.cause?.at).toBe("auth/idp-route.yaml:4");
  });

  it("is an error where the zone is known to resolve inside", () => {
    expect(
      findings(published(world, { declared: [issuer] }), RULE, { insideZones: ["example.com"] }).map((f) => f.severity),
    ).toEqual(["error"]);
  });

  it("is content with the gateway's pods on the container port", () => {
    expect(
      said(published(allow("shop/web", toGateway('{port: "10443", protocol: TCP}')), { declared: [issuer] }), RULE),
    ).toEqual([]);
  });

  it("leaves the app's own address alone", () => {
    const own = { ...issuer, target: { kind: "host" as const, host: "shop.example.com" } };
    expect(said(published(world, { declared: [own] }), RULE)).toEqual([]);
  });

  it("sees a name rule for a host that the gateway serves", () => {
    const names = allow(
      "shop/web",
      'egress:\n  - toFQDNs: [{matchName: login.example.com}]\n    toPorts: [{ports: [{port: "443"}]}]\n',
    );
    expect(findings(published(names), RULE).map((f) => f.severity)).toEqual(["warning"]);
    const other = allow(
      "shop/web",
      'egress:\n  - toFQDNs: [{matchName: api.other.org}]\n    toPorts: [{ports: [{port: "443"}]}]\n',
    );
    expect(said(published(other), RULE)).toEqual([]);
  });
});

describe("lb-ingress-without-world", () => {
  const RULE = "lb-ingress-without-world";
  const balanced = (text: string, more = {}): Parts => ({
    files: { "home/cnp.yaml": lock("home") + text },
    workloads: [pod("home/mqtt", { ports: ["1883", "8883"] })],
    services: [
      service("home/mqtt", { "app.kubernetes.io/name": "mqtt" }, ["1883", "8883"], {
        type: "LoadBalancer",
        loadBalancerIps: ["10.99.0.5"],
        ...more,
      }),
    ],
  });
  const from = (peer: string, ports = '{port: "1883"}, {port: "8883"}'): string =>
    allow("home/mqtt", `ingress:\n  - ${peer}\n    toPorts: [{ports: [${ports}]}]\n`);

  it("warns where clients from outside are not admitted, with one cause for the Service", () => {
    const all = findings(balanced(from("fromEntities: [cluster]")), RULE);
    expect(all.map((f) => f.severity)).toEqual(["warning", "warning"]);
    expect(new Set(all.map((f) => f.cause?.at)).size).toBe(1);
  });

  it("takes world on no port of theirs for the wrong port, also where a route publishes the app", () => {
    const routed = (peer: string, ports: string): Parts => ({
      ...balanced(from(peer, ports)),
      routes: [route("home/mqtt", "mqtt.example.com", 1883)],
    });
    const of1883 = (parts: Parts): readonly string[] =>
      findings(parts, RULE).flatMap((f) => (/publishes 1883/.test(f.message) ? [f.severity] : []));
    expect(of1883(routed("fromEntities: [world]", '{port: "9"}'))).toEqual(["warning"]);
    expect(of1883(routed("fromEntities: [world]", '{port: "8883"}'))).toEqual(["info"]);
    expect(of1883(routed("fromEntities: [cluster]", '{port: "9"}'))).toEqual(["info"]);
  });

  it("sees the one published port that the rule forgot", () => {
    expect(
      findings(balanced(from("fromEntities: [world, remote-node]", '{port: "1883"}')), RULE).map((f) => f.message),
    ).toEqual([expect.stringMatching(/8883/)]);
  });

  it.each(["fromEntities: [world, remote-node]", "fromEntities: [all]", "fromCIDR: [192.168.1.0/24]"])(
    "is content with %s",
    (peer) => {
      expect(findings(balanced(from(peer)), RULE).filter((f) => f.severity !== "info")).toEqual([]);
    },
  );

  it("only mentions that another node's client comes as remote-node, unless that cannot happen", () => {
    expect(findings(balanced(from("fromEntities: [world]")), RULE).map((f) => f.severity)).toEqual(["info", "info"]);
    expect(said(balanced(from("fromEntities: [world]"), { externalTrafficPolicy: "Local" }), RULE)).toEqual([]);
  });

  it("warns beside a route only where the rule opens the port to nodes, which the LAN's hosts are not", () => {
    const parts = (peer: string): Parts => ({
      ...balanced(from(peer)),
      gateways: [gateway],
      routes: [route("home/mqtt", "mqtt.example.com", 1883), route("home/mqtt", "mqtts.example.com", 8883)],
    });
    expect(findings(parts("fromEntities: [cluster]"), RULE).map((f) => f.severity)).toEqual(["info", "info"]);
    expect(findings(parts("fromEntities: [remote-node]"), RULE).map((f) => f.severity)).toEqual(["warning", "warning"]);
  });

  it("does not mind Services inside the cluster", () => {
    expect(said(balanced(from("fromEntities: [cluster]"), { type: "ClusterIP" }), RULE)).toEqual([]);
  });
});

describe("http3-without-udp", () => {
  const RULE = "http3-without-udp";
  const quic = { gateways: [{ ...gateway, listeners: gateway.listeners.map((l) => ({ ...l, udp: true })) }] };
  const door = (ports: string): string =>
    lock("edge") +
    allow("edge/proxy", `ingress:\n  - fromEntities: [world, cluster]\n    toPorts: [{ports: [${ports}]}]\n`);

  it("warns where the gateway admits TCP alone", () => {
    const files = { "edge/cnp.yaml": door('{port: "10443", protocol: TCP}') };
    expect(findings(published("", { ...quic, files }), RULE).map((f) => f.namespace)).toEqual(["edge"]);
  });

  it("tells of a pod that is told to come by UDP, and gives all of them one cause", () => {
    const [finding] = findings(published(allow("shop/web", toGateway('{port: "10443", protocol: TCP}')), quic), RULE);
    // Servers that call each other stay on TCP: no reason to hold a lock back.
    expect(finding).toMatchObject({ namespace: "shop", severity: "info" });
    expect(finding?.cause?.at).toBe("edge/gateway.yaml:3");
  });

  it("warns where a browser may leave by TCP alone, and nobody else", () => {
    const abroad = (ports: string): string => `egress:\n  - toEntities: [world]\n    toPorts: [{ports: [${ports}]}]\n`;
    const parts = (name: string, ports: string): Parts => ({
      files: { "shop/cnp.yaml": lock("shop") + allow(`shop/${name}`, abroad(ports)) },
      workloads: [pod(`shop/${name}`)],
    });
    const tcp = '{port: "443", protocol: TCP}';
    expect(findings(parts("headless-chromium", tcp), RULE).map((f) => f.severity)).toEqual(["warning"]);
    expect(said(parts("headless-chromium", `${tcp}, {port: "443", protocol: UDP}`), RULE)).toEqual([]);
    expect(said(parts("web", tcp), RULE)).toEqual([]);
  });

  it("is content with both protocols, and without HTTP/3", () => {
    const both = '{port: "10443", protocol: TCP}, {port: "10443", protocol: UDP}';
    const files = { "edge/cnp.yaml": door(both) };
    expect(said(published(allow("shop/web", toGateway(both)), { ...quic, files }), RULE)).toEqual([]);
    expect(said(published(allow("shop/web", toGateway('{port: "10443", protocol: TCP}'))), RULE)).toEqual([]);
  });
});
