import type { Origin } from "../../facts/policy.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { at, list, record, scalar, text, type Json } from "../json.ts";
import { readYaml } from "../yaml-file.ts";
import { meantBy, standingOf } from "./fields.ts";
import { combine, generate, type Reads } from "./generators.ts";
import { isRemote, readKustomization, resolveIn, type FolderProblem, type KustomizationFile } from "./kustomization.ts";
import { finishNames, readNameReferences, type NameReference } from "./name-references.ts";
import {
  annotationsOf,
  idOf,
  isIdentifiedBy,
  kindOf,
  nameOf,
  namespaceOf,
  resourcesOf,
  type Resource,
} from "./resource.ts";
import { ownTransforms } from "./transforms-of.ts";

/** What a folder builds to, and which files it was built from. */
export interface Build {
  readonly resources: readonly Resource[];
  readonly files: ReadonlySet<string>;
  readonly problems: readonly FolderProblem[];
}

/** What a Flux Kustomization adds to the kustomization of its folder before it builds. */
export interface Overrides {
  readonly namespace: string | null;
  readonly components: readonly string[];
  readonly ignoreMissingComponents: boolean;
  /** Fields of a kustomization, as Flux merges them into it: `patches`, `images`, `namePrefix`, `nameSuffix`. */
  readonly fields: Json;
  readonly find: (path: readonly (string | number)[]) => Origin;
}

class Accumulator {
  resources: readonly Resource[] = [];
  readonly files = new Set<string>();
  readonly problems: FolderProblem[] = [];
  references: readonly NameReference[] = [];

  say(what: string, origin: Origin, remedy: string): void {
    this.problems.push({ what, origin, remedy });
  }

  add(made: readonly Resource[], by: Origin): void {
    const known = new Set(this.resources.map((r) => idOf(r.value)));
    for (const { value } of made)
      if (known.has(idOf(value)))
        this.say(
          `${kindOf(value)} ${nameOf(value)} is there twice, so that kustomize does not build this`,
          by,
          "Leave one of them out",
        );
    this.resources = [...this.resources, ...made];
  }

  take(other: Accumulator): void {
    for (const file of other.files) this.files.add(file);
    this.problems.push(...other.problems);
    this.references = [...this.references, ...other.references];
  }
}

/**
 * Builds kustomization folders the way `kustomize build` does, without running it: every object keeps the file, line and
 * column it was written at. What the walk does not carry out (vars, charts, remote bases) becomes a problem.
 */
export class KustomizeWalk {
  readonly #tree: SourceTree;
  readonly #folders = new Map<string, Accumulator>();

  constructor(tree: SourceTree) {
    this.#tree = tree;
  }

