import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { memoryTree } from "../../src/facts/tree.ts";
import { kustomizeBinary, materialise, runKustomize } from "../../src/gitops/kustomize-binary.ts";
import { needsNoSchema } from "../../src/gitops/kustomize-schema.ts";
import { kustomizeBuild } from "../../src/gitops/kustomize.ts";
import { KustomizeWalk } from "../../src/gitops/walk/walk.ts";

const binary = kustomizeBinary() ?? "no kustomize";

/** `kustomize build` as a person types it. */
const plainly = async (files: Readonly<Record<string, string>>, folder: string): Promise<string> => {
  const home = mkdtempSync(join(tmpdir(), "kustomize-plainly-"));
  try {
    materialise(memoryTree(files), Object.keys(files), home);
    const args = ["build", join(home, folder), "--load-restrictor", "LoadRestrictionsNone"];
    const { failed, stdout, stderr } = await runKustomize(binary, args, home);
    if (failed) throw new Error(stderr);
    return stdout;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

const same = async (files: Readonly<Record<string, string>>, folder: string): Promise<string> => {
  const tree = memoryTree(files);
  const walked = new KustomizeWalk(tree).build(folder);
  expect(needsNoSchema(tree, walked?.files ?? []), "this is about builds without a schema").toBe(true);
  const built = await kustomizeBuild(tree, folder);
  if (!built.built) throw new Error(built.what);
  expect(built.text).toBe(await plainly(files, folder));
  return built.text;
};

const object = (apiVersion: string, kind: string): string =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: one}\n`;

/** Kinds that have no namespace, which a build has to know to leave it out, beside some that have one. */
const KINDS = `
v1: Namespace Node PersistentVolume ServiceAccount Endpoints PersistentVolumeClaim
apps/v1: StatefulSet DaemonSet
batch/v1: CronJob
rbac.authorization.k8s.io/v1: ClusterRole ClusterRoleBinding Role RoleBinding
storage.k8s.io/v1: StorageClass CSIDriver CSINode VolumeAttachment
networking.k8s.io/v1: IngressClass Ingress NetworkPolicy
scheduling.k8s.io/v1: PriorityClass
node.k8s.io/v1: RuntimeClass
certificates.k8s.io/v1: CertificateSigningRequest
admissionregistration.k8s.io/v1: ValidatingWebhookConfiguration MutatingWebhookConfiguration
apiregistration.k8s.io/v1: APIService
apiextensions.k8s.io/v1: CustomResourceDefinition
policy/v1beta1: PodSecurityPolicy PodDisruptionBudget
flowcontrol.apiserver.k8s.io/v1beta1: FlowSchema PriorityLevelConfiguration
cilium.io/v2: CiliumNetworkPolicy CiliumClusterwideNetworkPolicy
example.org/v1: Thing
`;

const kinds = KINDS.trim()
  .split("\n")
  .flatMap((line) => {
    const [version = "", names = ""] = line.split(": ");
    return names.split(" ").map((kind) => object(version, kind));
  });

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: one
      containers:
        - {name: main, image: "registry.example/web:1.0", envFrom: [{configMapRef: {name: settings}}]}
      volumes: [{name: s, secret: {secretName: token}}]
`;

describe("a build without Kubernetes' schema says what the whole build says", () => {
  it("for every field that is carried out without it", async () => {
    const text = await same(
      {
        "base/kustomization.yaml":
          "resources: [kinds.yaml, web.yaml]\nconfigMapGenerator: [{name: settings, literals: [a=1]}]\nsecretGenerator: [{name: token, literals: [t=x]}]\n",
        "base/kinds.yaml": kinds.join("---\n"),
        "base/web.yaml": DEPLOYMENT,
        "part/kustomization.yaml":
          "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [more.yaml]\n",
        "part/more.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n",
        "all/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]
components: [../part]
namespace: here
namePrefix: a-
nameSuffix: -z
commonLabels: {team: blue}
labels: [{pairs: {plain: "1"}}, {pairs: {selected: "1"}, includeSelectors: true}]
commonAnnotations: {note: x}
images: [{name: registry.example/web, newTag: "2.0"}]
replicas: [{name: web, count: 3}]
configMapGenerator: [{name: settings, behavior: merge, literals: [b=2]}]
generatorOptions: {labels: {generated: "yes"}}
patchesJson6902:
  - target: {group: apps, version: v1, kind: Deployment, name: web}
    patch: '[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"side","image":"registry.example/web:1"}}]'
patches:
  - target: {kind: Deployment}
    patch: '[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"third","image":"registry.example/third:1"}}]'
  - target: {kind: ConfigMap, name: more}
    patch: |-
      - op: add
        path: /data
        value: {a: b}
replacements:
  - source: {kind: ConfigMap, name: more, fieldPath: metadata.name}
    targets:
      - select: {kind: Deployment}
        fieldPaths: ["spec.template.spec.containers.[name=main].workingDir", metadata.annotations.from]
        options: {create: true}
`,
      },
      "all",
    );
    expect(text).toContain("kind: ClusterRoleBinding\nmetadata:\n  annotations:\n    note: x\n  labels:");
    expect(text.match(/namespace: here/g)?.length).toBeGreaterThan(10);
  });

  it("for every folder of the sample that asks for nothing else", async () => {
    const root = "src/world/sample";
    const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = names.map(({ parentPath, name }) => relative(root, join(parentPath, name)));
    const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
    const sample = memoryTree(files);
    const walk = new KustomizeWalk(sample);
    const folders = paths
      .filter((file) => file.endsWith("/app/kustomization.yaml"))
      .map((file) => file.replace("/kustomization.yaml", ""))
      .filter((folder) => needsNoSchema(sample, walk.build(folder)?.files ?? []));
    expect(folders.length).toBeGreaterThan(20);
    // Each under a prefix of its own, so that one build holds them all.
    for (const [i, folder] of folders.entries())
      files[`all/f${i}/kustomization.yaml`] = `resources: [../../${folder}]\nnamePrefix: f${i}-\n`;
    files["all/kustomization.yaml"] = JSON.stringify({ resources: folders.map((_, i) => `f${i}`) });
    await same(files, "all");
  });

  it("and is not asked where one object is merged into another", () => {
    for (const field of ["patches", "patchesStrategicMerge", "crds", "openapi", "transformers", "unheardOf"]) {
      const files = {
        "a/kustomization.yaml": "resources: [../b]\n",
        "b/kustomization.yaml": `${field}: [{patch: "kind: X"}]\n`,
      };
      expect(needsNoSchema(memoryTree(files), Object.keys(files)), field).toBe(false);
    }
  });
});
