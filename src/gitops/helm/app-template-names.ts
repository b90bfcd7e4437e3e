import { at, isRecord, put, record, stringMap, text, type Json } from "../json.ts";
import type { Release } from "./release.ts";

/**
 * What the bjw-s app-template makes of its values. Its releases differ in what matters to policy: which label tells
 * controllers apart (none in 1.x, `component` in 2.x and 3.x, `controller` since 4.0), and how objects are named.
 */
const NEWEST = 4;

export const majorOf = (version: string | null): number => {
  const major = /(\d+)\./.exec(version ?? "")?.[1];
  return major === undefined ? NEWEST : Number(major);
};

export const isEnabled = (item: unknown): item is Json => isRecord(item) && item["enabled"] !== false;

/** Enabled entries of a map of values, by their identifier. */
export const enabled = (values: Json, key: string): readonly (readonly [string, Json])[] =>
  Object.entries(record(values[key])).flatMap(([id, item]) => (isEnabled(item) ? [[id, item] as const] : []));

export interface Context {
  readonly release: Release;
  readonly major: number;
  readonly fullname: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The few templates that people really write into values; anything else stays as written. */
export const fill = (written: string, { release, fullname }: Pick<Context, "release" | "fullname">): string =>
  written
    .replace(/\{\{-?\s*\.Release\.Name\s*-?\}\}/g, release.name)
    .replace(/\{\{-?\s*\.Release\.Namespace\s*-?\}\}/g, release.namespace)
    .replace(/\{\{-?\s*include\s+"bjw-s\.common\.lib\.chart\.names\.fullname"\s+\S+\s*-?\}\}/g, fullname);

export const nameFor = (context: Context, id: string, item: Json, count: number, primary: boolean): string => {
  const { major, fullname } = context;
  const forced = text(item["forceRename"]);
  if (forced !== null && major >= 4) return fill(forced, context).toLowerCase();
  const override = text(item["nameOverride"]);
  if (major < 4 && override !== null) {
    const part = fill(override, context);
    return part === fullname ? fullname : `${fullname}-${part}`;
  }
  if (major < 3) return primary ? fullname : `${fullname}-${id}`;
  if (major < 4) return primary || count < 2 || id === fullname ? fullname : `${fullname}-${id}`;
  const always = at(context.release.values, "global", "alwaysAppendIdentifierToResourceName") === true;
  const prefix = text(item["prefix"]);
  const suffix = text(item["suffix"]);
  let name = prefix === null || fill(prefix, context) === fullname ? fullname : `${fill(prefix, context)}-${fullname}`;
  if ((count > 1 || always) && !name.endsWith(`-${id}`) && id !== name) name = `${name}-${id}`;
  if (suffix !== null && !name.endsWith(`-${fill(suffix, context)}`)) name = `${name}-${fill(suffix, context)}`;
  return name.toLowerCase();
};

export const controllerLabels = (context: Context, id: string, controller: Json): Readonly<Record<string, string>> => {
  const own = context.major < 2 ? {} : { [`app.kubernetes.io/${context.major < 4 ? "component" : "controller"}`]: id };
  return { ...context.labels, ...own, ...stringMap(controller["extraSelectorLabels"]) };
};

export const filled = (
  labels: Readonly<Record<string, string>>,
  context: Context,
): Readonly<Record<string, string>> => {
  const made: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) put(made, key, fill(value, context));
  return made;
};
