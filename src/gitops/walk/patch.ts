import type { Origin } from "../../facts/policy.ts";
import { at, isRecord, list, put, record, text, withAt, type Json, type Path } from "../json.ts";
import { groupOf, kindOf, nameOf, namespaceOf, type Layer, type Resource } from "./resource.ts";

/** Why a patch could not be applied, in words; kustomize would refuse to build. */
export class PatchError extends Error {}

const pointer = (path: string): Path =>
  path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

const parentOf = (
  value: unknown,
  path: Path,
): { readonly parent: unknown; readonly key: string; readonly above: Path } => {
  let current = value;
  const above: (string | number)[] = [];
  for (const part of path.slice(0, -1)) {
    const step = Array.isArray(current) ? Number(part) : part;
    const next = at(current, step);
    if (next === undefined || next === null) throw new PatchError(`the path /${path.join("/")} does not exist`);
    current = next;
    above.push(step);
  }
  return { parent: current, key: String(path.at(-1) ?? ""), above };
};

const indexIn = (items: readonly unknown[], key: string, past: number, path: Path): number => {
  const index = key === "-" ? items.length : /^\d+$/.test(key) ? Number(key) : -1;
  if (index < 0 || index > items.length - 1 + past) throw new PatchError(`the path /${path.join("/")} does not exist`);
  return index;
};

const replaceIn = (value: unknown, path: Path, op: "add" | "replace" | "remove", item: unknown): unknown => {
  if (path.length === 0) return item;
  const { parent, key, above } = parentOf(value, path);
  if (Array.isArray(parent)) {
    const index = indexIn(parent, key, op === "add" ? 1 : 0, path);
    const copy: unknown[] = [...parent];
    if (op === "add") copy.splice(index, 0, item);
    else if (op === "remove") copy.splice(index, 1);
    else copy[index] = item;
    return withAt(value, above, copy);
  }
  if (!isRecord(parent)) throw new PatchError(`the path /${path.join("/")} does not exist`);
  if (op !== "add" && !Object.hasOwn(parent, key)) throw new PatchError(`the path /${path.join("/")} does not exist`);
  const copy: Record<string, unknown> = { ...parent };
  if (op === "remove") delete copy[key];
  else put(copy, key, item);
  return withAt(value, above, copy);
};

const valueAt = (value: unknown, path: Path): unknown => {
  const { parent, key } = parentOf(value, path);
  const found = at(parent, Array.isArray(parent) ? Number(key) : key);
  if (found === undefined) throw new PatchError(`the path /${path.join("/")} does not exist`);
  return found;
};

/** RFC 6902. */
export const applyJsonPatch = (value: Json, operations: readonly unknown[]): Json => {
  let current: unknown = value;
  for (const operation of operations) {
    const op = text(at(operation, "op"));
    const path = pointer(text(at(operation, "path")) ?? "");
    const from = pointer(text(at(operation, "from")) ?? "");
    // What is not written is null, and written: a null section is no missing one.
    const item = at(operation, "value") ?? null;
    if (op === "add" || op === "replace" || op === "remove") current = replaceIn(current, path, op, item);
    else if (op === "copy") current = replaceIn(current, path, "add", valueAt(current, from));
    else if (op === "move") {
      const moved = valueAt(current, from);
      current = replaceIn(replaceIn(current, from, "remove", null), path, "add", moved);
    } else if (op === "test") {
      if (JSON.stringify(valueAt(current, path)) !== JSON.stringify(item))
        throw new PatchError(`its test of /${path.join("/")} fails`);
    } else throw new PatchError(`it holds the unknown operation ${JSON.stringify(op)}`);
  }
  return record(current);
};

/** By which field the items of a built-in list are merged; a custom resource's lists are replaced whole. */
const MERGE_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  env: ["name"],
  imagePullSecrets: ["name"],
  hostAliases: ["ip"],
  ports: ["containerPort", "port"],
  topologySpreadConstraints: ["topologyKey"],
  secrets: ["name"],
};
const BUILT_IN =
  /^$|^(?:apps|batch|policy|autoscaling|networking\.k8s\.io|rbac\.authorization\.k8s\.io|storage\.k8s\.io)$/;

