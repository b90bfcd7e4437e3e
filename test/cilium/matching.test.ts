import { describe, expect, test } from "vitest";
import { contains, overlaps, parseAddress, parseCidr, parseCidrLabel, parsePrefix } from "../../src/cilium/cidr.ts";
import { patternMatches } from "../../src/cilium/fqdn.ts";
import { Identity } from "../../src/cilium/identity.ts";
import { isIdentityRelevant, podIdentityLabels } from "../../src/cilium/labels.ts";
import { isServiceName, parseGoUint16, portRange } from "../../src/cilium/ports.ts";
import { extendedKey, injectPeerScope, selects, type SelectorTerms, toSelector } from "../../src/cilium/selector.ts";

describe("identity-relevant labels (C A.2.4)", () => {
  test.each([
    "app",
    "app.kubernetes.io/name",
    "io.kubernetes.pod.namespace",
    "io.cilium.k8s.namespace.labels.team",
    "cnpg.io/cluster",
    "helm.sh/chart",
  ])("%s makes identity", (key) => expect(isIdentityRelevant(key)).toBe(true));
  test.each([
    "pod-template-hash",
    "controller-revision-hash",
    "io.kubernetes.x",
    "kubernetes.io/metadata.name",
    "k8s.io/x",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "beta.kubernetes.io/os",
    "annotation.x",
    "etcd_node",
    "topology.kubernetes.io/zone",
  ])("%s does not", (key) => expect(isIdentityRelevant(key)).toBe(false));

  test("a pod's labels are sorted, sourced, and carry namespace, cluster and account", () => {
    const labels = podIdentityLabels({
      podLabels: { app: "web", "pod-template-hash": "x", "io.kubernetes.pod.namespace": "forged" },
      namespace: "shop",
      namespaceLabels: { team: "red" },
      serviceAccount: "sa",
    });
    expect(labels).toEqual([
      "k8s:app=web",
      "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop",
      "k8s:io.cilium.k8s.namespace.labels.team=red",
      "k8s:io.cilium.k8s.policy.cluster=default",
      "k8s:io.cilium.k8s.policy.serviceaccount=sa",
      "k8s:io.kubernetes.pod.namespace=shop",
    ]);
  });
});

describe("selectors", () => {
  const identity = new Identity(["k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop", "reserved:x"]);
  const matches = (labels: Readonly<Record<string, string>>): boolean => {
    const terms = { labels: Object.entries(labels).map(([k, v]) => [extendedKey(k), v] as const), expressions: [] };
    return selects(toSelector(terms), identity);
  };

  test("a key's source: any when none is written, a colon separates it, a dot does not", () => {
    for (const key of ["app", "any:app", "k8s:app"]) expect([key, matches({ [key]: "web" })]).toEqual([key, true]);
    for (const key of ["container:app", "k8s.app", "reserved:app"])
      expect([key, matches({ [key]: "web" })]).toEqual([key, false]);
    expect(matches({ "reserved:x": "" })).toBe(true);
    expect(matches({ $x: "" })).toBe(true);
  });

  test("what is injected into a peer selector (C A.4)", () => {
    const terms = (key: string): SelectorTerms => ({ labels: [[extendedKey(key), "v"]], expressions: [] });
    const scope = { namespace: "shop", cluster: "default", subjectIsInit: false };
    const keys = (key: string, more: Partial<typeof scope> | { namespace: null } = {}): readonly string[] => {
      const injected = injectPeerScope(terms(key), { ...scope, ...more });
      return [...injected.labels.map(([k]) => k), ...injected.expressions.map((e) => e.key)].slice(1);
    };
    const namespace = "k8s.io.kubernetes.pod.namespace";
    const cluster = "k8s.io.cilium.k8s.policy.cluster";
    expect(keys("app")).toEqual([namespace, cluster]);
    expect(keys("reserved:host")).toEqual([]);
    expect(keys("io.kubernetes.pod.namespace")).toEqual([cluster]);
    expect(keys("io.cilium.k8s.namespace.labels.team")).toEqual([cluster]);
    expect(keys("io.cilium.k8s.namespace.labels.team", { namespace: null })).toEqual([cluster, namespace]);
    expect(keys("io.cilium.k8s.policy.cluster")).toEqual([namespace]);
  });
});

