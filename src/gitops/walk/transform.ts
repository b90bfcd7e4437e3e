import { at, isRecord, list, mapAt, put, record, scalar, stringMap, text, withAt, type Json } from "../json.ts";
import {
  groupOf,
  isIdentifiedBy,
  isLeftWithoutNamespace,
  kindOf,
  nameOf,
  namespaceOf,
  type Resource,
} from "./resource.ts";

export type Transform = (resources: readonly Resource[]) => readonly Resource[];

const change = (resource: Resource, value: Json): Resource =>
  value === resource.value ? resource : { ...resource, value };

const renamed = (resource: Resource, value: Json): Resource => {
  const id = { namespace: namespaceOf(resource.value), name: nameOf(resource.value) };
  return { ...resource, value, before: [...resource.before, id] };
};

/** The namespace transformer: sets the namespace of everything that has one, and renames Namespace objects with it. */
export const setNamespace =
  (namespace: string): Transform =>
  (resources) =>
    resources.map((resource) => {
      const { value } = resource;
      if (kindOf(value) === "Namespace" && groupOf(value) === "")
        return nameOf(value) === namespace
          ? resource
          : renamed(resource, record(withAt(value, ["metadata", "name"], namespace)));
      const inside = referencesTo(value, namespace);
      if (isLeftWithoutNamespace(value)) return change(resource, inside);
      if (namespaceOf(value) === namespace) return change(resource, inside);
      return renamed(resource, record(withAt(inside, ["metadata", "namespace"], namespace)));
    });

const referencesTo = (value: Json, namespace: string): Json => {
  switch (kindOf(value)) {
    case "RoleBinding":
    case "ClusterRoleBinding":
      return record(
        mapAt(value, ["subjects"], (subjects) =>
          list(subjects).map((subject) =>
            at(subject, "kind") === "ServiceAccount" && at(subject, "name") === "default"
              ? { ...record(subject), namespace }
              : subject,
          ),
        ),
      );
    case "APIService":
      return record(mapAt(value, ["spec", "service", "namespace"], () => namespace));
    case "CustomResourceDefinition":
      return record(
        mapAt(value, ["spec", "conversion", "webhook", "clientConfig", "service", "namespace"], () => namespace),
      );
    default:
      return value;
  }
};

const KEEP_NAME = new Set(["CustomResourceDefinition", "APIService", "Namespace"]);

export const affixNames =
  (prefix: string, suffix: string): Transform =>
  (resources) =>
    resources.map((resource) =>
      KEEP_NAME.has(kindOf(resource.value))
        ? resource
        : renamed(
            resource,
            record(withAt(resource.value, ["metadata", "name"], `${prefix}${nameOf(resource.value)}${suffix}`)),
          ),
    );

const merged = (value: Json, path: readonly string[], add: Readonly<Record<string, string>>): Json => {
  const copy: Record<string, unknown> = { ...record(at(value, ...path)) };
  for (const [key, item] of Object.entries(add)) put(copy, key, item);
  return record(withAt(value, path, copy));
};

const TEMPLATES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Deployment: [["spec", "template"]],
  ReplicaSet: [["spec", "template"]],
  DaemonSet: [["spec", "template"]],
  StatefulSet: [["spec", "template"]],
  ReplicationController: [["spec", "template"]],
  Job: [["spec", "template"]],
  CronJob: [
    ["spec", "jobTemplate"],
    ["spec", "jobTemplate", "spec", "template"],
  ],
};
/** Selectors that are made where they are missing, and those only completed where they stand. */
const SELECTORS: Readonly<Record<string, readonly { readonly path: readonly string[]; readonly create: boolean }[]>> = {
  Service: [{ path: ["spec", "selector"], create: true }],
  ReplicationController: [{ path: ["spec", "selector"], create: true }],
  Deployment: [{ path: ["spec", "selector", "matchLabels"], create: true }],
  ReplicaSet: [{ path: ["spec", "selector", "matchLabels"], create: true }],
  DaemonSet: [{ path: ["spec", "selector", "matchLabels"], create: true }],
  StatefulSet: [{ path: ["spec", "selector", "matchLabels"], create: true }],
  Job: [{ path: ["spec", "selector", "matchLabels"], create: false }],
  CronJob: [{ path: ["spec", "jobTemplate", "spec", "selector", "matchLabels"], create: false }],
  PodDisruptionBudget: [{ path: ["spec", "selector", "matchLabels"], create: false }],
  NetworkPolicy: [
    { path: ["spec", "podSelector", "matchLabels"], create: false },
    { path: ["spec", "ingress", "from", "podSelector", "matchLabels"], create: false },
    { path: ["spec", "egress", "to", "podSelector", "matchLabels"], create: false },
  ],
};

