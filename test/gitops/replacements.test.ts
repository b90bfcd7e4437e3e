import { describe, expect, it } from "vitest";
import { memoryTree, type SourceTree } from "../../src/facts/tree.ts";
import { kustomizeBuild } from "../../src/gitops/kustomize.ts";
import { idOf, kindOf } from "../../src/gitops/walk/resource.ts";
import { KustomizeWalk } from "../../src/gitops/walk/walk.ts";

const deployment = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels: {tier: ${name}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - name: main
          image: registry.example/${name}:1.0
          env: [{name: HOST, value: none}, {name: PORT, value: "1"}]
          ports: [{containerPort: 80}]
        - name: main-side
          image: registry.example/side:1.0
          env: [{name: HOST, value: none}]
`;

const RESOURCES = {
  "web.yaml": deployment("web"),
  "api.yaml": deployment("api"),
  "policy.yaml": `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: allow}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: none, "io.kubernetes.pod.namespace": none}}]
      toPorts: [{ports: [{port: "80", protocol: TCP}]}]
`,
  "settings.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {host: "db.example:5432", port: "8080", a.b: dotted, namespace: shop}
`,
};

const tree = (replacements: string, more: Readonly<Record<string, string>> = {}, head = ""): SourceTree =>
  memoryTree({
    ...RESOURCES,
    ...more,
    "kustomization.yaml": `${head}resources: [web.yaml, api.yaml, policy.yaml, settings.yaml]\nreplacements:\n${replacements}`,
  });

const FROM = (field: string, options = ""): string =>
  `  - source: {kind: ConfigMap, name: settings, fieldPath: ${field}${options}}\n    targets:\n`;
const CONTAINER = "spec.template.spec.containers";

const MADE: Readonly<Record<string, SourceTree>> = {
  "a value of one field, in a list by its index, a name, and everywhere": tree(
    `${FROM("data.host")}      - select: {kind: Deployment, name: web}
        fieldPaths: ["${CONTAINER}.0.env.0.value", "${CONTAINER}.[name=main-side].env.[name=HOST].value"]
      - select: {kind: Deployment, name: api}
        fieldPaths: ["${CONTAINER}.*.env.[name=HOST].value"]
`,
  ),
  "a name that is a pattern": tree(
    `${FROM("data.host")}      - select: {kind: Deployment}
        fieldPaths: ["${CONTAINER}.[name=main].env.[name=HOST].value"]
`,
  ),
  "a part of a value into a part of another": tree(
    `${FROM("data.host", ', options: {delimiter: ":", index: 1}')}      - select: {kind: CiliumNetworkPolicy}
        fieldPaths: [spec.ingress.0.toPorts.0.ports.0.port]
      - select: {kind: Deployment}
        reject: [{name: api}]
        fieldPaths: ["${CONTAINER}.0.image"]
        options: {delimiter: ":", index: 1}
`,
  ),
  "in front, and at the end": tree(
    `${FROM("data.namespace")}      - select: {kind: Deployment, name: web}
        fieldPaths: ["${CONTAINER}.0.image"]
        options: {delimiter: "/", index: -1}
      - select: {kind: Deployment, name: api}
        fieldPaths: ["${CONTAINER}.0.image"]
        options: {delimiter: "/", index: 9}
`,
  ),
  "a number for a number, and text that stays text": tree(
    `${FROM("data.port")}      - select: {kind: Deployment}
        fieldPaths: [spec.replicas, "${CONTAINER}.0.ports.0.containerPort", "${CONTAINER}.0.env.[name=PORT].value"]
`,
  ),
  "labels with dots, and what is not there yet": tree(
    `${FROM("data.namespace")}      - select: {kind: CiliumNetworkPolicy}
        fieldPaths: ["spec.ingress.0.fromEndpoints.0.matchLabels.io\\\\.kubernetes\\\\.pod\\\\.namespace"]
      - select: {kind: Deployment}
        options: {create: true}
        fieldPaths: [metadata.annotations.shop, "${CONTAINER}.0.env.[name=NEW].value"]
`,
  ),
  "a source with a dot, and a whole map": tree(
    `${FROM('"data.a\\\\.b"')}      - select: {kind: Deployment}
        fieldPaths: [metadata.labels.tier]
  - source: {kind: Deployment, name: web, fieldPath: spec.template.metadata.labels}
    targets:
      - select: {kind: CiliumNetworkPolicy}
        fieldPaths: [spec.endpointSelector.matchLabels]
`,
  ),
  "targets by label": tree(
    `${FROM("data.host")}      - select: {labelSelector: "tier=api"}
        fieldPaths: ["${CONTAINER}.0.env.0.value"]
`,
  ),
  "names from before and after they were given a prefix, by a file": tree(
    "  - path: replace.yaml\n",
    {
      "replace.yaml": `- source: {kind: ConfigMap, name: settings}
  targets:
    - select: {kind: Deployment, name: web}
      fieldPaths: ["${CONTAINER}.0.env.0.value"]
    - select: {kind: Deployment, name: pre-api}
      fieldPaths: ["${CONTAINER}.0.env.0.value"]
`,
    },
    "namePrefix: pre-\nnamespace: shop\n",
  ),
};

