import { posix } from "node:path";
import type { Inventory } from "../facts/inventory.ts";
import type { SourceTree } from "../facts/tree.ts";
import { byText } from "./need.ts";
import type { NamespaceKey } from "./policy-object.ts";
import type { TextStyle } from "./policy-text.ts";

/** How this repository already writes its policies; what it does not show is written as most repositories do. */
export interface Style extends TextStyle {
  /** `cnp-allow.yaml`, or whatever its own per-app policies are called. */
  readonly file: string;
  readonly namespaceKey: NamespaceKey;
  /** The policy of an app: `allow-web` or `web-allow`. */
  readonly nameOf: (app: string) => string;
}

const commonest = (texts: readonly string[]): string | null => {
  const counts = [...Map.groupBy(texts, (t) => t)].map(([text, all]) => [text, all.length] as const);
  counts.sort((a, b) => b[1] - a[1] || byText(a[0], b[0]));
  return counts[0]?.[0] ?? null;
};

const SCHEMA_LINE = /^# yaml-language-server: \$schema=https:\/\/[\w./@%-]+$/;

/** A kustomization of this folder, by any of the three names that kustomize knows. */
export const kustomizationIn = (tree: SourceTree, folder: string): string | null => {
  for (const name of ["kustomization.yaml", "kustomization.yml", "Kustomization"]) {
    const path = posix.join(folder, name);
    if (tree.read(path) !== null) return path;
  }
  return null;
};

/** Policies of one app: those that do not sit in a component that many namespaces share. */
const appPolicies = (inventory: Inventory): readonly { readonly file: string; readonly name: string }[] => {
  const files = new Map<string, Set<string>>();
  for (const { ref, origin } of inventory.policies)
    if (origin !== null && ref.kind === "CiliumNetworkPolicy")
      files.set(origin.file, (files.get(origin.file) ?? new Set()).add(ref.namespace ?? ""));
  return inventory.policies.flatMap(({ ref, origin }) =>
    origin !== null && ref.kind === "CiliumNetworkPolicy" && files.get(origin.file)?.size === 1
      ? [{ file: origin.file, name: ref.name }]
      : [],
  );
};

const isShared = (file: string): boolean => /(^|\/)components\//.test(file);

export const styleOf = (tree: SourceTree, inventory: Inventory): Style => {
  const apps = appPolicies(inventory).filter((p) => !isShared(p.file));
  const texts = [...new Set(inventory.policies.map((p) => p.origin?.file).filter((f) => f !== undefined))]
    .sort(byText)
    .map((file) => tree.read(file) ?? "");
  const schema = texts.map((text) => text.split("\n", 3).find((line) => SCHEMA_LINE.test(line)) ?? "");
  const schemaLine = commonest(schema) ?? "";
  const named = apps.map(({ name }) => (name.startsWith("allow-") ? "before" : name.endsWith("-allow") ? "after" : ""));
  const before = commonest(named.filter((n) => n !== "")) === "before";
  const starts = texts.map((text) => (text.trimStart().startsWith("---") ? "---" : ""));
  const keys = texts.flatMap((text) => text.match(/(k8s:)?io\.kubernetes\.pod\.namespace/g) ?? []);
  const base = commonest(apps.map((p) => posix.basename(p.file)).filter((name) => /\.ya?ml$/.test(name)));
  return {
    file: base ?? "cnp-allow.yaml",
    schemaLine: schemaLine === "" ? null : schemaLine,
    documentStart: texts.length === 0 || commonest(starts) === "---",
    namespaceKey:
      commonest(keys) === "k8s:io.kubernetes.pod.namespace"
        ? "k8s:io.kubernetes.pod.namespace"
        : "io.kubernetes.pod.namespace",
    nameOf: (app) => (before ? `allow-${app}` : `${app}-allow`),
  };
};

/** A name that Kubernetes accepts and that stays inside its folder, whatever it was made of. */
export const safeName = (text: string): string => {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return plain === "" ? "app" : plain;
};
