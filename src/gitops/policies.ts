import { posix } from "node:path";
import type { AppliedPolicy, OrphanPolicy } from "../facts/inventory.ts";
import { POLICY_KINDS, type PolicyKind } from "../facts/policy.ts";
import type { SourceTree } from "../facts/tree.ts";
import { manifestsWith } from "./flux/candidates.ts";
import type { Rendered } from "./flux/reconcile.ts";
import { list, type Json } from "./json.ts";
import { KUSTOMIZATION_FILES, below, readKustomization, resolveIn } from "./walk/kustomization.ts";
import { groupOf, kindOf, nameOf } from "./walk/resource.ts";

const GROUP: Readonly<Record<PolicyKind, string>> = {
  CiliumNetworkPolicy: "cilium.io",
  CiliumClusterwideNetworkPolicy: "cilium.io",
  NetworkPolicy: "networking.k8s.io",
};

export const policyKind = (value: Json): PolicyKind | null =>
  POLICY_KINDS.find((kind) => kindOf(value) === kind && groupOf(value) === GROUP[kind]) ?? null;

/** The policies among what is applied, each in the namespace it lands in. */
export const appliedPolicies = (objects: readonly Rendered[]): readonly AppliedPolicy[] =>
  objects.flatMap((object) => {
    const kind = policyKind(object.object);
    if (kind === null) return [];
    const namespace = kind === "CiliumClusterwideNetworkPolicy" ? null : object.namespace;
    return [
      {
        ref: { kind, namespace, name: object.name },
        object: object.object,
        namespace,
        origin: object.origin,
        locate: object.locate,
        owner: object.owner,
      },
    ];
  });

const nearestTo = (tree: SourceTree, file: string): string | null => {
  for (let folder = posix.dirname(file); ; folder = posix.dirname(folder)) {
    const here = folder === "." ? "" : folder;
    const { file: kustomization } = readKustomization(tree, here);
    if (kustomization !== null) return below(here, posix.basename(kustomization.file));
    if (here === "") return null;
  }
};

const listedBy = (tree: SourceTree, file: string): string | null => {
  for (let folder = posix.dirname(file); ; folder = posix.dirname(folder)) {
    const here = folder === "." ? "" : folder;
    const { file: kustomization } = readKustomization(tree, here);
    if (kustomization !== null) {
      const entries = [...list(kustomization.value["resources"]), ...list(kustomization.value["bases"])];
      const reached = entries.map((entry) => (typeof entry === "string" ? resolveIn(here, entry) : null));
      if (reached.includes(file)) return below(here, posix.basename(kustomization.file));
    }
    if (here === "") return null;
  }
};

/** Policies in files that nothing applied reaches: written, perhaps reviewed, and without any effect. */
export const orphanPolicies = (tree: SourceTree, files: ReadonlySet<string>): readonly OrphanPolicy[] =>
  manifestsWith(tree, ["NetworkPolicy"]).flatMap((resource) => {
    const kind = policyKind(resource.value);
    if (kind === null || files.has(resource.file) || KUSTOMIZATION_FILES.some((n) => resource.file.endsWith(`/${n}`)))
      return [];
    return [
      {
        ...resource.origin,
        kind,
        name: nameOf(resource.value),
        listedBy: listedBy(tree, resource.file),
        nearest: nearestTo(tree, resource.file),
      },
    ];
  });
