import type { FluxKustomization, InventoryProblem, RenderedObject } from "../../facts/inventory.ts";
import type { Origin } from "../../facts/policy.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { at, flag, list, record, scalar, stringMap, strings, text, type Json, type Path } from "../json.ts";
import { KUSTOMIZATION_FILES, below } from "../walk/kustomization.ts";
import {
  apiVersionOf,
  isClusterScoped,
  kindOf,
  locate,
  locateInText,
  nameOf,
  namespaceOf,
  type Resource,
} from "../walk/resource.ts";
import { addMetadata } from "../walk/transform.ts";
import type { Build, KustomizeWalk, Overrides } from "../walk/walk.ts";
import {
  FLUX_GROUP,
  isFluxKustomization,
  isYaml,
  manifestsWith,
  ownSources,
  readSpec,
  syncOf,
  type KustomizationSpec,
} from "./candidates.ts";
import { substitute, type Variables } from "./substitute.ts";

/** A rendered object together with the walk's knowledge of where its text stands. */
export interface Rendered extends RenderedObject {
  readonly resource: Resource;
  /** A place inside the text of a string value; line and column counted from 0. */
  readonly locateText: (path: Path, line: number, column: number) => Origin;
}

/** What the Flux Kustomizations of a tree apply. */
export interface Reconciled {
  readonly kustomizations: readonly (FluxKustomization & { readonly objects: readonly Rendered[] })[];
  readonly files: ReadonlySet<string>;
  readonly problems: readonly InventoryProblem[];
}

interface Candidate {
  readonly resource: Resource;
  readonly spec: KustomizationSpec;
  /** Made by a FluxInstance: it stands at the beginning, even where its own values lie in what it applies. */
  readonly sync: boolean;
}

const isUnder = (file: string, folder: string): boolean => folder === "" || file.startsWith(`${folder}/`);

export const rendered = (resource: Resource, owner: string | null, fallback: string | null): Rendered => {
  const { value } = resource;
  return {
    apiVersion: apiVersionOf(value),
    kind: kindOf(value),
    namespace: isClusterScoped(value) ? null : (namespaceOf(value) ?? fallback),
    name: nameOf(value),
    object: value,
    origin: resource.origin,
    locate: (path) => locate(resource, path),
    owner,
    resource,
    locateText: (path, line, column) => locateInText(resource, path, line, column),
  };
};

/** Builds every Flux Kustomization that this repository feeds, from the roots down. */
export class Reconciler {
  readonly #tree: SourceTree;
  readonly #walk: KustomizeWalk;
  readonly #folders: ReadonlySet<string>;
  readonly #problems: InventoryProblem[] = [];
  readonly #files = new Set<string>();
  readonly #done = new Map<string, Reconciled["kustomizations"][number]>();
  readonly #configMaps = new Map<string, ReadonlyMap<string, string> | null>();
  #isOwn: (spec: KustomizationSpec) => boolean = () => true;

  constructor(tree: SourceTree, walk: KustomizeWalk) {
    this.#tree = tree;
    this.#walk = walk;
    this.#folders = new Set(tree.paths().flatMap(foldersOf));
  }

