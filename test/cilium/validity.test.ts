import { describe, expect, test } from "vitest";
import { goRegExpFault } from "../../src/cilium/go-regexp.ts";
import { checkPolicy } from "../../src/cilium/validity.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { ccnp, cnp, document, networkPolicy } from "./policies.ts";

const settings = defaultSettings();

/** `layer /path`, one per problem. */
const problems = (policy: PolicyDocument, version: "1.17" | "1.18" | "1.19" = "1.19"): readonly string[] =>
  checkPolicy(policy, defaultSettings(version)).map((p) => `${p.layer} ${p.path}`);

const PORT = [{ ports: [{ port: "80", protocol: "TCP" }] }];

describe("what nobody refuses", () => {
  test.each([
    ["a default deny", cnp("a", { ingress: [{}], egress: [{}] })],
    ["an empty deny rule", cnp("a", { ingressDeny: [{}] })],
    [
      "a DNS rule",
      cnp("a", {
        egress: [
          { toEntities: ["world"], toPorts: [{ ports: [{ port: "53" }], rules: { dns: [{ matchPattern: "*" }] } }] },
        ],
      }),
    ],
    ["a node policy", ccnp("a", { endpointSelector: undefined, nodeSelector: {}, ingress: [{}] })],
    [
      "a NetworkPolicy",
      networkPolicy("a", {
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }],
      }),
    ],
  ])("%s", (_, policy) => {
    const spec = structuredClone(policy.object);
    const cleaned = document(JSON.parse(JSON.stringify(spec)));
    expect(problems(cleaned)).toEqual([]);
  });
});

