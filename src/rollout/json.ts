/** Manifests hold anything: what is not of the wanted shape reads as absent. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const asText = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** `dig(o, "spec", "values", "policyAuditMode")`. */
export const dig = (value: unknown, ...path: readonly string[]): unknown => {
  let at = value;
  for (const key of path) {
    const fields = asRecord(at);
    if (!Object.hasOwn(fields, key)) return undefined;
    at = fields[key];
  }
  return at;
};

/** JSON with sorted keys: two objects are the same exactly when their canonical texts are. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const rows = Object.entries(value).filter(([, v]) => v !== undefined);
  rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${rows.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(",")}}`;
};
