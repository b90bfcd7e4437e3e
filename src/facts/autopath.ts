import type { ClusterFacts } from "./cluster-facts.ts";
import type { Inventory, RenderedObject } from "./inventory.ts";
import { dig, isRecord, type Path } from "./json.ts";
import type { Origin } from "./policy.ts";

const textsIn = (value: unknown, path: Path = []): readonly { readonly path: Path; readonly text: string }[] => {
  if (typeof value === "string") return [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((item: unknown, i) => textsIn(item, [...path, i]));
  return isRecord(value) ? Object.entries(value).flatMap(([key, item]) => textsIn(item, [...path, key])) : [];
};

/** Where the cluster's DNS is told to complete names by itself (C B.4.4). */
export interface Autopath {
  /** Null when only the configuration says so. */
  readonly origin: Origin | null;
}

const isPlugin = (value: unknown): boolean =>
  isRecord(value) && value["name"] === "autopath" && value["enabled"] !== false;

/** `plugins: [{name: autopath}]` in chart values. */
const inValues = (object: RenderedObject): Origin | null => {
  const walk = (value: unknown, path: Path): Path | null => {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        const found = isPlugin(item) ? [...path, i] : walk(item, [...path, i]);
        if (found !== null) return found;
      }
    } else if (isRecord(value))
      for (const [key, item] of Object.entries(value)) {
        const found = walk(item, [...path, key]);
        if (found !== null) return found;
      }
    return null;
  };
  const path = walk(object.object, []);
  return path === null ? null : (object.locate(path) ?? object.origin);
};

/** A Corefile, or chart values kept as text. */
const inText = (object: RenderedObject): Origin | null => {
  for (const { path, text } of textsIn(object.object)) {
    if (!text.includes("autopath")) continue;
    const lines = text.split("\n");
    const index = lines.findIndex((line) => /^\s*(autopath\s|-\s*name:\s*["']?autopath["']?\s*$)/.test(line));
    if (index < 0) continue;
    const start = object.locate(path) ?? object.origin;
    const isOtherFile = start.file !== object.origin.file;
    return { file: start.file, line: start.line + index + (isOtherFile ? 0 : 1), column: 1 };
  }
  return null;
};

/** Whether this is the cluster's own resolver rather than another CoreDNS that serves a zone to the LAN. */
const servesCluster = (object: RenderedObject, facts: ClusterFacts): boolean => {
  const chart = dig(object.object, "spec", "chart", "spec", "chart");
  return (
    object.namespace === facts.dns.namespace && /dns/i.test(`${object.name} ${typeof chart === "string" ? chart : ""}`)
  );
};

export const findAutopath = (inventory: Pick<Inventory, "objects">, facts: ClusterFacts): Autopath | null => {
  for (const object of inventory.objects) {
    if (object.kind !== "HelmRelease" && object.kind !== "ConfigMap") continue;
    if (!servesCluster(object, facts)) continue;
    const origin = inValues(object) ?? inText(object);
    if (origin !== null) return { origin };
  }
  return facts.autopath ? { origin: null } : null;
};

/** The facts as the repository bears them out: autopath is on where it says so, whatever the configuration forgot. */
export const knownFacts = (facts: ClusterFacts, inventory: Pick<Inventory, "objects">): ClusterFacts =>
  !facts.autopath && findAutopath(inventory, facts) !== null ? { ...facts, autopath: true } : facts;