  /** Null when the folder has no kustomization. */
  build(folder: string, overrides: Overrides | null = null): Build | null {
    const { file, problems } = readKustomization(this.#tree, folder);
    if (file === null && problems.length === 0) return null;
    const total = new Accumulator();
    if (file === null) {
      total.problems.push(...problems);
    } else if (overrides === null) {
      const own = this.#folder(folder, []);
      total.take(own);
      total.resources = own.resources;
    } else {
      this.#accumulate(withOverrides(file, overrides), total, [], overrides);
      total.problems.push(...problems);
    }
    return finish(total);
  }

  /** A folder without a kustomization, as Flux generates one: every manifest below, folders with one built as such. */
  generated(folder: string, files: readonly string[], overrides: Overrides): Build {
    const value: Json = {
      kind: "Kustomization",
      resources: files.map((file) => (folder === "" ? file : file.slice(folder.length + 1))),
      ...overrides.fields,
      ...(overrides.namespace === null ? {} : { namespace: overrides.namespace }),
    };
    const find = (): Origin => overrides.find(["spec", "path"]);
    const total = new Accumulator();
    this.#accumulate({ folder, file: find().file, kind: "Kustomization", value, find }, total, [], overrides);
    return finish(total);
  }

  /** The accumulated, unfinished content of a folder; shared by everybody who lists it. */
  #folder(folder: string, above: readonly string[]): Accumulator {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const total = new Accumulator();
    const { file, problems } = readKustomization(this.#tree, folder);
    total.problems.push(...problems);
    if (file !== null) this.#accumulate(file, total, above, null);
    this.#folders.set(folder, total);
    return total;
  }

  #accumulate(
    kustomization: KustomizationFile,
    total: Accumulator,
    above: readonly string[],
    overrides: Overrides | null,
  ): void {
    const { folder, file, value, find } = kustomization;
    total.files.add(file);
    sayFields(kustomization, total);
    const inside = [...above, folder];
    for (const field of ["resources", "bases"] as const)
      list(value[field]).forEach((entry, index) =>
        this.#resource(kustomization, scalar(entry), find([field, index]), total, inside),
      );
    list(value["components"]).forEach((entry, index) => {
      this.#component(folder, scalar(entry), find(["components", index]), total, inside, false);
    });
    for (const [index, entry] of (overrides?.components ?? []).entries())
      this.#component(
        folder,
        entry,
        overrides?.find(["spec", "components", index]) ?? find([]),
        total,
        inside,
        overrides?.ignoreMissingComponents ?? false,
      );
    const reads = this.#reads(folder, total);
    for (const [index, entry] of list(value["configurations"]).entries()) {
      const configuration = reads.read(scalar(entry) ?? "", find(["configurations", index]));
      for (const document of configuration === null ? [] : readYaml(configuration.text).documents)
        total.references = [...total.references, ...readNameReferences(document.value)];
    }
    this.#generate(kustomization, total, reads);
    const transforms = ownTransforms(kustomization, reads);
    for (const transform of transforms) total.resources = transform(total.resources);
  }

  #resource(
    from: KustomizationFile,
    entry: string | null,
    origin: Origin,
    total: Accumulator,
    above: readonly string[],
  ): void {
    if (entry === null) return total.say("an entry that is no path", origin, "Name a file or a folder");
    const path = resolveIn(from.folder, entry);
    if (path !== null && this.#tree.mode(path) !== null) {
      total.add(this.#file(path, origin, total), origin);
      return;
    }
    if (isRemote(entry))
      return total.say(
        `${entry} lies outside the repository and is not fetched, so what it applies is not known`,
        origin,
        "Copy the manifests into the repository, or take the entry out",
      );
    if (path === null)
      return total.say(`${entry} leads out of the repository`, origin, "List only what lies inside the repository");
    const { file, problems } = readKustomization(this.#tree, path);
    if (file === null && problems.length === 0)
      return total.say(
        `${entry} does not exist, so that kustomize does not build this`,
        origin,
        "Correct the path or take the entry out",
      );
    if (above.includes(path))
      return total.say(`${entry} leads back here: a cycle of kustomizations`, origin, "Take one of the entries out");
    if (file?.kind === "Component")
      return total.say(`${entry} is a component, not a resource`, origin, "List it under components");
    const own = this.#folder(path, above);
    total.take(own);
    total.add(own.resources, origin);
  }

  #file(path: string, by: Origin, total: Accumulator): readonly Resource[] {
    total.files.add(path);
    const source = this.#tree.read(path);
    if (source === null) {
      total.say(`${path} cannot be read`, by, "It must be a text file of at most 4 MiB inside the repository");
      return [];
    }
    const { documents, problems } = readYaml(source);
    for (const { what, line, column } of problems) total.say(what, { file: path, line, column }, "Repair the YAML");
    return documents
      .flatMap((document) => resourcesOf(document, path))
      .filter((resource) => {
        const own = Object.keys(record(at(resource.value, "metadata", "annotations"))).find((key) =>
          key.startsWith("internal.config.kubernetes.io/"),
        );
        if (own !== undefined)
          total.say(
            `the annotation ${own.slice(0, 80)} is kustomize's own: it acts on it`,
            resource.origin,
            "Remove it",
          );
        const whole = kindOf(resource.value) !== "" && nameOf(resource.value) !== "";
        if (!whole && Object.keys(resource.value).length > 0)
          total.say(
            "this is no Kubernetes object: kind and metadata.name are needed",
            resource.origin,
            "Complete it, or take the file out of the kustomization",
          );
        return whole;
      });
  }

  #component(
    folder: string,
    entry: string | null,
    origin: Origin,
    total: Accumulator,
    above: readonly string[],
    mayMiss: boolean,
  ): void {
    if (entry === null) return total.say("an entry that is no path", origin, "Name a folder");
    const path = resolveIn(folder, entry);
    const remote = isRemote(entry);
    const { file, problems } =
      path === null || remote ? { file: null, problems: [] } : readKustomization(this.#tree, path);
    total.problems.push(...problems);
    if (file === null) {
      if (problems.length === 0 && !mayMiss)
        total.say(
          remote ? `${entry} lies outside the repository and is not fetched` : `the component ${entry} does not exist`,
          origin,
          "Correct the path or take the entry out",
        );
      return;
    }
    if (file.kind !== "Component")
      return total.say(`${entry} is no component: its kind is not Component`, origin, "List it under resources");
    if (above.includes(file.folder))
      return total.say(`${entry} leads back here: a cycle of components`, origin, "Take one of the entries out");
    this.#accumulate(file, total, above, null);
  }

  #generate({ value, find }: KustomizationFile, total: Accumulator, reads: Reads): void {
    for (const [field, kind] of [
      ["configMapGenerator", "ConfigMap"],
      ["secretGenerator", "Secret"],
    ] as const)
      for (const [index, spec] of list(value[field]).entries()) {
        const origin = find([field, index]);
        const made = generate(kind, spec, value["generatorOptions"], origin, reads);
        if (made === null) continue;
        const behavior = text(at(spec, "behavior"));
        // A base's object is known by every name it has had, for whoever lists the base did not see it renamed.
        const isKnownAs = (r: Resource, namespace: string | null): boolean =>
          kindOf(r.value) === kind && isIdentifiedBy(r, nameOf(made.value), namespace);
        if (behavior !== "merge" && behavior !== "replace") {
          if (total.resources.some((r) => isKnownAs(r, namespaceOf(made.value) ?? "default")))
            total.say(
              `there is a ${kind} ${nameOf(made.value)} already, so that kustomize does not build this`,
              origin,
              "Say behavior: merge or replace, or give it another name",
            );
          total.add([made], origin);
          continue;
        }
        const isSame = (r: Resource): boolean => isKnownAs(r, namespaceOf(made.value));
        if (!total.resources.some(isSame))
          total.say(
            `there is no ${kind} ${nameOf(made.value)} to ${behavior}`,
            origin,
            "Generate it without a behavior",
          );
        total.resources = total.resources.map((r) => (isSame(r) ? combine(r, made, behavior) : r));
      }
  }

  #reads(folder: string, total: Accumulator): Reads {
    return {
      say: (what, origin, remedy) => total.say(what, origin, remedy),
      read: (entry, origin) => {
        const path = resolveIn(folder, entry);
        const source = path === null ? null : this.#tree.read(path);
        if (path === null || source === null) {
          total.say(
            `${entry} does not exist or cannot be read, so that kustomize does not build this`,
            origin,
            "Correct the path",
          );
          return null;
        }
        total.files.add(path);
        return { path, text: source };
      },
    };
  }
}

