import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Inventory, RenderedObject } from "../facts/inventory.ts";
import type { Origin } from "../facts/policy.ts";
import { asText, at, isObject, strings } from "./json.ts";
import type { Path } from "./json.ts";

/** Where the cluster's DNS is told to complete names by itself (C B.4.4). */
export interface Autopath {
  /** Null when only the configuration says so. */
  readonly origin: Origin | null;
}

const isPlugin = (value: unknown): boolean =>
  isObject(value) && asText(value["name"]) === "autopath" && value["enabled"] !== false;

/** `plugins: [{name: autopath}]` in chart values. */
const inValues = (object: RenderedObject): Origin | null => {
  const walk = (value: unknown, path: Path): Path | null => {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        const found = isPlugin(item) ? [...path, i] : walk(item, [...path, i]);
        if (found !== null) return found;
      }
    } else if (isObject(value))
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
  for (const { path, text } of strings(object.object)) {
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
const servesCluster = (object: RenderedObject, facts: ClusterFacts): boolean =>
  object.namespace === facts.dns.namespace &&
  /dns/i.test(`${object.name} ${asText(at(object.object, "spec", "chart", "spec", "chart")) ?? ""}`);

export const findAutopath = (inventory: Inventory, facts: ClusterFacts): Autopath | null => {
  for (const object of inventory.objects) {
    if (object.kind !== "HelmRelease" && object.kind !== "ConfigMap") continue;
    if (!servesCluster(object, facts)) continue;
    const origin = inValues(object) ?? inText(object);
    if (origin !== null) return { origin };
  }
  return facts.autopath ? { origin: null } : null;
};
