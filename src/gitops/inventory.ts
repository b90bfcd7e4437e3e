import { posix } from "node:path";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { AppliedPolicy, Inventory, InventoryProblem } from "../facts/inventory.ts";
import type { SourceTree } from "../facts/tree.ts";
import { readContents } from "./contents.ts";
import { readDeclared } from "./declared/declared.ts";
import { isFluxKustomization, isYaml, manifestsWith } from "./flux/candidates.ts";
import { Reconciler, rendered, type Rendered } from "./flux/reconcile.ts";
import { followLinks } from "./links.ts";
import { namespaceFacts } from "./namespaces.ts";
import { appliedPolicies, orphanPolicies } from "./policies.ts";
import { KUSTOMIZATION_FILES, readKustomization } from "./walk/kustomization.ts";
import { kindOf, nameOf } from "./walk/resource.ts";
import { KustomizeWalk } from "./walk/walk.ts";
import { readYaml } from "./yaml-file.ts";

/** Everything that is applied, however the repository applies it. */
interface Applied {
  readonly kustomizations: Inventory["kustomizations"];
  readonly objects: readonly Rendered[];
  readonly files: ReadonlySet<string>;
  readonly problems: readonly InventoryProblem[];
}

/** Manifests that nothing lists, and that cannot be read in full. */
const unreadable = (tree: SourceTree): readonly InventoryProblem[] =>
  tree
    .paths()
    .filter(isYaml)
    .flatMap((file) => {
      const source = tree.read(file);
      if (source === null)
        return [
          {
            what: "the file is not read: it is over 4 MiB, or a link that leads out of the folder or nowhere",
            origin: { file, line: 1, column: 1 },
            remedy: "Keep manifests as plain files of their own",
          },
        ];
      // A chart's template is no manifest yet.
      if (source.includes("{{")) return [];
      return readYaml(source).problems.map(({ what, line, column }) => ({
        what,
        origin: { file, line, column },
        remedy: "Nothing applies this as it stands; repair the YAML",
      }));
    });

/** A repository without Flux: its outermost kustomizations, or its plain manifests where there are none. */
const withoutFlux = (tree: SourceTree, walk: KustomizeWalk): Applied => {
  const folders = tree
    .paths()
    .filter((path) => KUSTOMIZATION_FILES.some((name) => posix.basename(path) === name))
    .map((path) => (posix.dirname(path) === "." ? "" : posix.dirname(path)));
  const builds = folders.flatMap((folder) => {
    if (readKustomization(tree, folder).file?.kind === "Component") return [];
    const build = walk.build(folder);
    return build === null ? [] : [{ folder, build }];
  });
  const inner = new Set<string>();
  for (const { folder, build } of builds)
    for (const file of build.files)
      if (posix.dirname(file) !== (folder === "" ? "." : folder)) inner.add(posix.dirname(file));
  const roots = builds.filter(({ folder }) => !inner.has(folder === "" ? "." : folder));
  if (roots.length > 0)
    return {
      kustomizations: [],
      objects: roots.flatMap(({ build }) => build.resources.map((r) => rendered(r, null, "default"))),
      files: new Set(roots.flatMap(({ build }) => [...build.files])),
      problems: roots.flatMap(({ build }) => build.problems),
    };
  const manifests = manifestsWith(tree, ["apiVersion"]).filter((r) => kindOf(r.value) !== "" && nameOf(r.value) !== "");
  return {
    kustomizations: [],
    objects: manifests.map((r) => rendered(r, null, "default")),
    files: new Set(tree.paths().filter(isYaml)),
    problems: unreadable(tree),
  };
};

const apply = (tree: SourceTree): Applied => {
  const walk = new KustomizeWalk(tree);
  const flux = new Reconciler(tree, walk).run();
  if (flux.kustomizations.length === 0) return withoutFlux(tree, walk);
  return { ...flux, objects: flux.kustomizations.flatMap((k) => k.objects) };
};

const unique = (problems: readonly InventoryProblem[]): readonly InventoryProblem[] => {
  const seen = new Map(problems.map((p) => [`${p.origin?.file}:${p.origin?.line}:${p.origin?.column}:${p.what}`, p]));
  return [...seen.values()];
};

/**
 * What a repository says exists, read by our own walk: no process is started and nothing is fetched. What it cannot tell
 * stands in `problems`; nothing is guessed in silence.
 */
export const readInventory = (source: SourceTree, facts: ClusterFacts): Inventory => {
  const tree = followLinks(source);
  const { kustomizations, objects, files, problems } = apply(tree);
  const policies: readonly AppliedPolicy[] = appliedPolicies(objects);
  const suspended = new Set(kustomizations.filter((k) => k.suspendedHere === true).map((k) => k.id));
  const contents = readContents(objects, (owner) => owner !== null && suspended.has(owner));
  return {
    commit: tree.commit,
    namespaces: namespaceFacts(tree, objects, kustomizations, files),
    kustomizations,
    objects: objects.filter((o) => !isFluxKustomization(o.object)),
    policies,
    workloads: contents.workloads,
    services: contents.services,
    gateways: contents.gateways,
    routes: contents.routes,
    declared: readDeclared(contents, objects, facts),
    orphans: orphanPolicies(tree, files),
    problems: unique(problems),
  };
};
