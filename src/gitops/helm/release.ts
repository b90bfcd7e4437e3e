import type { Origin } from "../../facts/policy.ts";
import type { Rendered } from "../flux/reconcile.ts";
import { at, flag, isRecord, list, put, record, scalar, text, type Json, type Path } from "../json.ts";
import { readYaml } from "../yaml-file.ts";

export interface ChartRef {
  /** The chart's own name: the last part of its URL or path. */
  readonly name: string;
  readonly version: string | null;
}

/** A place values were written at: the release itself, or a ConfigMap it takes them from. */
export interface ValuesSource {
  readonly values: Json;
  readonly locate: (path: Path) => Origin;
}

/** A HelmRelease as far as the repository tells it. */
export interface Release {
  readonly name: string;
  /** Where its objects land. */
  readonly namespace: string;
  readonly chart: ChartRef;
  readonly values: Json;
  /** False when a Secret, or a ConfigMap not in the repository, adds values. */
  readonly valuesComplete: boolean;
  readonly sources: readonly ValuesSource[];
  readonly suspended: boolean;
  readonly object: Rendered;
}

/** Helm's merge: maps are merged, everything else is replaced, null takes a key away. */
export const mergeValues = (base: Json, over: Json): Json => {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
    if (value === null) delete merged[key];
    else put(merged, key, isRecord(before) && isRecord(value) ? mergeValues(before, value) : value);
  }
  return merged;
};

const lastPart = (url: string): string => url.replace(/[/]+$/, "").split("/").at(-1) ?? url;

type Lookup = (kind: string, namespace: string, name: string) => Rendered | null;

const chartOf = (object: Rendered, lookup: Lookup): ChartRef => {
  const spec = at(object.object, "spec");
  const chart = text(at(spec, "chart", "spec", "chart"));
  if (chart !== null) return { name: lastPart(chart), version: scalar(at(spec, "chart", "spec", "version")) };
  const ref = at(spec, "chartRef");
  const name = text(at(ref, "name")) ?? "";
  const namespace = text(at(ref, "namespace")) ?? object.namespace ?? "";
  const kind = text(at(ref, "kind")) ?? "OCIRepository";
  const found = lookup(kind, namespace, name);
  if (found === null) return { name, version: null };
  if (kind === "HelmChart")
    return {
      name: lastPart(text(at(found.object, "spec", "chart")) ?? name),
      version: scalar(at(found.object, "spec", "version")),
    };
  const tag = scalar(at(found.object, "spec", "ref", "tag")) ?? scalar(at(found.object, "spec", "ref", "semver"));
  return { name: lastPart(text(at(found.object, "spec", "url")) ?? name), version: tag };
};

const fromConfigMap = (reference: unknown, object: Rendered, lookup: Lookup): ValuesSource | null => {
  if (at(reference, "kind") !== "ConfigMap" || at(reference, "targetPath") !== undefined) return null;
  const found = lookup("ConfigMap", object.namespace ?? "", text(at(reference, "name")) ?? "");
  const key = text(at(reference, "valuesKey")) ?? "values.yaml";
  const source = text(at(found?.object, "data", key));
  const [document] = source === null ? [] : readYaml(source).documents;
  if (found === null || document === undefined || !isRecord(document.value)) return null;
  const { find } = document;
  return {
    values: document.value,
    locate: (path) => {
      const { line, column } = find(path);
      return found.locateText(["data", key], line - 1, column - 1);
    },
  };
};

/** The HelmReleases among the objects, with the values that the repository lets us see. */
export const readReleases = (
  objects: readonly Rendered[],
  isSuspended: (owner: string | null) => boolean,
): readonly Release[] => {
  const index = new Map(objects.map((o) => [`${o.kind}/${o.namespace ?? ""}/${o.name}`, o]));
  const lookup: Lookup = (kind, namespace, name) => index.get(`${kind}/${namespace}/${name}`) ?? null;
  return objects.flatMap((object) => {
    if (object.kind !== "HelmRelease") return [];
    const spec = record(object.object["spec"]);
    const target = text(spec["targetNamespace"]);
    const references = list(spec["valuesFrom"]);
    const taken = references.map((reference) => fromConfigMap(reference, object, lookup));
    const inline: ValuesSource = {
      values: record(spec["values"]),
      locate: (path) => object.locate(["spec", "values", ...path]) ?? object.origin,
    };
    const sources = [...taken.filter((source) => source !== null), inline];
    return [
      {
        name: text(spec["releaseName"]) ?? (target === null ? object.name : `${target}-${object.name}`),
        namespace: target ?? object.namespace ?? "default",
        chart: chartOf(object, lookup),
        values: sources.reduce<Json>((values, source) => mergeValues(values, source.values), {}),
        valuesComplete: taken.every((source) => source !== null),
        sources,
        suspended: flag(spec["suspend"]) || isSuspended(object.owner),
        object,
      },
    ];
  });
};

/** Where a value was written, in the source that has the last word about it. */
export const locateValue = (release: Release, path: Path): Origin => {
  const source = release.sources.findLast((s) => at(s.values, ...path) !== undefined);
  return source === undefined ? release.object.origin : source.locate(path);
};
