import { describe, expect, test } from "vitest";
import { ccnp, cnp, compile, document, egress, ingress, networkPolicy, pod, WORLD } from "./policies.ts";

const web = pod("web");
const db = pod("db");
const LOCKED = cnp("default-deny", { ingress: [{}], egress: [{}] });
const HTTPS = [{ ports: [{ port: "443", protocol: "TCP" }] }];

describe("what cannot be known is unknown and says what is missing", () => {
  test("an address decides a CIDR rule; without one the answer waits for it", () => {
    const set = compile([LOCKED, cnp("lan", { egress: [{ toCIDR: ["10.0.0.0/8"] }] })]);
    expect(egress(set, web, WORLD)).toMatchObject({
      outcome: "unknown",
      missing: ["the peer's address, for a CIDR rule"],
    });
    expect(egress(set, web, { ...WORLD, ip: "10.1.2.3" }).verdict).toBe("allowed");
    expect(egress(set, web, { ...WORLD, ip: "11.1.2.3" }).outcome).toBe("default-denied");
  });

  test("a recorded prefix that is wider than the rule's leaves it open", () => {
    const set = compile([LOCKED, cnp("host", { egress: [{ toCIDR: ["10.0.0.7/32"] }] })]);
    const labels = ["cidr:10.0.0.0/8", "reserved:world"];
    expect(egress(set, web, { labels }).verdict).toBe("unknown");
    expect(egress(set, web, { labels, ip: "10.0.0.7" }).verdict).toBe("allowed");
    expect(egress(set, web, { labels: ["cidr:11.0.0.0/8", "reserved:world"] }).verdict).toBe("dropped");
  });

  test("a name decides a toFQDNs rule on paper only, the label for good", () => {
    const set = compile([LOCKED, cnp("api", { egress: [{ toFQDNs: [{ matchPattern: "*.example.com" }] }] })]);
    expect(egress(set, web, WORLD)).toMatchObject({ verdict: "unknown" });
    expect(egress(set, web, { ...WORLD, names: ["a.example.com"] })).toMatchObject({
      verdict: "allowed",
      onPaper: true,
    });
    expect(egress(set, web, { ...WORLD, names: ["a.b.example.com"] }).verdict).toBe("dropped");
    const labelled = egress(set, web, { labels: ["fqdn:*.example.com", "reserved:world"], names: [] });
    expect(labelled.verdict).toBe("allowed");
    expect(labelled.onPaper).toBeUndefined();
    expect(egress(set, web, { ...db, names: ["a.example.com"] }).verdict).toBe("dropped");
  });

  test("nobody knows who it was: only a rule for everybody allows", () => {
    const set = compile([LOCKED, cnp("own", { egress: [{ toEndpoints: [{}] }] })]);
    expect(egress(set, web, { labels: null })).toMatchObject({
      verdict: "unknown",
      missing: ["the peer's identity labels"],
    });
    expect(egress(set, web, { labels: ["reserved:unknown"] }).verdict).toBe("unknown");
    const open = compile([LOCKED, cnp("port", { egress: [{ toPorts: HTTPS }] })]);
    expect(egress(open, web, { labels: null }).verdict).toBe("allowed");
    // It may be the pod's own node, which is always let in.
    expect(ingress(compile([LOCKED]), web, { labels: null }).verdict).toBe("unknown");
    expect(egress(compile([LOCKED]), web, { labels: null }).verdict).toBe("dropped");
  });

  test("a port name needs the container's ports", () => {
    const set = compile([cnp("metrics", { ingress: [{ toPorts: [{ ports: [{ port: "metrics" }] }] }] })]);
    const verdict = ingress(set, web, db, 9100);
    expect(verdict).toMatchObject({
      verdict: "unknown",
      missing: ['the container port that the subject names "metrics"'],
    });
    const named = pod("web", "shop", { metrics: { port: 9100, protocol: "TCP" } });
    expect(ingress(set, named, db, 9100).verdict).toBe("allowed");
    expect(ingress(set, named, db, 9100, "UDP").verdict).toBe("dropped");
    expect(ingress(set, pod("web", "shop", {}), db, 9100).verdict).toBe("dropped");
  });

  test("an egress name that stands for two ports in the cluster resolves to none", () => {
    const policies = [cnp("db", { egress: [{ toPorts: [{ ports: [{ port: "pg", protocol: "TCP" }] }] }] })];
    const one = { name: "pg", port: 5432, protocol: "TCP" } as const;
    expect(egress(compile(policies, {}, { namedPorts: [one] }), web, db, 5432).verdict).toBe("allowed");
    expect(egress(compile(policies, {}, { namedPorts: [one, { ...one, port: 5433 }] }), web, db, 5432).verdict).toBe(
      "dropped",
    );
  });

  test("Services, CIDR groups and security groups are asked of tables", () => {
    const service = cnp("svc", {
      egress: [{ toServices: [{ k8sService: { serviceName: "db", namespace: "shop" } }] }],
    });
    expect(egress(compile([service]), web, db).missing).toEqual(["the Services of the cluster (toServices)"]);
    const services = [{ namespace: "shop", name: "db", labels: {}, selector: { app: "db" }, backends: [] }];
    expect(egress(compile([service], {}, { services }), web, db).verdict).toBe("allowed");
    expect(egress(compile([service], {}, { services }), web, pod("other")).verdict).toBe("dropped");
    const group = cnp("group", { egress: [{ toCIDRSet: [{ cidrGroupRef: "lan" }] }] });
    expect(egress(compile([group]), web, { ...WORLD, ip: "10.0.0.1" }).missing).toEqual(["the CIDR group lan"]);
    const cidrGroups = [{ name: "lan", labels: {}, cidrs: ["10.0.0.0/8"] }];
    expect(egress(compile([group], {}, { cidrGroups }), web, { ...WORLD, ip: "10.0.0.1" }).verdict).toBe("allowed");
    const aws = cnp("aws", { egress: [{ toGroups: [{ aws: { region: "x" } }] }] });
    expect(egress(compile([aws]), web, WORLD).verdict).toBe("unknown");
  });

  test("a NetworkPolicy's ipBlock may bring the namespace's own pods along, depending on the patch release", () => {
    const policy = networkPolicy("lan", { ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }] });
    expect(ingress(compile([policy]), web, db).missing[0]).toContain("the patch release");
    expect(ingress(compile([policy]), web, { ...db, exact: true }).verdict).toBe("allowed");
    expect(ingress(compile([policy], { version: "1.20" }), web, db).verdict).toBe("dropped");
    expect(ingress(compile([policy], { defaultLocalCluster: false }), web, db).verdict).toBe("dropped");
    expect(compile([policy], { version: "1.18", defaultLocalCluster: true }).invalid).toHaveLength(1);
  });

  test("an unknown deny never lets an allow through; a default deny needs no more facts", () => {
    const deny = cnp("deny", { egressDeny: [{ toCIDR: ["10.0.0.0/8"] }] });
    const allow = cnp("allow", { egress: [{ toEntities: ["world"] }] });
    expect(egress(compile([deny, allow]), web, WORLD).verdict).toBe("unknown");
    expect(egress(compile([deny]), web, WORLD).verdict).toBe("dropped");
  });
});

