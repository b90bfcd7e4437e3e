import { parse } from "yaml";
import { isRecord, type Json } from "../../facts/json.ts";

/** RFC 7396; null removes. Also what a strategic merge does to fields without merge keys. */
export const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
};

const pointer = (path: string): string[] =>
  path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

/** RFC 6902's add, replace, remove and test; throws with what could not be done. */
const jsonPatch = (target: unknown, operations: readonly unknown[]): unknown =>
  operations.reduce((object, operation) => {
    if (!isRecord(operation) || typeof operation["path"] !== "string")
      throw new Error("a patch operation without a path");
    return edit(object, pointer(operation["path"]), operation);
  }, target);

const edit = (value: unknown, [head, ...rest]: readonly string[], operation: Json): unknown => {
  const { op, path } = operation;
  if (head === undefined) {
    if (op === "test" && JSON.stringify(value) !== JSON.stringify(operation["value"]))
      throw new Error(`test failed: ${String(path)}`);
    return op === "test" ? value : operation["value"];
  }
  if (Array.isArray(value)) {
    const items: unknown[] = [...(value as readonly unknown[])];
    const at = head === "-" ? items.length : Number(head);
    if (!Number.isInteger(at) || at < 0 || at > items.length) throw new Error(`no such element: ${String(path)}`);
    if (rest.length === 0 && op === "remove") items.splice(at, 1);
    else if (rest.length === 0 && op === "add") items.splice(at, 0, operation["value"]);
    else items[at] = edit(items[at], rest, operation);
    return items;
  }
  if (!isRecord(value)) throw new Error(`no such field: ${String(path)}`);
  const result: Record<string, unknown> = { ...value };
  if (rest.length === 0 && op === "remove") {
    if (!Object.hasOwn(result, head)) throw new Error(`no such field: ${String(path)}`);
    delete result[head];
  } else result[head] = edit(result[head], rest, operation);
  return result;
};

/** The object after the patch, by the request's content type; throws what a person can read. */
export const applyPatch = (object: Json, type: string, body: string): Json => {
  const patch: unknown = parse(body, { maxAliasCount: 10 });
  const patched =
    type === "application/json-patch+json" && Array.isArray(patch)
      ? jsonPatch(object, patch)
      : mergePatch(object, patch);
  if (!isRecord(patched)) throw new Error("the patch leaves no object");
  return patched;
};
