import { describe, expect, it } from "vitest";
import { drift } from "../../src/cluster/drift.ts";
import { withCluster } from "../../src/cluster/enrich.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { apiserverTargets } from "../../src/facts/declared.ts";
import { isProbe } from "../../src/facts/exposure.ts";
import { landings } from "../../src/facts/landing.ts";
import type { LivePod, LiveService } from "../../src/facts/ports.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";

const inventory = readInventory(
  memoryTree({
    "kustomization.yaml": "namespace: web\nresources: [a.yaml, b.yaml, c.yaml]\n",
    "a.yaml":
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: wiki}\nspec: {template: {metadata: {labels: {app: wiki}}, spec: {containers: [{name: w, ports: [{name: http, containerPort: 80}]}]}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: wiki}\nspec: {selector: {app: wiki}, ports: [{port: 80, targetPort: http}]}\n",
    "b.yaml":
      "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: board}\nspec: {chart: {spec: {chart: mystery}}, values: {service: {port: 9000}}}\n",
    "c.yaml":
      "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: allow}\nspec: {endpointSelector: {}, ingress: [{}]}\n",
  }),
  defaultClusterFacts,
);

const pod = (
  name: string,
  kind: string,
  owner: string,
  labels: Readonly<Record<string, string>>,
  port: number,
): LivePod => ({
  namespace: "web",
  name,
  node: "n1",
  ip: null,
  labels,
  identity: null,
  workload: { kind, name: owner },
  hostNetwork: false,
  startedAt: null,
  ports: [{ name: "http", port, protocol: "TCP" }],
});
const service = (name: string, selector: Readonly<Record<string, string>>): LiveService => ({
  namespace: "web",
  name,
  type: "ClusterIP",
  selector,
  clusterIps: [],
  loadBalancerIps: [],
  ports: [{ name: null, port: 80, targetPort: "http", protocol: "TCP" }],
  externalTrafficPolicy: null,
});

const pods = [
  pod("wiki-1", "Deployment", "wiki", { app: "wiki", extra: "x", "pod-template-hash": "1" }, 80),
  pod("wiki-2", "Deployment", "wiki", { app: "wiki", extra: "x", "pod-template-hash": "2" }, 80),
  pod("board-0", "StatefulSet", "board", { "mystery/app": "board" }, 9001),
];

describe("an inventory that the cluster bears out", () => {
  const enriched = withCluster(inventory, {
    pods,
    services: [service("wiki", { app: "wiki" }), service("board", { "mystery/app": "board" })],
  });

  it("carries the labels that the pods carry, without those of single pods", () => {
    const wiki = enriched.workloads.find((w) => w.name === "wiki");
    expect(wiki).toMatchObject({
      podLabels: { app: "wiki", extra: "x" },
      labelsComplete: true,
      sure: "certain",
      from: { kind: "manifest" },
    });
    expect(wiki?.origin).not.toBeNull();
  });

  it("puts what runs in the place of a guess", () => {
    expect(enriched.workloads.map((w) => `${w.kind}/${w.name} ${w.sure} ${w.from.kind}`)).toEqual([
      "Deployment/wiki certain manifest",
      "StatefulSet/board certain cluster",
    ]);
    expect(enriched.services.map((s) => [s.name, s.ports[0]?.containerPort, s.sure])).toEqual([
      ["wiki", 80, "certain"],
      ["board", 9001, "certain"],
    ]);
  });
});