describe("what the API server's schema refuses", () => {
  test("null, where Flux's server-side apply would fail the whole Kustomization", () => {
    expect(problems(cnp("a", { ingress: null, egress: [{}] }))).toEqual(["schema /spec/ingress"]);
    expect(problems(cnp("a", { ingress: [null] }))).toEqual(["schema /spec/ingress/0"]);
  });

  test("what the agent would take: bare addresses, lower-case protocols, families of the world, integers as labels", () => {
    expect(problems(cnp("a", { egress: [{ toCIDR: ["10.0.0.1"] }] }))).toEqual(["schema /spec/egress/0/toCIDR/0"]);
    expect(problems(cnp("a", { egress: [{ toPorts: [{ ports: [{ port: "80", protocol: "tcp" }] }] }] }))).toEqual([
      "schema /spec/egress/0/toPorts/0/ports/0/protocol",
    ]);
    expect(problems(cnp("a", { egress: [{ toEntities: ["world-ipv4"] }] }))).toEqual([
      "schema /spec/egress/0/toEntities/0",
    ]);
    expect(problems(cnp("a", { endpointSelector: { matchLabels: { a: 5 } }, ingress: [{}] }))).toContain(
      "schema /spec/endpointSelector/matchLabels/a",
    );
  });

  test("the wrong kind, version or name", () => {
    const object = { apiVersion: "cilium.io/v1", kind: "CiliumPolicy", metadata: { name: "Big_Name" }, spec: {} };
    expect(problems(document(object))).toEqual(
      expect.arrayContaining(["schema /apiVersion", "schema /kind", "schema /metadata/name"]),
    );
  });

  test("a NetworkPolicy that mixes ipBlock and selectors, or turns its range around", () => {
    const from = [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/8"] }, podSelector: {} }];
    expect(problems(networkPolicy("a", { ingress: [{ from, ports: [{ port: 90, endPort: 80 }] }] }))).toEqual(
      expect.arrayContaining([
        "schema /spec/ingress/0/ports/0/endPort",
        "schema /spec/ingress/0/from/0/ipBlock",
        "schema /spec/ingress/0/from/0/ipBlock/except/0",
      ]),
    );
  });

  test("a section is required since 1.18 only; the agent wants one in every version", () => {
    expect(problems(cnp("a", {}), "1.17")).toEqual(["agent /spec"]);
    expect(problems(cnp("a", {}), "1.18")).toEqual(["schema /spec", "agent /spec"]);
  });
});

describe("what only the agent refuses", () => {
  test("all sections empty, several kinds of peers, a port out of range", () => {
    expect(problems(cnp("a", { ingress: [] }))).toContain("agent /spec");
    expect(problems(cnp("a", { egress: [{ toEndpoints: [{}], toEntities: ["world"] }] }))).toEqual([
      "agent /spec/egress/0",
    ]);
    expect(problems(cnp("a", { egress: [{ toPorts: [{ ports: [{ port: "70000" }] }] }] }))).toEqual([
      "agent /spec/egress/0/toPorts/0/ports/0/port",
    ]);
  });

  test("flags that are off", () => {
    const icmp = cnp("a", { egress: [{ icmps: [{ fields: [{ type: 8 }] }] }] });
    expect(checkPolicy(icmp, settings)).toEqual([]);
    expect(checkPolicy(icmp, { ...settings, icmpRules: false })).toHaveLength(1);
    const http = cnp("a", { ingress: [{ toPorts: [{ ...PORT[0], rules: { http: [{ method: "GET" }] } }] }] });
    expect(checkPolicy(http, { ...settings, l7Proxy: false })).toHaveLength(1);
  });
});

describe("what is accepted and surely not meant", () => {
  test.each([
    ["a misspelled key", { egress: [{ toEndpoint: [{}] }] }, "/spec/egress/0/toEndpoint"],
    ["toFQDNs under a deny", { egressDeny: [{ toFQDNs: [{ matchName: "a.com" }] }] }, "/spec/egressDeny/0/toFQDNs"],
    [
      "ports that name none",
      { egress: [{ toEntities: ["world"], toPorts: [{ ports: [] }] }] },
      "/spec/egress/0/toPorts/0",
    ],
    ["no names, and so everybody", { egress: [{ toFQDNs: [], toPorts: PORT }] }, "/spec/egress/0/toFQDNs"],
    ["no Services, and so everybody", { egress: [{ toServices: [], toPorts: PORT }] }, "/spec/egress/0/toServices"],
    ["nobody", { ingress: [{ fromEndpoints: [] }] }, "/spec/ingress/0/fromEndpoints"],
    ["an empty section beside another", { ingress: [], egress: [{}] }, "/spec/ingress"],
    [
      "a switch without rules",
      { enableDefaultDeny: { ingress: true }, egress: [{}] },
      "/spec/enableDefaultDeny/ingress",
    ],
    [
      "a range turned around",
      { egress: [{ toPorts: [{ ports: [{ port: "90", endPort: 80 }] }] }] },
      "/spec/egress/0/toPorts/0/ports/0/endPort",
    ],
    [
      "a port that is read twice",
      { egress: [{ toPorts: [{ ports: [{ port: "010" }] }] }] },
      "/spec/egress/0/toPorts/0/ports/0/port",
    ],
    ["ICMP type 0", { egress: [{ icmps: [{ fields: [{ type: 0 }] }] }] }, "/spec/egress/0/icmps/0/fields/0/type"],
    [
      "Services under a deny",
      { egressDeny: [{ toServices: [{ k8sService: { serviceName: "a" } }] }] },
      "/spec/egressDeny/0/toServices",
    ],
    [
      "another namespace's pods as subject",
      { endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": "x" } }, ingress: [{}] },
      "/spec/endpointSelector/matchLabels/k8s:io.kubernetes.pod.namespace",
    ],
    [
      "one key in two spellings",
      { endpointSelector: { matchLabels: { app: "a", "any:app": "b" } }, ingress: [{}] },
      "/spec/endpointSelector/matchLabels/any:app",
    ],
  ])("%s", (_, spec, path) => {
    expect(problems(cnp("a", spec))).toEqual([`meant ${path}`]);
  });

  test("a misspelled key of a NetworkPolicy; null is as good as absent there", () => {
    expect(problems(networkPolicy("a", { ingres: [{}], policyTypes: ["Ingress"] }))).toEqual(["meant /spec/ingres"]);
    expect(problems(networkPolicy("a", { ingress: null, policyTypes: ["Ingress"] }))).toEqual([]);
  });

  test("a misspelled key is answered with the nearest one", () => {
    const [found] = checkPolicy(cnp("a", { egress: [{ toEndpoint: [{}] }] }), settings);
    expect(found?.remedy).toBe("Did you mean toEndpoints?");
  });
});

test("a problem stands where the file has it, or at the nearest place that it has", () => {
  const policy: PolicyDocument = {
    ...cnp("a", { egress: [{ toEntities: ["internet"] }] }),
    locate: (path) => (path.length <= 3 ? { file: "p.yaml", line: path.length + 1, column: 1 } : null),
  };
  for (const problem of checkPolicy(policy, settings))
    expect(problem.origin).toEqual({ file: "p.yaml", line: 4, column: 1 });
});

test("regular expressions are Go's, not JavaScript's", () => {
  for (const good of [
    "",
    "/a/.*",
    "(?i)x",
    "(?P<n>a)",
    "[[:alpha:]]+",
    "\\pL\\x{41}",
    "a{2,3}?",
    "a{,3}",
    "[]a]",
    "()",
  ]) {
    expect([good, goRegExpFault(good)]).toEqual([good, null]);
  }
  for (const bad of [
    "(",
    ")",
    "[",
    "[z-a]",
    "a**",
    "*",
    "(?=x)",
    "(?<!x)",
    "\\1",
    "a{2,1}",
    "a{1001}",
    "\\",
    "\\xZZ",
    "(?P<1>a)",
  ]) {
    expect([bad, goRegExpFault(bad) === null]).toEqual([bad, false]);
  }
});
