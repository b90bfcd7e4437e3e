import { isRecord, put, type Json } from "../json.ts";

/** Values of `postBuild`. `complete` is false when a source (a Secret, a ConfigMap not in the repository) cannot be read. */
export interface Variables {
  readonly values: ReadonlyMap<string, string>;
  readonly complete: boolean;
}

const VARIABLE = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-=])([^{}]*))?\}/g;

/**
 * Flux's substitution in one string. A variable whose value may come from a source that cannot be read stays as written,
 * even where it has a default: the default is not what will apply if the source has the name.
 */
export const substituteText = (source: string, { values, complete }: Variables): string =>
  source.replace(VARIABLE, (whole, escaped: string, name: string, operator?: string, fallback?: string) => {
    if (escaped === "$") return whole.slice(1);
    const value = values.get(name);
    if (value !== undefined && (value !== "" || operator === undefined || !operator.startsWith(":"))) return value;
    if (value === undefined && !complete) return whole;
    return fallback ?? "";
  });

/** Flux substitutes in the written YAML, so that a number or a boolean that comes out of a variable is one afterwards. */
const retyped = (before: string, after: string): unknown => {
  if (before === after || after.includes("\n")) return after;
  if (/^-?(?:0|[1-9]\d*)$/.test(after)) return Number(after);
  if (after === "true" || after === "false") return after === "true";
  return after;
};

export const substitute = (value: unknown, variables: Variables): unknown => {
  if (typeof value === "string") return value.includes("${") ? retyped(value, substituteText(value, variables)) : value;
  if (Array.isArray(value)) {
    const copy = value.map((item: unknown) => substitute(item, variables));
    return copy.every((item, i) => item === value[i]) ? value : copy;
  }
  if (!isRecord(value)) return value;
  return substituteMap(value, variables);
};

const substituteMap = (value: Json, variables: Variables): Json => {
  let changed = false;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const name = key.includes("${") ? substituteText(key, variables) : key;
    const after = substitute(item, variables);
    changed ||= name !== key || after !== item;
    put(copy, name, after);
  }
  return changed ? copy : value;
};
