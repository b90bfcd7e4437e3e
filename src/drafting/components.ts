import { posix } from "node:path";
import { parseAllDocuments } from "yaml";
import { OperatorError } from "../facts/errors.ts";
import type { Inventory } from "../facts/inventory.ts";
import { isRecord, type Json } from "../facts/json.ts";
import type { SourceTree } from "../facts/tree.ts";
import { byText } from "./need.ts";

/** A kustomize component of the repository, with the policies it carries. */
export interface Component {
  readonly folder: string;
  readonly policies: readonly { readonly file: string; readonly object: Json }[];
  /** It carries something that is no policy, too. */
  readonly mixed: boolean;
}

export const documentsIn = (text: string): readonly unknown[] => {
  try {
    return parseAllDocuments(text).map((d): unknown => (d.errors.length > 0 ? null : d.toJS({ maxAliasCount: 100 })));
  } catch {
    return [];
  }
};

const strings = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : [];

const KUSTOMIZATION = /(^|\/)(kustomization\.ya?ml|Kustomization)$/;

/** Every component of the repository, by folder. */
export const componentsOf = (tree: SourceTree): readonly Component[] =>
  tree
    .paths()
    .filter((path) => KUSTOMIZATION.test(path))
    .flatMap((path): readonly Component[] => {
      const head = documentsIn(tree.read(path) ?? "")[0];
      if (!isRecord(head) || head["kind"] !== "Component") return [];
      const folder = posix.dirname(path);
      const policies: { file: string; object: Json }[] = [];
      let mixed = false;
      for (const resource of strings(head["resources"])) {
        const file = posix.join(folder, resource);
        for (const object of documentsIn(tree.read(file) ?? "")) {
          if (isRecord(object) && object["kind"] === "CiliumNetworkPolicy") policies.push({ file, object });
          else mixed = true;
        }
      }
      return [{ folder, policies, mixed }];
    })
    .sort((a, b) => byText(a.folder, b.folder));

const specOf = (object: Json): Json => (isRecord(object["spec"]) ? object["spec"] : {});

const selectsAll = (object: Json): boolean => {
  const selector = specOf(object)["endpointSelector"];
  if (!isRecord(selector)) return false;
  const { matchLabels, matchExpressions } = selector;
  const labels = isRecord(matchLabels) ? Object.keys(matchLabels).length : 0;
  return labels === 0 && (!Array.isArray(matchExpressions) || matchExpressions.length === 0);
};

const isAdditive = (object: Json): boolean => {
  const flag = specOf(object)["enableDefaultDeny"];
  const spec = specOf(object);
  const off = (direction: string): boolean => {
    const used = [spec[direction], spec[`${direction}Deny`]].some((list) => Array.isArray(list) && list.length > 0);
    return !used || (isRecord(flag) && flag[direction] === false);
  };
  return off("ingress") && off("egress");
};

const asksDns = (object: Json): boolean => JSON.stringify(specOf(object)["egress"] ?? null).includes('"port":"53"');

/** Default-deny for every pod and nothing else: what allows nothing and denies nothing (C A.7). */
export const isDefaultDeny = (object: Json): boolean => {
  const spec = specOf(object);
  if (!selectsAll(object) || isRecord(spec["enableDefaultDeny"])) return false;
  const bare = (list: unknown): boolean =>
    Array.isArray(list) && list.length > 0 && list.every((rule) => isRecord(rule) && Object.keys(rule).length === 0);
  const locks = (direction: string): boolean => bare(spec[direction]) || bare(spec[`${direction}Deny`]);
  const lists = ["ingress", "egress", "ingressDeny", "egressDeny"]
    .map((key) => spec[key])
    .filter((l) => l !== undefined);
  return locks("ingress") && locks("egress") && lists.every(bare);
};

const usedBy = (component: Component, inventory: Inventory): number =>
  new Set(
    inventory.policies.flatMap(({ ref, origin }) =>
      origin !== null && posix.dirname(origin.file) === component.folder ? [ref.namespace ?? ""] : [],
    ),
  ).size;

const busiest = (found: readonly Component[], inventory: Inventory): Component | null =>
  [...found].sort((a, b) => usedBy(b, inventory) - usedBy(a, inventory) || byText(a.folder, b.folder))[0] ?? null;

/** The repository's own baseline: additive allows for every pod, DNS among them. */
export const baselineOf = (components: readonly Component[], inventory: Inventory): Component | null =>
  busiest(
    components.filter(
      ({ policies, mixed }) =>
        !mixed &&
        policies.some((p) => asksDns(p.object)) &&
        policies.every((p) => selectsAll(p.object) && isAdditive(p.object)),
    ),
    inventory,
  );

export const defaultDenyOf = (components: readonly Component[], inventory: Inventory): Component | null =>
  busiest(
    components.filter(
      ({ policies, mixed }) => !mixed && policies.length === 1 && policies.every((p) => isDefaultDeny(p.object)),
    ),
    inventory,
  );

/** Where components live in this repository: beside the others, else beside the folder that holds the namespaces. */
export const componentsFolder = (components: readonly Component[], namespaceFolder: string): string => {
  for (const { folder } of components) {
    const at = folder.split("/").lastIndexOf("components");
    if (at >= 0)
      return folder
        .split("/")
        .slice(0, at + 1)
        .join("/");
  }
  return posix.join(posix.dirname(posix.dirname(namespaceFolder)), "components");
};

/** The folder and kustomization of a namespace, where everything that belongs to all of its pods is listed. */
export const namespaceFolder = (inventory: Inventory, namespace: string): string => {
  const fact = inventory.namespaces.find((n) => n.name === namespace);
  if (fact === undefined)
    throw new OperatorError("input", `there is no namespace ${namespace} in the repository`, {
      remedy: "Name a namespace that `network-operator status` lists",
    });
  if (fact.folder === null)
    throw new OperatorError("input", `the repository has no folder for namespace ${namespace}`, {
      remedy: "Give it a folder with a kustomization.yaml that a Flux Kustomization applies, then ask again",
    });
  return fact.folder.replace(/^\.\//, "").replace(/\/$/, "");
};
