import { dig as field, list as items, nonEmpty as text, record } from "../facts/json.ts";

/** Objects as the API server sends them: data whose shape is asked for before it is believed. */
export type KubeObject = Readonly<Record<string, unknown>>;

export { field, items, record, text };
export const texts = (value: unknown): readonly string[] =>
  items(value).filter((item): item is string => typeof item === "string");
export const number = (value: unknown): number | null => (typeof value === "number" ? value : null);

export const stringMap = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(record(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );

export const nameOf = (object: unknown): string => text(field(object, "metadata", "name")) ?? "";
export const namespaceOf = (object: unknown): string => text(field(object, "metadata", "namespace")) ?? "";

/** Milliseconds since the epoch; null for what is no time. */
export const time = (value: unknown): number | null => {
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? null : parsed;
};

export const condition = (
  object: unknown,
  type: string,
): { readonly holds: boolean | null; readonly message: string | null } => {
  const found = items(field(object, "status", "conditions")).find((c) => field(c, "type") === type);
  const status = field(found, "status");
  return {
    holds: status === "True" ? true : status === "False" ? false : null,
    message: text(field(found, "message")),
  };
};

/** `ns/name` of the Flux Kustomization that put an object there, by the labels it leaves. */
export const fluxOwner = (object: unknown): string | null => {
  const labels = field(object, "metadata", "labels");
  const name = text(field(labels, "kustomize.toolkit.fluxcd.io/name"));
  const namespace = text(field(labels, "kustomize.toolkit.fluxcd.io/namespace"));
  return name === null || namespace === null ? null : `${namespace}/${name}`;
};