export interface LabelRequest {
  readonly pairs: Readonly<Record<string, string>>;
  readonly selectors: boolean;
  readonly templates: boolean;
}

export const addLabels =
  ({ pairs, selectors, templates }: LabelRequest): Transform =>
  (resources) =>
    resources.map((resource) => {
      let value = merged(resource.value, ["metadata", "labels"], pairs);
      const kind = kindOf(value);
      if (selectors) {
        for (const { path, create } of SELECTORS[kind] ?? []) {
          value = create
            ? merged(value, path, pairs)
            : record(mapAt(value, path, (found) => ({ ...record(found), ...pairs })));
        }
        if (kind === "StatefulSet")
          value = record(
            mapAt(value, ["spec", "volumeClaimTemplates"], (claims) =>
              list(claims).map((claim) => merged(record(claim), ["metadata", "labels"], pairs)),
            ),
          );
      }
      if (selectors || templates) {
        for (const path of TEMPLATES[kind] ?? [])
          if (isRecord(at(value, ...path))) value = merged(value, [...path, "metadata", "labels"], pairs);
      }
      return change(resource, value);
    });

export const addAnnotations =
  (pairs: Readonly<Record<string, string>>): Transform =>
  (resources) =>
    resources.map((resource) => {
      let value = merged(resource.value, ["metadata", "annotations"], pairs);
      for (const path of TEMPLATES[kindOf(value)] ?? [])
        if (isRecord(at(value, ...path))) value = merged(value, [...path, "metadata", "annotations"], pairs);
      return change(resource, value);
    });

export interface ImageChange {
  readonly name: string;
  readonly newName: string | null;
  readonly newTag: string | null;
  readonly digest: string | null;
}

export const readImages = (value: unknown): readonly ImageChange[] =>
  list(value).map((item) => ({
    name: scalar(at(item, "name")) ?? "",
    newName: scalar(at(item, "newName")),
    newTag: scalar(at(item, "newTag")),
    digest: scalar(at(item, "digest")),
  }));

const changedImage = (image: string, wanted: ImageChange): string => {
  const [, name = image, tag = ""] = /^(.+?)((?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?)$/.exec(image) ?? [];
  if (name !== wanted.name) return image;
  const suffix = wanted.digest !== null ? `@${wanted.digest}` : wanted.newTag !== null ? `:${wanted.newTag}` : tag;
  return `${wanted.newName ?? name}${suffix}`;
};

/** Every `image` below a list called `containers` or `initContainers`, however deep, as kustomize looks for them. */
const eachImage = (value: unknown, set: (image: string) => string): unknown => {
  if (Array.isArray(value)) {
    const copy = value.map((item: unknown) => eachImage(item, set));
    return copy.every((item, i) => item === value[i]) ? value : copy;
  }
  if (!isRecord(value)) return value;
  let copy: Record<string, unknown> | null = null;
  for (const [key, item] of Object.entries(value)) {
    const isList = (key === "containers" || key === "initContainers") && Array.isArray(item);
    const after = isList
      ? item.map((container: unknown) => {
          const image = text(at(container, "image"));
          return image === null ? container : { ...record(container), image: set(image) };
        })
      : eachImage(item, set);
    if (after !== item) put((copy ??= { ...value }), key, after);
  }
  return copy ?? value;
};

export const setImages =
  (images: readonly ImageChange[]): Transform =>
  (resources) =>
    resources.map((resource) =>
      change(resource, record(eachImage(resource.value, (image) => images.reduce(changedImage, image)))),
    );

const SCALED = new Set(["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"]);

/** `none`: told when nothing that can be scaled has the name, which kustomize refuses. */
export const setReplicas =
  (name: string, count: unknown, none: () => void): Transform =>
  (resources) => {
    const isMeant = (resource: Resource): boolean =>
      SCALED.has(kindOf(resource.value)) && isIdentifiedBy(resource, name, null);
    if (!resources.some(isMeant)) none();
    return resources.map((resource) =>
      isMeant(resource) ? change(resource, record(withAt(resource.value, ["spec", "replicas"], count))) : resource,
    );
  };

/** Flux `commonMetadata`: labels and annotations of the objects themselves, never of pods or selectors. */
export const addMetadata =
  (metadata: unknown): Transform =>
  (resources) =>
    resources.map((resource) => {
      const labels = stringMap(at(metadata, "labels"));
      const annotations = stringMap(at(metadata, "annotations"));
      let { value } = resource;
      if (Object.keys(labels).length > 0) value = merged(value, ["metadata", "labels"], labels);
      if (Object.keys(annotations).length > 0) value = merged(value, ["metadata", "annotations"], annotations);
      return change(resource, value);
    });