describe("a verdict is explained", () => {
  test("by the rules that decided it", () => {
    const set = compile([LOCKED, cnp("https", { egress: [{ toEntities: ["world"], toPorts: HTTPS }] })]);
    expect(egress(set, web, WORLD).by).toEqual([
      { policy: { kind: "CiliumNetworkPolicy", namespace: "shop", name: "https" }, rule: "/spec/egress/0" },
    ]);
    const denied = egress(set, web, WORLD, 80);
    expect(denied.by).toEqual([]);
    expect(denied.defaultDeny.map((r) => `${r.policy.name}${r.rule}`)).toEqual([
      "default-deny/spec/egress/0",
      "https/spec/egress/0",
    ]);
  });

  test("authentication is an attribute", () => {
    const set = compile([cnp("auth", { ingress: [{ fromEndpoints: [{}], authentication: { mode: "required" } }] })]);
    expect(ingress(set, web, db)).toMatchObject({ outcome: "allowed", auth: true });
  });

  test("two L7 parsers on one peer and port: the agent keeps the old policy, so nothing is known", () => {
    const rule = (rules: unknown): unknown => ({
      toEndpoints: [{}],
      toPorts: [{ ports: [{ port: "53", protocol: "TCP" }], rules }],
    });
    const set = compile([cnp("a", { egress: [rule({ dns: [{ matchPattern: "*" }] }), rule({ http: [{}] })] })]);
    expect(egress(set, web, db, 80).missing[0]).toContain("conflicting L7 parsers dns and http");
    expect(ingress(set, web, db, 80).verdict).toBe("unknown");
  });
});

describe("a connection has two ends", () => {
  const half = compile([
    LOCKED,
    cnp("client", { endpointSelector: { matchLabels: { app: "web" } }, egress: [{ toEndpoints: [{}] }] }),
  ]);
  const end = (endpoint: typeof web): typeof web & { endpoint: boolean } => ({ ...endpoint, endpoint: true });

  test("half open is dropped", () => {
    const verdict = half.connection({ source: end(web), destination: end(db), protocol: "TCP", port: 5432 });
    expect(verdict.verdict).toBe("dropped");
    expect(verdict.egress.verdict).toBe("allowed");
    expect(verdict.ingress.outcome).toBe("default-denied");
  });

  test("an end that is no endpoint lets everything pass", () => {
    const verdict = half.connection({
      source: end(web),
      destination: { ...WORLD, endpoint: false },
      protocol: "TCP",
      port: 1,
    });
    expect(verdict.ingress.outcome).toBe("not-subject");
    expect(verdict.verdict).toBe("dropped");
  });

  test("an endpoint that nobody recorded is unknown, not green", () => {
    const verdict = half.connection({
      source: { labels: null, endpoint: true },
      destination: end(pod("x", "y")),
      protocol: "TCP",
      port: 1,
    });
    expect(verdict).toMatchObject({ verdict: "unknown", missing: ["the subject's identity labels"] });
  });
});

