import { describe, expect, it } from "vitest";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";

const read = (files: Readonly<Record<string, string>>) => readInventory(memoryTree(files), defaultClusterFacts);

const ks = (name: string, path: string, more = ""): string =>
  `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
spec:
  path: ${path}
  sourceRef: {kind: GitRepository, name: home, namespace: flux-system}
${more}`;

const policy = (name: string): string => `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: ${name}
spec:
  endpointSelector: {}
  ingress:
    - {}
`;

const CLUSTER = {
  "cluster/ks.yaml": ks("cluster", "./apps").replace("name: cluster", "name: cluster\n  namespace: flux-system"),
  "apps/kustomization.yaml": "resources:\n  - collab\n  # - games\n",
  "apps/collab/kustomization.yaml":
    "namespace: collab\ncomponents: [../../components/deny]\nresources:\n  - ns.yaml\n  - wiki/ks.yaml\n",
  "apps/collab/ns.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: _\n  labels: {tier: people}\n",
  "apps/collab/wiki/ks.yaml": ks("wiki", "./apps/collab/wiki/app", "  targetNamespace: collab\n"),
  "apps/collab/wiki/app/kustomization.yaml": "resources: [cnp.yaml]\n",
  "apps/collab/wiki/app/cnp.yaml": policy("wiki"),
  "apps/games/kustomization.yaml": "namespace: games\nresources: [cnp.yaml]\n",
  "apps/games/cnp.yaml": policy("quiz"),
  "components/deny/kustomization.yaml": "kind: Component\nresources: [deny.yaml]\n",
  "components/deny/deny.yaml": policy("default-deny"),
};

describe("what a Flux repository applies", () => {
  it("lands each policy in the namespace that kustomization or Flux gives it", () => {
    const { policies } = read(CLUSTER);
    expect(policies.map((p) => `${p.ref.namespace}/${p.ref.name} by ${p.owner}`).sort()).toEqual([
      "collab/default-deny by flux-system/cluster",
      "collab/wiki by collab/wiki",
    ]);
  });

  it("names the file and line where a rule stands", () => {
    const wiki = read(CLUSTER).policies.find((p) => p.ref.name === "wiki");
    expect(wiki?.locate?.(["spec", "ingress", 0])).toEqual({
      file: "apps/collab/wiki/app/cnp.yaml",
      line: 8,
      column: 7,
    });
  });

  it("renames a Namespace object with its kustomization, and keeps its labels", () => {
    expect(read(CLUSTER).namespaces.find((n) => n.name === "collab")).toEqual({
      name: "collab",
      folder: "apps/collab",
      labels: { tier: "people" },
      suspended: false,
      dormant: false,
      origin: { file: "apps/collab/ns.yaml", line: 1, column: 1 },
    });
  });

  it("calls a commented-out namespace dormant and its policies orphans", () => {
    const { namespaces, orphans } = read(CLUSTER);
    expect(namespaces.find((n) => n.name === "games")).toMatchObject({ dormant: true, folder: "apps/games" });
    expect(orphans).toEqual([
      {
        file: "apps/games/cnp.yaml",
        line: 1,
        column: 1,
        kind: "CiliumNetworkPolicy",
        name: "quiz",
        listedBy: "apps/games/kustomization.yaml",
        nearest: "apps/games/kustomization.yaml",
      },
    ]);
  });

  it("hands suspension down to what a suspended Kustomization carries", () => {
    const files = { ...CLUSTER, "cluster/ks.yaml": `${CLUSTER["cluster/ks.yaml"]}  suspend: true\n` };
    const { kustomizations, namespaces } = read(files);
    expect(kustomizations.map((k) => [k.id, k.suspended, k.suspendedHere])).toEqual([
      ["flux-system/cluster", true, true],
      ["collab/wiki", true, false],
    ]);
    expect(namespaces.find((n) => n.name === "collab")?.suspended).toBe(true);
  });

  it("substitutes what postBuild says itself and keeps what a Secret may say", () => {
    const post =
      "  targetNamespace: collab\n  postBuild:\n    substitute: {APP: wiki}\n    substituteFrom: [{kind: Secret, name: s}]\n";
    const files = {
      ...CLUSTER,
      "apps/collab/wiki/ks.yaml": ks("wiki", "./apps/collab/wiki/app", post),
      "apps/collab/wiki/app/cnp.yaml": policy("${APP}-${ZONE:-x}"),
    };
    expect(read(files).policies.map((p) => p.ref.name)).toContain("wiki-${ZONE:-x}");
  });

  it("tells two Kustomizations of one name apart by their namespace", () => {
    const files = {
      ...CLUSTER,
      "apps/kustomization.yaml": "resources: [collab, games]\n",
      "apps/games/kustomization.yaml": "namespace: games\nresources: [ks.yaml]\n",
      "apps/games/ks.yaml": ks("wiki", "./apps/collab/wiki/app", "  targetNamespace: games\n"),
    };
    expect(read(files).policies.map((p) => `${p.ref.namespace} ${p.owner}`)).toEqual([
      "collab flux-system/cluster",
      "collab collab/wiki",
      "games games/wiki",
    ]);
  });

  it("finds the root that a FluxInstance makes, although its own values lie in what it applies", () => {
    const files = {
      ...CLUSTER,
      "apps/kustomization.yaml": "resources: [collab]\nconfigMapGenerator:\n  - name: v\n    files: [values.yaml]\n",
      "apps/values.yaml": "instance:\n  sync: {kind: GitRepository, path: ./cluster, name: home}\n",
    };
    const { kustomizations } = read(files);
    expect(kustomizations.map((k) => [k.id, k.parent])).toEqual([
      ["flux-system/home", null],
      ["flux-system/cluster", "flux-system/home"],
      ["collab/wiki", "flux-system/cluster"],
    ]);
  });
});