describe("what only the cluster knows", () => {
  const [wiki] = pods;
  const borneOut = (pod: Partial<LivePod>, live: Partial<Parameters<typeof withCluster>[1]> = {}) =>
    withCluster(inventory, { pods: wiki === undefined ? [] : [{ ...wiki, ...pod }], services: [], ...live });

  it("labels that Cilium keeps out of the identity are none to select by", () => {
    const identity = ["k8s:app=wiki", "k8s:io.kubernetes.pod.namespace=web"];
    expect(borneOut({ identity }).workloads.find((w) => w.name === "wiki")?.podLabels).toEqual({ app: "wiki" });
  });

  it("ports that the kubelet probes, the account and the further networks of its pods", () => {
    const found = borneOut({ probePorts: [8080], serviceAccount: "reader", secondaryNetworks: ["iot/lan"] });
    const workload = found.workloads.find((w) => w.name === "wiki");
    expect(workload).toMatchObject({ serviceAccount: "reader", secondaryNetworks: ["iot/lan"] });
    expect(workload === undefined ? null : isProbe(workload, 8080)).toBe(true);
  });

  it("what stands behind a Service that selects nobody", () => {
    const manual = {
      ...service("nas", {}),
      selector: null,
      ports: [{ name: null, port: 80, targetPort: 80, protocol: "TCP" as const }],
    };
    const ports = [{ name: null, port: 8080, protocol: "TCP" as const }];
    const endpoints = [
      {
        namespace: "web",
        service: "nas",
        ports,
        endpoints: [
          { address: "192.168.1.9", pod: null },
          { address: "10.1.1.1", pod: "wiki-1" },
        ],
      },
    ];
    const found = borneOut({}, { services: [manual], endpoints });
    const target = { kind: "service", namespace: "web", name: "nas" } as const;
    const to = landings(
      { source: { namespace: "web" }, target, port: 80, protocol: "TCP" },
      found,
      defaultClusterFacts,
    );
    expect(
      to.map((l) => (l.kind === "pods" ? l.pods.workload?.name : l.kind === "outside" ? l.address : l.kind)),
    ).toEqual(["192.168.1.9", "wiki"]);
    expect(to.map((l) => (l.kind === "unknown" ? null : l.port))).toEqual([8080, 8080]);
  });

  it("labels of the namespaces, which are part of every identity in them", () => {
    const labels = { "kubernetes.io/metadata.name": "web", team: "a" };
    const named = {
      ...inventory,
      namespaces: [{ name: "web", folder: null, labels: {}, suspended: false, dormant: false, origin: null }],
    };
    const found = withCluster(named, { pods: [], services: [], namespaces: [{ name: "web", labels }] });
    expect(found.namespaces[0]?.labels).toEqual(labels);
  });
});

describe("what the API server calls", () => {
  it("stays called once it is seen running, and an app of that name does not become so (lesson 34)", () => {
    const apps = inventory.services.filter(({ name }) => name === "wiki").map((app) => ({ ...app, name: "webhook" }));
    const written = { ...inventory, services: apps };
    const live = { pods, services: [service("webhook", { app: "wiki" }), service("board-webhook", { app: "board" })] };
    expect(apiserverTargets(withCluster(written, live)).map(({ target }) => target.name)).toEqual(["board-webhook"]);
  });
});

describe("drift between Git and the cluster", () => {
  it("is said once per thing, with the place in Git", () => {
    const found = drift(inventory, {
      pods,
      services: [{ ...service("wiki", { app: "wiki" }), ports: [] }],
      policies: [
        {
          ref: { kind: "CiliumNetworkPolicy", namespace: "web", name: "allow" },
          object: { spec: { endpointSelector: {}, ingress: [] } },
          valid: false,
          message: "empty",
          owner: null,
        },
        {
          ref: { kind: "NetworkPolicy", namespace: "web", name: "by-hand" },
          object: {},
          valid: null,
          message: null,
          owner: null,
        },
      ],
      kustomizations: [],
    });
    expect(found.map((d) => `${d.kind} ${d.origin?.file ?? "-"}`)).toEqual([
      "policy-differs c.yaml",
      "policy-invalid c.yaml",
      "policy-not-in-git -",
      "pods-unknown -",
      "service-differs a.yaml",
    ]);
  });

  it("is nothing where both say the same", () => {
    const policies = inventory.policies.map((p) => ({
      ref: p.ref,
      object: p.object as Readonly<Record<string, unknown>>,
      valid: true,
      message: null,
      owner: null,
    }));
    expect(drift(inventory, { pods: pods.slice(0, 2), services: [], policies, kustomizations: [] })).toEqual([]);
  });
});