describe("who is selected and who is restricted", () => {
  test("policies of all three kinds", () => {
    const set = compile([
      cnp("a", { ingress: [{}] }),
      ccnp("b", { egress: [{}] }),
      networkPolicy("c", { policyTypes: ["Egress"] }),
    ]);
    expect(
      set
        .selecting(web)
        .map((r) => r.name)
        .sort(),
    ).toEqual(["a", "b", "c"]);
    expect(set.selecting(pod("x", "other")).map((r) => r.name)).toEqual(["b"]);
    expect(set.defaultDeny(web, "egress").by.map((r) => r.policy.name)).toEqual(["b", "c"]);
    expect(set.defaultDeny(pod("x", "other"), "ingress")).toEqual({ value: false, by: [] });
  });

  test("a pod label named host or init means what it means to the agent", () => {
    const host = { labels: ["k8s:host=x", "k8s:io.kubernetes.pod.namespace=shop"] };
    const init = { labels: ["k8s:init=x", "k8s:io.kubernetes.pod.namespace=other"] };
    expect(ingress(compile([LOCKED]), host, WORLD).verdict).toBe("allowed");
    expect(ingress(compile([LOCKED]), init, WORLD).verdict).toBe("dropped");
  });

  test("VRRP and IGMP never pass while the datapath cannot parse them", () => {
    expect(egress(compile([]), web, WORLD, 0, "IGMP").verdict).toBe("dropped");
    expect(egress(compile([], { extendedIpProtocols: true }), web, WORLD, 0, "VRRP").verdict).toBe("allowed");
  });
});

test("1.20: a pod label named host is no host, cluster-mesh is an entity, kafka rules are dropped in decoding", () => {
  const host = { labels: ["k8s:host=x", "k8s:io.kubernetes.pod.namespace=shop"] };
  expect(ingress(compile([LOCKED], { version: "1.20" }), host, WORLD).verdict).toBe("dropped");
  const mesh = cnp("mesh", { egress: [{ toEntities: ["cluster-mesh"] }] });
  expect(compile([mesh]).invalid).toHaveLength(1);
  expect(egress(compile([mesh], { version: "1.20" }), web, { labels: ["reserved:remote-node"] }).verdict).toBe(
    "allowed",
  );
  expect(egress(compile([mesh], { version: "1.20" }), web, pod("x", "y")).missing).toEqual([
    "which clusters are in the mesh (entity cluster-mesh)",
  ]);
  const rules = { kafka: [{ role: "produce" }] };
  const kafka = cnp("kafka", { ingress: [{ toPorts: [{ ports: [{ port: "9092", protocol: "TCP" }], rules }] }] });
  expect(ingress(compile([kafka]), web, db, 9092).outcome).toBe("allowed-l7");
  expect(ingress(compile([kafka], { version: "1.20" }), web, db, 9092).outcome).toBe("allowed");
});

describe("what is not enforced", () => {
  test("a refused policy is listed with its reason and decides nothing", () => {
    const set = compile([cnp("bad", { ingress: [{ fromEntities: ["internet"] }] })]);
    expect(set.policies).toEqual([]);
    expect(set.invalid[0]?.problems.map((p) => p.layer)).toContain("agent");
    expect(ingress(set, web, WORLD).verdict).toBe("allowed");
  });

  test("what only the API server refuses never arrives either", () => {
    expect(compile([cnp("null", { ingress: null, egress: [{}] })]).policies).toEqual([]);
    expect(compile([cnp("bare", { egress: [{ toCIDR: ["10.0.0.1"] }] })]).policies).toEqual([]);
  });

  test("an invalid update leaves the valid one standing", () => {
    const set = compile([LOCKED, cnp("default-deny", { ingress: [{ fromEntities: ["x"] }] })]);
    expect(set.policies).toHaveLength(1);
    expect(set.defaultDeny(web, "egress").value).toBe(true);
  });

  test("documents that are no policy at all are answered, not thrown", () => {
    const set = compile([
      document(null),
      document("x"),
      document([]),
      document({ kind: "Deployment" }),
      document({ metadata: 5 }),
    ]);
    expect(set.invalid).toHaveLength(5);
  });
});