const merge = (base: unknown, patch: unknown, builtIn: boolean): unknown => {
  if (!isRecord(patch)) return patch;
  const directive = patch["$patch"];
  const body = Object.entries(patch).filter(([key]) => !key.startsWith("$"));
  const start: Json = directive === "replace" ? {} : record(base);
  const copy: Record<string, unknown> = { ...start };
  for (const [key, item] of body) {
    if (item === null) delete copy[key];
    else if (isRecord(item)) {
      if (item["$patch"] === "delete") delete copy[key];
      else put(copy, key, merge(copy[key], item, builtIn));
    } else if (Array.isArray(item)) put(copy, key, mergeList(key, copy[key], item, builtIn));
    else put(copy, key, item);
  }
  return copy;
};

const mergeList = (field: string, base: unknown, patch: readonly unknown[], builtIn: boolean): unknown => {
  const keys = builtIn ? (MERGE_KEYS[field] ?? []) : [];
  const key = keys.find((name) => patch.some((item) => at(item, name) !== undefined));
  const replaces = patch.some((item) => at(item, "$patch") === "replace");
  const written = patch.filter((item) => !isRecord(item) || item["$patch"] !== "replace");
  if (key === undefined || replaces || !Array.isArray(base))
    return written.map((item) => merge(undefined, item, builtIn));
  // Items of the patch come first, in its order; what it does not name follows as it stood.
  const named = new Set(written.map((item) => at(item, key)));
  const first = written.flatMap((item) => {
    if (at(item, "$patch") === "delete") return [];
    return [
      merge(
        base.find((known) => at(known, key) === at(item, key)),
        item,
        builtIn,
      ),
    ];
  });
  return [...first, ...base.filter((known) => !named.has(at(known, key)))];
};

/** A strategic merge patch; null when the patch deletes the object. */
export const applyMergePatch = (value: Json, patch: Json): Json | null => {
  if (patch["$patch"] === "delete") return null;
  const merged = record(merge(value, patch, BUILT_IN.test(groupOf(value))));
  // A patch's own name only says what it is for.
  const named = record(withAt(merged, ["metadata", "name"], at(value, "metadata", "name")));
  return { ...named, apiVersion: value["apiVersion"], kind: value["kind"] };
};

/** Where a patch's values stand, for paths that lead through maps alone: a list item moves when lists are merged. */
export const mergeLayer =
  (patch: Json, find: (path: Path) => Origin): Layer =>
  (path) => {
    let current: unknown = patch;
    for (const step of path) {
      if (typeof step === "number" || !isRecord(current) || !Object.hasOwn(current, step)) return null;
      current = current[step];
    }
    return path.length > 0 && !isRecord(current) ? find(path) : null;
  };

export const jsonLayer = (operations: readonly unknown[], find: (index: number) => Origin): Layer => {
  const changed = operations.map((operation) => pointer(text(at(operation, "path")) ?? ""));
  return (path) => {
    const index = changed.findLastIndex(
      (target) =>
        target.length > 0 &&
        target.length <= path.length &&
        target.every((part, i) => String(path[i]) === String(part)),
    );
    return index < 0 ? null : find(index);
  };
};

/** The object that a patch without a target names by itself. */
export const isNamedBy = (resource: Resource, patch: Json): boolean => {
  const { value } = resource;
  if (kindOf(value) !== kindOf(patch) || groupOf(value) !== groupOf(patch)) return false;
  const namespace = namespaceOf(patch);
  const ids = [{ namespace: namespaceOf(value), name: nameOf(value) }, ...resource.before];
  return ids.some(
    (id) => id.name === nameOf(patch) && (namespace ?? id.namespace ?? "default") === (id.namespace ?? "default"),
  );
};

export const isJsonPatch = (value: unknown): value is readonly unknown[] => list(value).length > 0;
