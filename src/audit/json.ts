/** Reading JSON of unknown shape: a manifest may hold anything where an object, a list or a string is due. */
export type Json = Readonly<Record<string, unknown>>;
export type Path = readonly (string | number)[];

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const asObject = (value: unknown): Json => (isObject(value) ? value : {});

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const asText = (value: unknown): string | null =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : null;

export const asStrings = (value: unknown): readonly string[] =>
  asList(value).flatMap((item) => {
    const text = asText(item);
    return text === null ? [] : [text];
  });

/** String values of a map; what is no scalar is left out. */
export const asRecord = (value: unknown): Readonly<Record<string, string>> => {
  const entries: [string, string][] = [];
  for (const [key, item] of Object.entries(asObject(value))) {
    const text = asText(item);
    if (text !== null) entries.push([key, text]);
  }
  return Object.fromEntries(entries);
};

export const at = (value: unknown, ...path: Path): unknown => {
  let current = value;
  for (const step of path) {
    if (Array.isArray(current)) current = typeof step === "number" ? current[step] : undefined;
    else if (isObject(current)) current = Object.hasOwn(current, step) ? current[step] : undefined;
    else return undefined;
  }
  return current;
};

/** A JSON pointer (RFC 6901). */
export const pointer = (path: Path): string =>
  path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Every string in a value with its path, depth first, keys in the order written. */
export function* strings(value: unknown, path: Path = []): Generator<{ readonly path: Path; readonly text: string }> {
  if (typeof value === "string") yield { path, text: value };
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* strings(item, [...path, i]);
  else if (isObject(value)) for (const [key, item] of Object.entries(value)) yield* strings(item, [...path, key]);
}