describe("a repository that is not whole", () => {
  it("names a missing file by the line that lists it", () => {
    const files = {
      ...CLUSTER,
      "apps/collab/wiki/app/kustomization.yaml": "resources:\n  - cnp.yaml\n  - gone.yaml\n",
    };
    const { problems, policies } = read(files);
    expect(problems.map((p) => [p.origin?.file, p.origin?.line])).toEqual([
      ["apps/collab/wiki/app/kustomization.yaml", 3],
    ]);
    expect(policies).toHaveLength(2);
  });

  it("answers a cycle of kustomizations instead of running in it", () => {
    const files = { ...CLUSTER, "apps/collab/kustomization.yaml": "namespace: collab\nresources: [ns.yaml, ..]\n" };
    expect(read(files).problems.map((p) => p.what)).toEqual([".. leads back here: a cycle of kustomizations"]);
  });

  it("refuses a remote base instead of fetching it", () => {
    const files = { ...CLUSTER, "apps/kustomization.yaml": "resources:\n  - https://example.com/a.yaml\n  - collab\n" };
    const [problem] = read(files).problems;
    expect(problem?.what).toMatch(/not fetched/);
    expect(problem?.origin).toEqual({ file: "apps/kustomization.yaml", line: 2, column: 5 });
  });

  it("reads broken YAML, tabs and doubled keys as problems with their line", () => {
    for (const [text, line] of [
      ["kind: A\nkind: B\nmetadata: {name: x}\n", 2],
      ["kind: A\nmetadata:\n\tname: x\n", 3],
      ["kind: A\nmetadata: {name: x\n", 3],
      ["kind: A\nmetadata: {name: *nobody}\n", 1],
    ] as const) {
      const files = { ...CLUSTER, "apps/collab/wiki/app/cnp.yaml": text };
      const found = read(files).problems.filter((p) => p.origin?.file === "apps/collab/wiki/app/cnp.yaml");
      expect(found[0]?.origin?.line, text).toBe(line);
    }
  });

  it("works without Flux: outermost kustomizations, or plain manifests", () => {
    const plain = { "a.yaml": policy("a"), "b/kustomization.txt": "" };
    expect(read(plain).policies.map((p) => `${p.ref.namespace}/${p.ref.name}`)).toEqual(["default/a"]);
    const kustomized = {
      "prod/kustomization.yaml": "namespace: shop\nresources: [../base]\n",
      "base/kustomization.yaml": "resources: [a.yaml]\n",
      "base/a.yaml": policy("a"),
    };
    expect(read(kustomized).policies.map((p) => `${p.ref.namespace}/${p.ref.name}`)).toEqual(["shop/a"]);
  });
});
