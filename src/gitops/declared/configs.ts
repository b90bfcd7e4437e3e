import type { Rendered } from "../flux/reconcile.ts";
import { at, isRecord, list, record, text, type Json, type Path } from "../json.ts";
import type { Place } from "./settings.ts";

/** Configuration that pods take in by name: what is readable of a ConfigMap, a Secret, or an ExternalSecret's template. */
export interface Config {
  readonly data: Json;
  /** Where `data` stands in the object. */
  readonly base: Path;
  readonly object: Rendered;
}

export type ConfigKind = "ConfigMap" | "Secret";
export type Configs = (kind: ConfigKind, namespace: string, name: string) => Config | null;

const dataOf = (object: Rendered): readonly (readonly [ConfigKind, string, Path])[] => {
  const { kind, name, object: value } = object;
  if (kind === "ConfigMap") return [["ConfigMap", name, ["data"]]];
  if (kind === "Secret") return [["Secret", name, ["stringData"]]];
  if (kind !== "ExternalSecret") return [];
  const target = text(at(value, "spec", "target", "name")) ?? name;
  return [["Secret", target, ["spec", "target", "template", "data"]]];
};

export const readConfigs = (objects: readonly Rendered[]): Configs => {
  const found = new Map<string, Config>();
  for (const object of objects)
    for (const [kind, name, base] of dataOf(object)) {
      const data = at(object.object, ...base);
      const key = `${kind}/${object.namespace ?? ""}/${name}`;
      if (isRecord(data) && !found.has(key)) found.set(key, { data, base, object });
    }
  return (kind, namespace, name) => found.get(`${kind}/${namespace}/${name}`) ?? null;
};

export const placeIn = (object: Rendered, base: Path, sure: Place["sure"]): Place => ({
  sure,
  locate: (path, line, column) => {
    const full = [...base, ...path];
    return line === 0 && column === 0 ? (object.locate(full) ?? object.origin) : object.locateText(full, line, column);
  },
});

export interface Reference {
  readonly kind: ConfigKind;
  readonly name: string;
  /** Only this key of it. */
  readonly key: string | null;
}

const named = (kind: ConfigKind, value: unknown, key: unknown = null): readonly Reference[] => {
  const name = text(value);
  return name === null ? [] : [{ kind, name, key: text(key) }];
};

/** What a pod's manifest takes in: environment and volumes. */
export const referencesOf = (podSpec: unknown): readonly Reference[] => {
  const containers = [...list(at(podSpec, "containers")), ...list(at(podSpec, "initContainers"))];
  const volumes = list(at(podSpec, "volumes"));
  const projected = volumes.flatMap((volume) => list(at(volume, "projected", "sources")));
  return [
    ...containers.flatMap((container) => environmentReferences(at(container, "env"), at(container, "envFrom"))),
    ...volumes.flatMap((v) => [
      ...named("ConfigMap", at(v, "configMap", "name")),
      ...named("Secret", at(v, "secret", "secretName")),
    ]),
    ...projected.flatMap((s) => [
      ...named("ConfigMap", at(s, "configMap", "name")),
      ...named("Secret", at(s, "secret", "name")),
    ]),
  ];
};

/** `env` as a list or, in the app-template, a map; `envFrom` in Kubernetes' spelling or the template's short one. */
export const environmentReferences = (env: unknown, envFrom: unknown): readonly Reference[] => {
  const entries = Array.isArray(env) ? list(env) : Object.values(record(env));
  return [
    ...list(envFrom).flatMap((source) => [
      ...named("ConfigMap", at(source, "configMapRef", "name") ?? at(source, "configMap")),
      ...named("Secret", at(source, "secretRef", "name") ?? at(source, "secret")),
    ]),
    ...entries.flatMap((entry) => [
      ...named(
        "ConfigMap",
        at(entry, "valueFrom", "configMapKeyRef", "name"),
        at(entry, "valueFrom", "configMapKeyRef", "key"),
      ),
      ...named("Secret", at(entry, "valueFrom", "secretKeyRef", "name"), at(entry, "valueFrom", "secretKeyRef", "key")),
    ]),
  ];
};
