import { describe, expect, test } from "vitest";
import { flowEnd, ownWord, peerPositions, recordedEnd } from "../../src/cilium/from-flow.ts";
import { defaultSettings } from "../../src/facts/settings.ts";

const settings = defaultSettings();
const end = (labels: readonly string[], ips: readonly string[] = [], names: readonly string[] = []) =>
  recordedEnd({ labels, ips, names }, settings);

describe("a recorded end as policy sees it", () => {
  test("a pod without a cluster label is taken for a local one, and that is said", () => {
    const pod = end(["k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop"]);
    expect(pod.end.labels).toContain("k8s:io.cilium.k8s.policy.cluster=default");
    expect(pod.end.endpoint).toBe(true);
    expect(pod.assumed).toHaveLength(1);
    const whole = end(["k8s:io.cilium.k8s.policy.cluster=west", "k8s:io.kubernetes.pod.namespace=shop"]);
    expect(whole.assumed).toEqual([]);
  });

  test("a prefix outside gets the world label of its family", () => {
    expect(end(["cidr:198.51.100.7/32"]).end.labels).toContain("reserved:world");
    const dual = { ...settings, ipv6: true };
    const v6 = recordedEnd({ labels: ["cidr:2001-db8--7/128"], ips: ["2001:db8::7"], names: [] }, dual);
    expect(v6.end.labels).toContain("reserved:world-ipv6");
    expect(v6.end.endpoint).toBe(false);
  });

  test("no labels is nobody known, several addresses are no address, no names is not none", () => {
    expect(end([]).end).toMatchObject({ labels: null, endpoint: true });
    expect(end(["reserved:unknown"]).end).toMatchObject({ labels: null, endpoint: true });
    expect(end(["reserved:world"], ["10.0.0.1", "10.0.0.2"]).end.ip).toBeNull();
    expect(end(["reserved:world"], ["10.0.0.1", "10.0.0.1"]).end.ip).toBe("10.0.0.1");
    expect(end(["reserved:world"], ["no address"]).end.ip).toBeNull();
    expect(end(["reserved:world"]).end.names).toBeNull();
    expect(flowEnd({ labels: ["reserved:world"], ip: "10.0.0.9", names: ["a.b"] }, settings).end).toMatchObject({
      ip: "10.0.0.9",
      names: ["a.b"],
    });
  });

  test("host, nodes and the world are no endpoints; health and ingress are", () => {
    for (const name of ["host", "remote-node", "world", "kube-apiserver", "unmanaged"]) {
      expect(end([`reserved:${name}`]).end.endpoint).toBe(false);
    }
    for (const name of ["health", "ingress", "init"]) expect(end([`reserved:${name}`]).end.endpoint).toBe(true);
  });
});

describe("every position in which a peer may be seen tomorrow", () => {
  const facts = { isKubeletProbe: false, isBalanced: false };
  const labels = (peers: ReturnType<typeof peerPositions>): unknown => peers.map((p) => p.labels);

  test("a host that is no kubelet probe may be another node after a reschedule", () => {
    const host = { labels: ["reserved:host"] };
    expect(labels(peerPositions(host, "client", facts))).toEqual([["reserved:host"], ["reserved:remote-node"]]);
    expect(labels(peerPositions(host, "client", { ...facts, isKubeletProbe: true }))).toEqual([["reserved:host"]]);
    expect(labels(peerPositions(host, "destination", facts))).toEqual([["reserved:host"]]);
  });

  test("a balanced client from outside may arrive as a node", () => {
    const world = { labels: ["cidr:10.0.0.0/8", "reserved:world"] };
    expect(peerPositions(world, "client", facts)).toEqual([world]);
    expect(labels(peerPositions(world, "client", { ...facts, isBalanced: true }))).toContainEqual([
      "reserved:remote-node",
    ]);
  });

  test("the API server is a node of the cluster, another one, or none", () => {
    const api = { labels: ["reserved:kube-apiserver", "reserved:remote-node"] };
    expect(labels(peerPositions(api, "destination", facts))).toEqual([
      ["reserved:kube-apiserver", "reserved:remote-node"],
      ["reserved:host", "reserved:kube-apiserver"],
      ["reserved:kube-apiserver"],
    ]);
  });
});

test("Cilium's silence is a word only where it speaks elsewhere", () => {
  const policy = { kind: "CiliumNetworkPolicy", namespace: "a", name: "b" } as const;
  const context = { isNewConnectionVerdict: true, agentNamesPolicies: true };
  expect(ownWord([policy], context)).toEqual({ said: "named", policies: [policy] });
  expect(ownWord([], context)).toEqual({ said: "unnamed" });
  expect(ownWord([], { ...context, agentNamesPolicies: false })).toEqual({ said: "nothing" });
  expect(ownWord([policy], { ...context, isNewConnectionVerdict: false })).toEqual({ said: "nothing" });
});
