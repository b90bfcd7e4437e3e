import { describe, expect, it } from "vitest";
import { canonical } from "../../src/facts/json.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { kustomizeBuild } from "../../src/gitops/kustomize.ts";
import { KustomizeWalk } from "../../src/gitops/walk/walk.ts";

const SOFTENED = '[{"op": "add", "path": "/spec/enableDefaultDeny", "value": {"ingress": false}}]';
const aimed = (target: string) =>
  memoryTree({
    "a/kustomization.yaml": `resources: [lock.yaml]\npatches:\n  - target: {${target}}\n    patch: '${SOFTENED}'\n`,
    "a/lock.yaml":
      "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: lock, labels: {a: b}}\n" +
      "spec: {endpointSelector: {}, ingress: [{}]}\n",
  });

describe("what a patch is for, by the walk and by the real kustomize", () => {
  it.each([
    "name: lock",
    "name: lo",
    "name: lo.*|other",
    "name: '[a-m][^x-z]{3}'",
    "name: '(?:l|m)o\\w+'",
    "kind: Cilium.+, namespace: default",
    "version: v3",
    "labelSelector: 'a=b'",
    "labelSelector: ' a == b , !c'",
    "labelSelector: 'a in (x, b)'",
    "labelSelector: 'a notin (x , b)'",
    "annotationSelector: 'a!=b,c notin (d)'",
  ])("is the same: %s", async (target) => {
    const tree = aimed(target);
    const walked = new KustomizeWalk(tree).build("a");
    expect(walked?.problems).toEqual([]);
    const built = await kustomizeBuild(tree, "a");
    expect(walked?.resources.map((r) => canonical(r.value))).toEqual(
      built.built ? built.objects.map(canonical) : built.what,
    );
  });

  // Go reads each of these in another way than JavaScript, or Kubernetes in another way than this program.
  it.each([
    "name: '(?i)LOCK'",
    "name: '\\Alock\\z'",
    "name: '[[:alpha:]]+'",
    "name: '\\Qlock\\E'",
    "name: '\\x{6c}ock'",
    "labelSelector: 'a in(b)'",
    "labelSelector: 'a>0'",
    "labelSelector: '! a'",
    "annotationSelector: 'x in ()'",
  ])("is not guessed: %s", (target) => {
    const said = new KustomizeWalk(aimed(target)).build("a")?.problems.map(({ what }) => what) ?? [];
    expect(said.join()).toMatch(/^the pattern .* is not carried out$/);
  });
});

describe("what kustomize makes of an object in its own way", () => {
  const POLICY =
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: one, annotations: {a: b}}\n" +
    "spec: {endpointSelector: {}, ingress: [{}]}\n";
  const KNP =
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: one}\nspec: {podSelector: {matchLabels: {a: b}}}\n";
  const treeOf = (kustomization: string, policy: string) =>
    memoryTree({ "a/kustomization.yaml": `resources: [a.yaml]\n${kustomization}`, "a/a.yaml": policy });

  it.each<[string, string, string]>([
    ["local in another spelling", "", POLICY.replace("a: b", 'config.kubernetes.io/local-config: "yes"')],
    ["local in capitals", "", POLICY.replace("a: b", 'config.kubernetes.io/local-config: "False"')],
    ["not local", "", POLICY.replace("a: b", 'config.kubernetes.io/local-config: "false"')],
    [
      "a null where a patch has no value",
      `patches: [{target: {kind: CiliumNetworkPolicy}, patch: '[{"op": "add", "path": "/spec/ingress"}]'}]\n`,
      POLICY,
    ],
    [
      "another kind by a JSON patch",
      `patches: [{target: {kind: CiliumNetworkPolicy}, patch: '[{"op": "replace", "path": "/kind", "value": "CiliumClusterwideNetworkPolicy"}]'}]\n`,
      POLICY,
    ],
  ])("is the same to the walk: %s", async (_what, kustomization, policy) => {
    const tree = treeOf(kustomization, policy);
    const walked = new KustomizeWalk(tree).build("a");
    expect(walked?.problems).toEqual([]);
    const built = await kustomizeBuild(tree, "a");
    expect(walked?.resources.map((r) => canonical(r.value))).toEqual(
      built.built ? built.objects.map(canonical) : built.what,
    );
  });

  it.each<[string, string, string]>([
    [
      "becomes one of the whole cluster",
      "patches:\n  - target: {kind: CiliumNetworkPolicy}\n    options: {allowKindChange: true}\n    patch: |\n" +
        "      apiVersion: cilium.io/v2\n      kind: CiliumClusterwideNetworkPolicy\n      metadata: {name: one}\n",
      POLICY,
    ],
    [
      "selects other pods",
      "labels: [{pairs: {x: y}, fields: [{path: spec/endpointSelector/matchLabels, create: true}]}]\n",
      POLICY,
    ],
    ["is labelled in its selector", "labels: [{pairs: {x: y}, includeSelectors: y}]\n", KNP],
    ["is named otherwise", "", POLICY.replace("a: b", "internal.config.kubernetes.io/needsHashSuffix: enabled")],
  ])("is said where the walk does not follow: %s", async (_what, kustomization, policy) => {
    const tree = treeOf(kustomization, policy);
    const walked = new KustomizeWalk(tree).build("a");
    const built = await kustomizeBuild(tree, "a");
    expect(built.built && canonical(built.objects)).not.toEqual(canonical(walked?.resources.map((r) => r.value)));
    expect(walked?.problems).toHaveLength(1);
  });
});

describe("a patch that is no YAML", () => {
  it.each(["- op: add\n  path: /a\n  path: /b\n  value: 1\n", "- {op: add\n"])(
    "is a problem where it stands: %j",
    (text) => {
      const tree = memoryTree({
        "a/kustomization.yaml": "resources: [a.yaml]\npatches:\n  - {target: {kind: Namespace}, path: p.yaml}\n",
        "a/a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n",
        "a/p.yaml": text,
      });
      const [problem] = new KustomizeWalk(tree).build("a")?.problems ?? [];
      expect(problem).toMatchObject({ origin: { file: "a/p.yaml" }, remedy: "Repair the patch's YAML" });
    },
  );
});
