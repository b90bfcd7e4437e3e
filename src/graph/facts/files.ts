import { posix } from "node:path";
import type { Inventory, RenderedObject } from "../../facts/inventory.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { canonical, record } from "../../facts/json.ts";

const KUSTOMIZATION_FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"] as const;

/** What decides about the agent, or runs by itself on a push, is nothing a rollout may write. */
const isGovernance = (path: string): boolean =>
  path.split("/").some((part) => part.startsWith(".") || part === "") ||
  /(^|\/)(network-operator[^/]*|passkeys)\.ya?ml$/.test(path) ||
  /(^|\/)CODEOWNERS$/.test(path);

/** Manifests, Kustomizations and Markdown beside them. */
export const isWiring = (path: string): boolean =>
  !isGovernance(path) && /\.(ya?ml|md)$|(^|\/)Kustomization$/.test(path);

/** The folder of the kustomize Component that a file belongs to, or null. */
export const componentOf = (tree: SourceTree, path: string): string | null => {
  const parts = path.split("/").slice(0, -1);
  while (parts.length > 0) {
    const folder = parts.join("/");
    for (const name of KUSTOMIZATION_FILES) {
      const text = tree.read(`${folder}/${name}`);
      if (text !== null) return /^kind:\s*["']?Component\b/m.test(text) ? folder : null;
    }
    parts.pop();
  }
  return null;
};

/**
 * Whether anything that Flux applies could read this file: below a Kustomization's folder, or in the folder of a component
 * or a base. A task file or a playbook is YAML too, and runs where no gate looks.
 */
export const isApplied = (path: string, tree: SourceTree, inventories: readonly Inventory[]): boolean => {
  if (componentOf(tree, path) !== null) return true;
  const folder = posix.dirname(path);
  return inventories.some(
    ({ kustomizations, objects }) =>
      kustomizations.some((k) => {
        const root = posix.normalize(k.path).replace(/^\/+|\/+$/g, "");
        return root === "" || root === "." || path.startsWith(`${root}/`);
      }) || objects.some((o) => posix.dirname(o.origin.file) === folder),
  );
};

/** The component that all the files belong to and that stands already; null where there is none, or more than one. */
export const soleComponent = (tree: SourceTree, files: readonly { readonly path: string }[]): string | null => {
  const [first, ...others] = new Set(files.map(({ path }) => componentOf(tree, path)));
  return first === undefined || others.length > 0 ? null : first;
};

/** Paths at which two values differ, as dotted keys. */
export const differingKeys = (before: unknown, after: unknown, at = ""): readonly string[] => {
  if (canonical(before) === canonical(after)) return [];
  const isMap = (v: unknown): boolean => typeof v === "object" && v !== null && !Array.isArray(v);
  if (!isMap(before) && !isMap(after)) return [at];
  const [a, b] = [record(before), record(after)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differingKeys(a[key], b[key], at === "" ? key : `${at}.${key}`),
  );
};

/** A chart-shipped NetworkPolicy is converted through its chart's value (lesson 23); nothing else of a release moves. */
export const changesOnlyNetworkPolicyValues = (before: RenderedObject, after: RenderedObject): boolean =>
  differingKeys(before.object, after.object).every((key) => /^spec\.values\..*network_?polic/i.test(key));
