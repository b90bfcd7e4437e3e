import { posix } from "node:path";
import type { FluxKustomization, NamespaceFact } from "../facts/inventory.ts";
import type { SourceTree } from "../facts/tree.ts";
import { manifestsWith } from "./flux/candidates.ts";
import type { Rendered } from "./flux/reconcile.ts";
import { scalar, stringMap } from "./json.ts";
import { KUSTOMIZATION_FILES, readKustomization } from "./walk/kustomization.ts";
import { kindOf, nameOf, type Resource } from "./walk/resource.ts";

const folderOf = (file: string): string => (posix.dirname(file) === "." ? "" : posix.dirname(file));

/** Folders whose kustomization puts its content into one namespace, outermost first. */
const namespaceFolders = (tree: SourceTree): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const path of tree.paths()) {
    if (!KUSTOMIZATION_FILES.some((name) => posix.basename(path) === name)) continue;
    if (!(tree.read(path)?.includes("namespace:") ?? false)) continue;
    const folder = folderOf(path);
    const namespace = scalar(readKustomization(tree, folder).file?.value["namespace"]);
    if (namespace === null) continue;
    const known = found.get(namespace);
    if (known === undefined) found.set(namespace, [folder]);
    else known.push(folder);
  }
  for (const folders of found.values())
    folders.sort((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
  return found;
};

/** Every namespace that the repository names: by its object, by what lands in it, or by a folder that nothing reaches. */
export const namespaceFacts = (
  tree: SourceTree,
  objects: readonly Rendered[],
  kustomizations: readonly FluxKustomization[],
  files: ReadonlySet<string>,
): readonly NamespaceFact[] => {
  const folders = namespaceFolders(tree);
  const reached = (folder: string): boolean =>
    KUSTOMIZATION_FILES.some((name) => files.has(folder === "" ? name : `${folder}/${name}`));
  const byId = new Map(kustomizations.map((k) => [k.id, k]));
  const facts = new Map<string, NamespaceFact>();
  const folderFor = (name: string, alive: boolean): string | null =>
    folders.get(name)?.find((folder) => reached(folder) === alive) ?? null;

  for (const object of objects) {
    if (object.kind !== "Namespace" || object.apiVersion !== "v1" || facts.has(object.name)) continue;
    facts.set(object.name, {
      name: object.name,
      folder: folderFor(object.name, true) ?? folderOf(object.origin.file),
      labels: stringMap(object.resource.value["metadata"] === undefined ? {} : labelsOf(object.resource)),
      suspended: object.owner !== null && (byId.get(object.owner)?.suspended ?? false),
      dormant: false,
      origin: object.origin,
    });
  }
  const used = new Set([
    ...objects.flatMap((o) => (o.namespace === null ? [] : [o.namespace])),
    ...kustomizations.flatMap((k) => [k.namespace, ...(k.targetNamespace === null ? [] : [k.targetNamespace])]),
  ]);
  for (const name of used) {
    if (facts.has(name) || name.includes("${")) continue;
    const carriers = kustomizations.filter((k) => k.targetNamespace === name);
    facts.set(name, {
      name,
      folder: folderFor(name, true),
      labels: {},
      suspended: carriers.length > 0 && carriers.every((k) => k.suspended),
      dormant: false,
      origin: null,
    });
  }
  for (const fact of dormant(tree, folders, reached, files)) if (!facts.has(fact.name)) facts.set(fact.name, fact);
  return [...facts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
};

const labelsOf = (resource: Resource): unknown =>
  (resource.value["metadata"] as { labels?: unknown } | undefined)?.labels;

/** Namespaces that stand in the repository and that nothing applied leads to: commented out, or forgotten. */
const dormant = (
  tree: SourceTree,
  folders: ReadonlyMap<string, readonly string[]>,
  reached: (folder: string) => boolean,
  files: ReadonlySet<string>,
): readonly NamespaceFact[] => {
  const written = manifestsWith(tree, ["kind: Namespace"]).filter(
    (r) => kindOf(r.value) === "Namespace" && !files.has(r.file) && /^[a-z0-9][a-z0-9-]*$/.test(nameOf(r.value)),
  );
  const byObject = written.map((r) => ({
    name: nameOf(r.value),
    folder: folderOf(r.file),
    labels: stringMap(labelsOf(r)),
    suspended: false,
    dormant: true,
    origin: r.origin,
  }));
  const byFolder = [...folders].flatMap(([name, [folder]]) =>
    folder === undefined || reached(folder) || !/^[a-z0-9][a-z0-9-]*$/.test(name)
      ? []
      : [
          {
            name,
            folder,
            labels: {},
            suspended: false,
            dormant: true,
            origin: { file: `${folder}/kustomization.yaml`, line: 1, column: 1 },
          },
        ],
  );
  return [...byObject, ...byFolder];
};
