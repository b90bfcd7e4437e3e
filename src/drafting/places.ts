import { posix } from "node:path";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import { isRecord } from "../facts/json.ts";
import type { SourceTree } from "../facts/tree.ts";
import { documentsIn } from "./components.ts";
import { kustomizationIn } from "./style.ts";

/** Where the policies of some pods go. */
export interface Place {
  readonly folder: string;
  /** The kustomization that lists what is applied; null: Flux takes every file of the folder. */
  readonly kustomization: string | null;
  /** Written out where neither Flux nor kustomize sets the namespace. */
  readonly namespace: string | null;
  /** The Flux Kustomization that will carry it. */
  readonly owner: string | null;
  /** It is the namespace's own folder, shared by all of its apps. */
  readonly shared: boolean;
}

const clean = (path: string): string => posix.normalize(path.replace(/^\.\//, "")).replace(/\/$/, "");

const namespaceField = (tree: SourceTree, kustomization: string | null): string | null => {
  if (kustomization === null) return null;
  const head = documentsIn(tree.read(kustomization) ?? "")[0];
  const value = isRecord(head) ? head["namespace"] : undefined;
  return typeof value === "string" ? value : null;
};

/** Where policies of the whole namespace go: into its own folder, under its own kustomization. */
export const namespacePlace = (tree: SourceTree, inventory: Inventory, namespace: string, folder: string): Place => {
  const kustomization = kustomizationIn(tree, folder);
  const set = namespaceField(tree, kustomization);
  const carriers = inventory.kustomizations.filter((k) => {
    const path = clean(k.path);
    return folder === path || folder.startsWith(path === "." ? "" : `${path}/`);
  });
  const nearest = carriers.reduce<(typeof carriers)[number] | null>(
    (a, b) => (a === null || clean(b.path).length > clean(a.path).length ? b : a),
    null,
  );
  const target = nearest?.targetNamespace ?? null;
  return {
    folder,
    kustomization,
    namespace: set === namespace || target === namespace ? null : namespace,
    owner: nearest?.id ?? null,
    shared: true,
  };
};

/**
 * Beside the app's own manifests, in the folder that its Flux Kustomization builds; in the namespace's folder where that
 * one is built for several namespaces, or carries more than this app's namespace.
 */
export const placeOf = (tree: SourceTree, inventory: Inventory, subject: WorkloadFact, fallback: Place): Place => {
  const owner = inventory.kustomizations.find((k) => k.id === subject.owner);
  const beside = subject.origin === null ? null : posix.dirname(subject.origin.file);
  if (owner === undefined) return besideOrFallback(tree, subject, beside, fallback);
  const path = clean(owner.path);
  const several = inventory.kustomizations.some((k) => k.id !== owner.id && clean(k.path) === path);
  const carriesAll = fallback.folder === path || fallback.folder.startsWith(`${path}/`) || path === ".";
  if (several || carriesAll) return fallback;
  // Apps whose manifests lie deeper than the folder that Flux builds: beside them, where a kustomization lists them.
  const deeper =
    beside !== null && beside !== path && beside.startsWith(`${path}/`) && kustomizationIn(tree, beside) !== null;
  const folder = deeper && beside !== null ? beside : path;
  if (!tree.paths().some((p) => p.startsWith(`${folder}/`))) return fallback;
  const kustomization = kustomizationIn(tree, folder);
  const set = owner.targetNamespace ?? namespaceField(tree, kustomization);
  // Flux and kustomize write their namespace over whatever an object says.
  if (set !== null && set !== subject.namespace) return fallback;
  return {
    folder,
    kustomization,
    namespace: set === subject.namespace ? null : subject.namespace,
    owner: owner.id,
    shared: false,
  };
};

/** Without Flux, the folder whose kustomization lists the app's own manifests. */
const besideOrFallback = (tree: SourceTree, subject: WorkloadFact, beside: string | null, fallback: Place): Place => {
  const kustomization = beside === null ? null : kustomizationIn(tree, beside);
  if (beside === null || kustomization === null || beside === fallback.folder) return fallback;
  // A namespace that the folder does not set itself is written out: whoever builds it may not set it either.
  const set = namespaceField(tree, kustomization);
  if (set !== null && set !== subject.namespace) return fallback;
  const namespace = set === subject.namespace ? null : subject.namespace;
  return { folder: beside, kustomization, namespace, owner: null, shared: false };
};