const BROKEN: Readonly<Record<string, SourceTree>> = {
  "no such source": tree("  - source: {kind: ConfigMap, name: gone}\n    targets: [{select: {kind: Deployment}}]\n"),
  "two sources": tree("  - source: {kind: Deployment}\n    targets: [{select: {kind: ConfigMap}}]\n"),
  "no such field at the source": tree(`${FROM("data.gone")}      - select: {kind: Deployment}\n`),
  "an index out of bounds": tree(
    `${FROM("data.host", ', options: {delimiter: ":", index: 7}')}      - select: {kind: Deployment}\n`,
  ),
  "no targets": tree("  - source: {kind: ConfigMap, name: settings}\n"),
};

const canonical = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("replacements, against the real kustomize", () => {
  it.each(Object.keys(MADE))("makes the same of %s", async (name) => {
    const given = MADE[name] ?? tree("");
    const walked = new KustomizeWalk(given).build("");
    const built = await kustomizeBuild(given, "");
    if (!built.built) throw new Error(built.what);
    const found = Object.fromEntries((walked?.resources ?? []).map((r) => [idOf(r.value), canonical(r.value)]));
    expect(walked?.problems).toEqual([]);
    expect(found).toEqual(Object.fromEntries(built.objects.map((o) => [idOf(o), canonical(o)])));
  });

  it.each(Object.keys(BROKEN))("finds broken %s, as kustomize does", async (name) => {
    const given = BROKEN[name] ?? tree("");
    expect(new KustomizeWalk(given).build("")?.problems.map((p) => p.what)).toEqual([
      expect.stringMatching(/^this replacement cannot be carried out: /),
    ]);
    expect((await kustomizeBuild(given, "")).built).toBe(false);
  });

  // The binary at hand may be older than these two.
  it("copies a value that stands in the replacement itself", () => {
    const given = tree("  - sourceValue: fixed\n    targets: [{select: {kind: ConfigMap}, fieldPaths: [data.host]}]\n");
    const walked = new KustomizeWalk(given).build("");
    expect(walked?.problems).toEqual([]);
    const settings = walked?.resources.find((r) => kindOf(r.value) === "ConfigMap");
    expect(settings?.value["data"]).toMatchObject({ host: "fixed", port: "8080" });
  });

  it("finds a target without the field broken, as kustomize 5 does", () => {
    const given = tree(`${FROM("data.host")}      - select: {kind: Deployment}\n        fieldPaths: [spec.nothing]\n`);
    expect(new KustomizeWalk(given).build("")?.problems.map((p) => p.what)).toEqual([
      "this replacement cannot be carried out: Deployment web has no field spec.nothing",
    ]);
  });

  // Version 4 takes them by the letter, version 5 as patterns: what Flux runs is not known here.
  it.each(["kind: Deploy.*", "name: we.", "namespace: d.+", "labelSelector: 'a>0'"])(
    "does not guess what is selected by %s",
    (select) => {
      const given = tree(
        `${FROM("data.host")}      - select: {${select}}\n        fieldPaths: [${CONTAINER}.0.image]\n`,
      );
      expect(new KustomizeWalk(given).build("")?.problems[0]?.what).toMatch(/a pattern to some|is not carried out/);
    },
  );

  it("does not run a pattern that could run away, and says so", () => {
    const path = `"${CONTAINER}.[name=(a+)+b].image"`;
    const given = tree(`${FROM("data.host")}      - select: {kind: Deployment}\n        fieldPaths: [${path}]\n`);
    expect(new KustomizeWalk(given).build("")?.problems[0]?.what).toMatch(/more than this reading carries out/);
  });
});