  run(): Reconciled {
    const candidates = this.#candidates();
    this.#isOwn = ownSources(
      this.#tree,
      candidates.map((c) => c.spec),
      (path) => this.#folders.has(path),
    );
    for (const { resource, spec } of this.#roots(candidates)) this.#reconcile(resource, spec.namespace, null, false);
    return { kustomizations: [...this.#done.values()], files: this.#files, problems: this.#problems };
  }

  #candidates(): readonly Candidate[] {
    const manifests = manifestsWith(this.#tree, [FLUX_GROUP, "fluxcd.controlplane.io", "sync:"]);
    return manifests.flatMap((resource) => {
      const sync = syncOf(resource.value);
      if (sync === null && !isFluxKustomization(resource.value)) return [];
      const made = sync === null ? resource : { ...resource, value: sync };
      return [{ resource: made, spec: readSpec(made.value, "flux-system"), sync: sync !== null }];
    });
  }

  /** Those that no other Kustomization applies, and that do not lie, left out, below a folder which another one builds. */
  #roots(candidates: readonly Candidate[]): readonly Candidate[] {
    const reach = candidates.map(({ resource, spec }) => ({
      folder: this.#isOwn(spec) ? spec.path : null,
      file: resource.file,
      files: this.#isOwn(spec) && spec.path !== null ? this.#reach(spec.path) : new Set<string>(),
    }));
    const others = (index: number) => reach.filter((other, i) => i !== index && other.file !== reach[index]?.file);
    const isApplied = (index: number): boolean =>
      others(index).some(({ files }) => files.has(reach[index]?.file ?? ""));
    const isLeftOut = (index: number): boolean =>
      others(index).some(({ folder }) => folder !== null && isUnder(reach[index]?.file ?? "", folder));
    const all = [...candidates.keys()];
    const isStart = (index: number): boolean => candidates[index]?.sync === true;
    const free = all.filter((index) => isStart(index) || !isApplied(index));
    const roots = free.filter((index) => isStart(index) || !isLeftOut(index));
    // Kustomizations that only apply each other: somebody applied one of them by hand, and any of them leads to the rest.
    const start = roots.length > 0 ? roots : free.length > 0 ? free : all.slice(0, 1);
    return start.flatMap((index) => candidates[index] ?? []);
  }

  #reach(folder: string): ReadonlySet<string> {
    const built = this.#walk.build(folder);
    return built?.files ?? new Set(this.#generatedFiles(folder).files);
  }

  #reconcile(resource: Resource, namespace: string, parent: string | null, above: boolean): void {
    const spec = readSpec(resource.value, namespace);
    const id = `${spec.namespace}/${spec.name}`;
    const known = this.#done.get(id);
    if (known !== undefined) {
      if (known.origin.file !== resource.origin.file || known.origin.line !== resource.origin.line)
        this.#say(
          `the Flux Kustomization ${id} is written twice; ${known.origin.file}:${known.origin.line} counts`,
          resource.origin,
          "Rename one of them, or read one cluster's folder at a time",
        );
      return;
    }
    const suspended = spec.suspended || above;
    const variables = this.#variables(resource.value, spec);
    const objects = this.#isOwn(spec) && !spec.elsewhere ? this.#objects(resource, spec, id, variables) : [];
    this.#done.set(id, {
      id,
      namespace: spec.namespace,
      name: spec.name,
      path: spec.path ?? "",
      targetNamespace: spec.targetNamespace,
      suspended,
      suspendedHere: spec.suspended,
      dependsOn: list(at(resource.value, "spec", "dependsOn")).map(
        (item) => `${scalar(at(item, "namespace")) ?? spec.namespace}/${scalar(at(item, "name")) ?? ""}`,
      ),
      parent,
      source: spec.source,
      origin: resource.origin,
      objects,
    });
    for (const child of objects)
      if (isFluxKustomization(child.object))
        this.#reconcile(child.resource, child.namespace ?? spec.namespace, id, suspended);
  }

  #objects(resource: Resource, spec: KustomizationSpec, id: string, variables: Variables | null): readonly Rendered[] {
    const build = this.#build(resource, spec);
    if (build === null) return [];
    for (const file of build.files) this.#files.add(file);
    this.#problems.push(...build.problems);
    const metadata = at(resource.value, "spec", "commonMetadata");
    const labelled = metadata === undefined ? build.resources : addMetadata(metadata)(build.resources);
    return labelled.map((made) => {
      const value =
        variables === null || isLeftAlone(made.value) ? made.value : record(substitute(made.value, variables));
      return rendered(value === made.value ? made : { ...made, value }, id, spec.namespace);
    });
  }

  #build(resource: Resource, spec: KustomizationSpec): Build | null {
    const { path } = spec;
    const origin = locate(resource, ["spec", "path"]);
    if (path === null || (path !== "" && !this.#folders.has(path))) {
      this.#say(
        `the path of Flux Kustomization ${spec.namespace}/${spec.name} does not exist`,
        origin,
        "Correct spec.path",
      );
      return null;
    }
    const overrides = overridesOf(resource, spec);
    const built = this.#walk.build(path, overrides);
    if (built !== null) return built;
    const { entries } = this.#generatedFiles(path);
    return this.#walk.generated(path, entries, overrides);
  }

  /** What Flux lists when a folder has no kustomization: its manifests, and folders below that have one. */
  #generatedFiles(folder: string): { readonly entries: readonly string[]; readonly files: readonly string[] } {
    const isBuilt = (path: string): boolean =>
      KUSTOMIZATION_FILES.some((name) => this.#tree.mode(below(path, name)) !== null);
    const built = [...this.#folders].filter((path) => path !== folder && isUnder(path, folder) && isBuilt(path));
    const outer = built.filter((path) => !built.some((other) => other !== path && isUnder(path, other)));
    const files = this.#tree
      .paths()
      .filter((path) => isYaml(path) && isUnder(path, folder) && !outer.some((b) => isUnder(path, b)));
    const within = outer.flatMap((path) => [...(this.#walk.build(path)?.files ?? [])]);
    return { entries: [...files, ...outer], files: [...files, ...within] };
  }

  #variables(value: Json, spec: KustomizationSpec): Variables | null {
    const postBuild = at(value, "spec", "postBuild");
    if (postBuild === undefined || postBuild === null) return null;
    const values = new Map<string, string>();
    let complete = true;
    for (const source of list(at(postBuild, "substituteFrom"))) {
      const name = scalar(at(source, "name")) ?? "";
      const data = text(at(source, "kind")) === "ConfigMap" ? this.#configMap(name, spec.namespace) : null;
      if (data === null) complete = false;
      else for (const [key, item] of data) values.set(key, item);
    }
    for (const [key, item] of Object.entries(stringMap(at(postBuild, "substitute")))) values.set(key, item);
    return values.size === 0 && complete ? null : { values, complete };
  }

  /** A ConfigMap's data by its name, where exactly one manifest of the repository is it. */
  #configMap(name: string, namespace: string): ReadonlyMap<string, string> | null {
    const known = this.#configMaps.get(name);
    if (known !== undefined) return known;
    const found = manifestsWith(this.#tree, [name]).filter(
      ({ value }) =>
        kindOf(value) === "ConfigMap" && nameOf(value) === name && (namespaceOf(value) ?? namespace) === namespace,
    );
    const [only] = found;
    const data = only === undefined || found.length > 1 ? null : new Map(Object.entries(stringMap(only.value["data"])));
    this.#configMaps.set(name, data);
    return data;
  }

  #say(what: string, origin: Origin, remedy: string): void {
    this.#problems.push({ what, origin, remedy });
  }
}

const foldersOf = (path: string): readonly string[] => {
  const folders: string[] = [];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) folders.push(path.slice(0, end));
  return folders;
};

const isLeftAlone = (value: Json): boolean => {
  const metadata = record(value["metadata"]);
  const key = `${FLUX_GROUP}/substitute`;
  return record(metadata["labels"])[key] === "disabled" || record(metadata["annotations"])[key] === "disabled";
};

const overridesOf = (resource: Resource, spec: KustomizationSpec): Overrides => {
  const from = record(at(resource.value, "spec"));
  const fields: Record<string, unknown> = {};
  for (const field of ["patches", "images", "namePrefix", "nameSuffix"])
    if (from[field] !== undefined) fields[field] = from[field];
  return {
    namespace: spec.targetNamespace,
    components: strings(from["components"]),
    ignoreMissingComponents: flag(from["ignoreMissingComponents"]),
    fields,
    find: (path: Path) => locate(resource, path),
  };
};
