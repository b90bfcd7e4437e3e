/** What a YAML or JSON file can hold once it is read. Nothing here trusts a shape before asking for it. */
export type Json = Readonly<Record<string, unknown>>;
export type Path = readonly (string | number)[];

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is not of the wanted shape reads as empty. */
export const record = (value: unknown): Json => (isRecord(value) ? value : {});
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The value at a path; undefined where a step leads nowhere. Own properties alone: `__proto__` is a key like any other. */
export const dig = (value: unknown, ...path: Path): unknown => {
  let current = value;
  for (const step of path) {
    if (typeof step === "number") {
      if (!Array.isArray(current)) return undefined;
      current = current[step];
    } else {
      if (!isRecord(current) || !Object.hasOwn(current, step)) return undefined;
      current = current[step];
    }
  }
  return current;
};

/** A string with something in it, else null. */
export const nonEmpty = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
};

/** JSON with the keys in order at every level: two values are the same exactly when their canonical texts are. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value)) ?? "null";
