import { describe, expect, it } from "vitest";
import { draftRevert } from "../../src/drafting/revert.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { memoryTree, overlay } from "../../src/facts/tree.ts";
import { writer } from "../../src/gitops/edit.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { removesOnly } from "../../src/rollout/rollback/removes-only.ts";
import { REPOSITORY } from "../graph/facts/home.ts";

const HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
const LOCK =
  "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: default-deny }\nspec: { endpointSelector: {}, ingress: [{}], egress: [{}] }\n";
const COMPONENT = {
  "components/deny/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources:\n  - ./deny.yaml\n",
  "components/deny/deny.yaml": LOCK,
};
const lists = (namespace: string, more: string): Record<string, string> => ({
  [`apps/${namespace}/kustomization.yaml`]: `${HEAD}namespace: ${namespace}\n${more}resources:\n  - ./namespace.yaml\n  - ./web.yaml # the app\n`,
});

const revert = (files: Readonly<Record<string, string>>) => {
  const tree = memoryTree({ ...REPOSITORY, ...files });
  const inventory = readInventory(tree, defaultClusterFacts);
  const locks = inventory.policies.filter((p) => p.ref.namespace === "collab" && p.ref.name === "default-deny");
  expect(locks).toHaveLength(1);
  const made = draftRevert({
    tree,
    inventory,
    locks,
    writer,
    isPure: (after, lock) =>
      removesOnly(inventory, readInventory(after, defaultClusterFacts), [lock.ref], defaultSettings()) === null,
  });
  return { files: made, tree: made === null ? tree : overlay(tree, made) };
};

describe("a revert takes one lock out of Git and nothing else", () => {
  it("where a namespace lists the component that others share, by that line alone", () => {
    const component = "components:\n  - ../../components/deny\n";
    const { files, tree } = revert({ ...COMPONENT, ...lists("collab", component), ...lists("media", component) });
    expect(files?.map(({ path }) => path)).toEqual(["apps/collab/kustomization.yaml"]);
    expect(tree.read("apps/collab/kustomization.yaml")).toBe(
      `${HEAD}namespace: collab\nresources:\n  - ./namespace.yaml\n  - ./web.yaml # the app\n`,
    );
  });

  it("where the lock is a file of the namespace's own", () => {
    const { files } = revert({
      [`apps/collab/kustomization.yaml`]: `${HEAD}namespace: collab\nresources:\n  - ./namespace.yaml\n  - ./deny.yaml\n  - ./web.yaml\n`,
      "apps/collab/deny.yaml": LOCK,
    });
    expect(files?.map(({ path }) => path)).toEqual(["apps/collab/kustomization.yaml"]);
  });

  it("is left to a person where no line brings the lock alone", () => {
    const { files } = revert({
      [`apps/collab/kustomization.yaml`]: `${HEAD}namespace: collab\nresources:\n  - ./namespace.yaml\n  - ./both.yaml\n  - ./web.yaml\n`,
      "apps/collab/both.yaml": `${LOCK}---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: more }\n`,
    });
    expect(files).toBeNull();
  });
});
