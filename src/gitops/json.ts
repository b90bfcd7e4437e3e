import { dig as at, isRecord, list, record, type Json, type Path } from "../facts/json.ts";

export { at, isRecord, list, record, type Json, type Path };

export const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
export const flag = (value: unknown): boolean => value === true;

/** A scalar as the string a manifest's author meant: numbers and booleans become text, anything deeper is no scalar. */
export const scalar = (value: unknown): string | null =>
  typeof value === "string" ? value : typeof value === "number" || typeof value === "boolean" ? String(value) : null;

export const strings = (value: unknown): readonly string[] =>
  list(value).filter((item): item is string => typeof item === "string");

export const stringMap = (value: unknown): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const [key, item] of Object.entries(record(value))) {
    const written = scalar(item);
    if (written !== null) put(found, key, written);
  }
  return found;
};

/** A port number as written, also when it was quoted; null when it is none. */
export const portNumber = (value: unknown): number | null => {
  const number = typeof value === "number" ? value : typeof value === "string" && /^\d{1,5}$/.test(value) ? +value : -1;
  return Number.isInteger(number) && number > 0 && number < 65_536 ? number : null;
};

/** Sets an own property, whatever it is called: `__proto__` in a manifest is a key like any other. */
export const put = <T>(target: Record<string, T>, key: string, value: T): void => {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
};

/** A copy with one value replaced; maps along the way are copied, missing ones made, lists kept as lists. */
export const withAt = (value: unknown, path: Path, replacement: unknown): unknown => {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (typeof step === "number") {
    const copy = [...list(value)];
    copy[step] = withAt(copy[step], rest, replacement);
    return copy;
  }
  const copy: Record<string, unknown> = { ...record(value) };
  put(copy, step, withAt(at(value, step), rest, replacement));
  return copy;
};

/** Every value at a kustomize field path: `spec/containers[]/image` or `spec/template/metadata/labels`. */
export const mapAt = (value: unknown, path: readonly string[], change: (found: unknown) => unknown): unknown => {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    // A field path walks into lists even where it does not say so, as kustomize does.
    const copy = value.map((item: unknown) => mapAt(item, path, change));
    return copy.every((item, i) => item === value[i]) ? value : copy;
  }
  if (!isRecord(value)) return value;
  const name = step.endsWith("[]") ? step.slice(0, -2) : step;
  if (!Object.hasOwn(value, name)) return value;
  const before = value[name];
  const after = mapAt(before, rest, change);
  if (after === before) return value;
  const copy: Record<string, unknown> = { ...value };
  put(copy, name, after);
  return copy;
};