const withOverrides = (file: KustomizationFile, overrides: Overrides): KustomizationFile => {
  const patches = list(file.value["patches"]);
  const added = list(overrides.fields["patches"]);
  const images = [...list(file.value["images"]), ...list(overrides.fields["images"])];
  const value: Json = {
    ...file.value,
    ...overrides.fields,
    ...(overrides.namespace === null ? {} : { namespace: overrides.namespace }),
    ...(patches.length + added.length === 0 ? {} : { patches: [...patches, ...added] }),
    ...(images.length === 0 ? {} : { images }),
  };
  const find = (path: readonly (string | number)[]): Origin => {
    const [field, index, ...rest] = path;
    if (field === "patches" && typeof index === "number" && index >= patches.length)
      return overrides.find(["spec", "patches", index - patches.length, ...rest]);
    return file.find(path);
  };
  return { ...file, value, find };
};

const sayFields = ({ value, find, kind }: KustomizationFile, total: Accumulator): void => {
  for (const field of Object.keys(value)) {
    const standing = standingOf(field);
    if (standing === "not-carried-out")
      total.say(
        `${field} is not carried out by this reading, so what it changes is not known`,
        find([field]),
        "`kustomize build` shows it; gate lint runs it",
      );
    if (standing === "foreign" && meantBy(field) === null)
      total.say(
        `${kind} has no field ${field}, so that kustomize does not build this`,
        find([field]),
        "Correct the field's name",
      );
  }
  for (const field of ["resources", "components"])
    if (value[field] !== undefined && value[field] !== null && !Array.isArray(value[field]))
      total.say(`${field} is not a list`, find([field]), "Write it as a list of paths");
};

const finish = (total: Accumulator): Build => ({
  resources: finishNames(total.resources, total.references).filter(
    ({ value }) => (annotationsOf(value)["config.kubernetes.io/local-config"] ?? "false") === "false",
  ),
  files: total.files,
  problems: total.problems,
});
