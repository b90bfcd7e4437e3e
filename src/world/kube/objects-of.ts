import { iso } from "../../facts/clock.ts";
import { groupOf, keyOf, namespaceOfObject, type KubeObject } from "../cluster/objects.ts";
import { hash } from "../hash.ts";
import { runningObjects } from "./running.ts";
import type { Resource } from "./resources.ts";
import type { KubeView } from "./view.ts";
import { statusOf } from "./status.ts";

export interface ListQuery {
  readonly namespace: string | null;
  readonly name: string | null;
  /** As in `labelSelector` and `fieldSelector`. */
  readonly labels: string;
  readonly fields: string;
}

/** The objects of a kind that a request means, as the API server shows them, by namespace and name. */
export const objectsOf = (view: KubeView, resource: Resource, query: ListQuery): KubeObject[] =>
  everything(view)
    .filter((o) => o.kind === resource.kind && groupOf(o.apiVersion) === resource.group)
    .filter((o) => query.namespace === null || namespaceOfObject(o) === query.namespace)
    .filter((o) => query.name === null || o.metadata.name === query.name)
    .filter((o) => matchesLabels(o, query.labels) && matchesFields(o, query.fields))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .map((o) => shown(o, view));

const memory = new WeakMap<KubeView, readonly KubeObject[]>();

/** What runs wins over what was applied: it is the same object with its status. */
const everything = (view: KubeView): readonly KubeObject[] => {
  let objects = memory.get(view);
  if (objects === undefined) {
    const merged = new Map(view.cluster.objects);
    for (const object of runningObjects(view.cluster, view.pods)) merged.set(keyOf(object), object);
    objects = [...merged.values()];
    memory.set(view, objects);
  }
  return objects;
};

const shown = (object: KubeObject, view: KubeView): KubeObject => {
  const status = statusOf(object, view.cluster);
  const namespace = namespaceOfObject(object);
  const labels =
    object.kind === "Namespace"
      ? { ...object.metadata.labels, "kubernetes.io/metadata.name": object.metadata.name }
      : object.metadata.labels;
  const whole = {
    ...object,
    metadata: {
      creationTimestamp: iso(view.cluster.from),
      generation: 1,
      ...object.metadata,
      ...(namespace === null ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      uid: uidOf(object),
    },
    ...(status === null ? {} : { status }),
  };
  return { ...whole, metadata: { ...whole.metadata, resourceVersion: versionOf(whole) } };
};

/** Opaque, and another one whenever anything about the object is. */
const versionOf = (object: KubeObject): string => {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return String(hash(JSON.stringify({ ...object, metadata })));
};

const uidOf = (object: KubeObject): string => {
  const hex = (n: number): string => n.toString(16).padStart(8, "0");
  const id = keyOf(object);
  return `${hex(hash(id))}-0000-4000-8000-${hex(hash(id, 1))}${hex(hash(id, 2)).slice(4)}`;
};

/** Equality and set terms: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`. */
const matchesLabels = (object: KubeObject, selector: string): boolean => {
  const labels: Readonly<Record<string, string>> = object.metadata.labels ?? {};
  return terms(selector).every((term) => {
    const set = /^(\S+) (in|notin) \(([^)]*)\)$/.exec(term);
    if (set !== null) {
      const [, name = "", operator, values = ""] = set;
      const listed = values.split(",").map((v) => v.trim());
      return (operator === "in") === listed.includes(labels[name] ?? "");
    }
    const equal = /^([^=!]+)(!=|==?)(.*)$/.exec(term);
    if (equal !== null) {
      const [, name = "", operator, value = ""] = equal;
      return (operator !== "!=") === (labels[name.trim()] === value.trim());
    }
    return term.startsWith("!") ? !(term.slice(1) in labels) : term in labels;
  });
};

const matchesFields = (object: KubeObject, selector: string): boolean =>
  terms(selector).every((term) => {
    const [path = "", value = ""] = term.split(/==?/);
    const found = path
      .split(".")
      .reduce<unknown>((o, name) => (typeof o === "object" && o !== null ? Reflect.get(o, name) : undefined), object);
    return found === value;
  });

/** Split at commas that stand outside brackets. */
const terms = (selector: string): string[] =>
  selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");
