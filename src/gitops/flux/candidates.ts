import type { SourceTree } from "../../facts/tree.ts";
import { at, flag, isRecord, record, scalar, text, type Json } from "../json.ts";
import { resourcesOf, groupOf, kindOf, nameOf, namespaceOf, type Resource } from "../walk/resource.ts";
import { readYaml } from "../yaml-file.ts";
import { resolveIn } from "../walk/kustomization.ts";

export const FLUX_GROUP = "kustomize.toolkit.fluxcd.io";
export const isYaml = (path: string): boolean => path.endsWith(".yaml") || path.endsWith(".yml");

/** The manifests of a tree that contain one of the words, parsed; files that are no YAML hold none. */
export const manifestsWith = (tree: SourceTree, words: readonly string[]): readonly Resource[] =>
  tree.paths().flatMap((path) => {
    if (!isYaml(path)) return [];
    const source = tree.read(path);
    if (source === null || !words.some((word) => source.includes(word))) return [];
    return readYaml(source).documents.flatMap((document) => resourcesOf(document, path));
  });

export const isFluxKustomization = (value: Json): boolean =>
  kindOf(value) === "Kustomization" && groupOf(value) === FLUX_GROUP;

export interface SourceRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What a Flux Kustomization's manifest says of itself. */
export interface KustomizationSpec {
  readonly namespace: string;
  readonly name: string;
  /** Folder below the root; null when the path leads out of the tree. */
  readonly path: string | null;
  readonly source: SourceRef;
  readonly suspended: boolean;
  readonly targetNamespace: string | null;
  readonly elsewhere: boolean;
}

export const readSpec = (value: Json, fallback: string): KustomizationSpec => {
  const namespace = namespaceOf(value) ?? fallback;
  const ref = at(value, "spec", "sourceRef");
  return {
    namespace,
    name: nameOf(value),
    path: resolveIn("", (scalar(at(value, "spec", "path")) ?? ".").replace(/^\/+/, "")),
    source: {
      kind: text(at(ref, "kind")) ?? "GitRepository",
      namespace: text(at(ref, "namespace")) ?? namespace,
      name: text(at(ref, "name")) ?? "",
    },
    suspended: flag(at(value, "spec", "suspend")),
    targetNamespace: scalar(at(value, "spec", "targetNamespace")),
    elsewhere: isRecord(at(value, "spec", "kubeConfig")),
  };
};

/**
 * The Kustomization that a FluxInstance makes of its `sync`, whether written as such or as values of its chart
 * (flux-operator: the instance's own name is the Kustomization's).
 */
export const syncOf = (value: Json): Json | null => {
  const isInstance = kindOf(value) === "FluxInstance" && groupOf(value) === "fluxcd.controlplane.io";
  const instance = isInstance ? at(value, "spec") : at(value, "instance");
  const sync = record(at(instance, "sync"));
  const path = scalar(sync["path"]);
  if (path === null) return null;
  const name = scalar(sync["name"]) ?? (isInstance ? namespaceOf(value) : null) ?? "flux-system";
  const namespace = (isInstance ? namespaceOf(value) : null) ?? "flux-system";
  return {
    apiVersion: `${FLUX_GROUP}/v1`,
    kind: "Kustomization",
    metadata: { name, namespace },
    spec: { path, prune: true, sourceRef: { kind: text(sync["kind"]) ?? "GitRepository", name, namespace } },
  };
};

const key = (ref: SourceRef): string => `${ref.kind}/${ref.name}`;

/**
 * Which sources are this very repository. A Kustomization says only the source's name; the one that most paths found here
 * point to is this repository, any other is foreign unless its folder (not the root) stands here and its URL is unknown.
 */
export const ownSources = (
  tree: SourceTree,
  specs: readonly KustomizationSpec[],
  hasFolder: (path: string) => boolean,
): ((spec: KustomizationSpec) => boolean) => {
  const votes = new Map<string, number>();
  for (const { path, source } of specs)
    if (path !== null && path !== "" && hasFolder(path)) votes.set(key(source), (votes.get(key(source)) ?? 0) + 1);
  const [winner] = [...votes.entries()].sort((a, b) => b[1] - a[1])[0] ?? [];
  const urls = new Map<string, string>();
  for (const { value } of manifestsWith(tree, ["source.toolkit.fluxcd.io"]))
    if (groupOf(value) === "source.toolkit.fluxcd.io")
      urls.set(`${kindOf(value)}/${nameOf(value)}`, scalar(at(value, "spec", "url")) ?? "");
  const repository = (url: string | undefined): string | undefined => url?.replace(/^[a-z+]+:\/\/|\.git$/g, "");
  return ({ path, source }) => {
    if (path === null) return false;
    if (key(source) === winner) return true;
    if (winner === undefined) return urls.get(key(source)) === undefined;
    const url = repository(urls.get(key(source)));
    return path !== "" && hasFolder(path) && (url === undefined || url === repository(urls.get(winner)));
  };
};