describe("names and patterns (C B.4.2)", () => {
  test.each([
    ["*", "a.b", true],
    ["**", "a.b", true],
    ["*.example.com", "www.example.com", true],
    ["*.example.com", "example.com", false],
    ["*.example.com", "a.b.example.com", false],
    ["*example.com", "subexample.com", true],
    ["*example.com", "www.example.com", false],
    ["sub*.example.com", "sub1.example.com", true],
    ["**.example.com", "a.b.example.com", true],
    ["**.example.com", "example.com", false],
    ["a.**.example.com", "a.x.y.example.com", false],
    ["a.**.example.com", "a.x.example.com", true],
    ["api.example.com", "API.example.com.", true],
    ["api.example.com", "xapi.example.com", false],
  ])("1.19: %s and %s: %s", (pattern, name, expected) => expect(patternMatches(pattern, name, "1.19")).toBe(expected));

  test("a double star is a single one before 1.19", () => {
    expect(patternMatches("**.example.com", "a.b.example.com", "1.18")).toBe(false);
    expect(patternMatches("**.example.com", "a.example.com", "1.17")).toBe(true);
  });
});

describe("addresses", () => {
  test("are read as Go reads them", () => {
    for (const good of ["10.0.0.0/8", "10.1.2.3/8", "::/0", "2001:db8::1/128"])
      expect([good, parsePrefix(good) === null]).toEqual([good, false]);
    for (const bad of [
      "10.0.0.0",
      "10.0.0.0/33",
      "10.0.0.0/08",
      "010.0.0.0/8",
      "10.0.0/8",
      "1.2.3.4/-1",
      "fe80::1%e/64",
      "::1/129",
      "",
      "/8",
    ]) {
      expect([bad, parsePrefix(bad)]).toEqual([bad, null]);
    }
    expect(parseAddress("256.0.0.1")).toBeNull();
    expect(parseCidr("10.0.0.1")?.bits).toBe(32);
    expect(parseCidrLabel("2001-db8--0/32")).toEqual(parsePrefix("2001:db8::/32"));
  });

  test("contain by their bits, within one family", () => {
    const at = (text: string) => parseCidr(text) ?? { bytes: [], bits: 0 };
    expect(contains(at("10.1.2.3/8"), at("10.9.9.9"))).toBe(true);
    expect(contains(at("10.0.0.0/9"), at("10.128.0.0/9"))).toBe(false);
    expect(contains(at("0.0.0.0/0"), at("::1"))).toBe(false);
    expect(overlaps(at("10.0.0.0/8"), at("10.1.0.0/16"))).toBe(true);
  });
});

describe("ports", () => {
  test("names and numbers", () => {
    for (const name of ["http", "a-b", "1a", "0x50"]) expect(isServiceName(name)).toBe(true);
    for (const name of ["", "80", "a--b", "-a", "a-", "averylongportname", "1-2"])
      expect(isServiceName(name)).toBe(false);
    expect(parseGoUint16("010").value).toBe(8);
    expect(parseGoUint16("65536").error).toBe("range");
    expect(parseGoUint16("08").error).toBe("syntax");
  });

  test("ranges", () => {
    expect(portRange(0, 0)).toEqual({ first: 0, last: 65_535 });
    expect(portRange(80, 90)).toEqual({ first: 80, last: 90 });
    expect(portRange(90, 80)).toEqual({ first: 90, last: 90 });
    expect(portRange(0, 10)).toEqual({ first: 0, last: 10 });
  });
});
