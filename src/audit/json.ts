import { dig, isRecord, list, record, type Json, type Path } from "../facts/json.ts";

/** Reading JSON of unknown shape: a manifest may hold anything where an object, a list or a string is due. */
export { dig as at, isRecord as isObject, list as asList, record as asObject, type Json, type Path };

export const asText = (value: unknown): string | null =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : null;

export const asStrings = (value: unknown): readonly string[] =>
  list(value).flatMap((item) => {
    const text = asText(item);
    return text === null ? [] : [text];
  });

/** String values of a map; what is no scalar is left out. */
export const asRecord = (value: unknown): Readonly<Record<string, string>> => {
  const entries: [string, string][] = [];
  for (const [key, item] of Object.entries(record(value))) {
    const text = asText(item);
    if (text !== null) entries.push([key, text]);
  }
  return Object.fromEntries(entries);
};

/** A JSON pointer (RFC 6901). */
export const pointer = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Every string in a value with its path, depth first, keys in the order written. */
export function* strings(value: unknown, path: Path = []): Generator<{ readonly path: Path; readonly text: string }> {
  if (typeof value === "string") yield { path, text: value };
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* strings(item, [...path, i]);
  else if (isRecord(value)) for (const [key, item] of Object.entries(value)) yield* strings(item, [...path, key]);
}
