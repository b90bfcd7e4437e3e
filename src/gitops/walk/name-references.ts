import { at, isRecord, list, mapAt, put, record, scalar, text, type Json } from "../json.ts";
import { groupOf, kindOf, nameOf, namespaceOf, type Resource } from "./resource.ts";
import { contentHash } from "./generators.ts";

/** A field that names another object; `kind: null` means the field stands in any kind. */
export interface NameReference {
  readonly to: string;
  readonly kind: string | null;
  readonly path: readonly string[];
}

/** Inside a pod's spec, wherever that stands. */
const IN_POD: Readonly<Record<string, readonly string[]>> = {
  ConfigMap: [
    "volumes/configMap/name",
    "volumes/projected/sources/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "initContainers/envFrom/configMapRef/name",
  ],
  Secret: [
    "volumes/secret/secretName",
    "volumes/projected/sources/secret/name",
    "containers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
  ],
  ServiceAccount: ["serviceAccountName"],
  PersistentVolumeClaim: ["volumes/persistentVolumeClaim/claimName"],
};
const POD_SPECS = ["spec", "spec/template/spec", "spec/jobTemplate/spec/template/spec"];
const POD_KINDS = [
  "Pod",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
  "CronJob",
];

const ELSEWHERE: readonly (readonly [to: string, kind: string, path: string])[] = [
  ["Secret", "Ingress", "spec/tls/secretName"],
  ["Secret", "ServiceAccount", "secrets/name"],
  ["Secret", "ServiceAccount", "imagePullSecrets/name"],
  ["Service", "StatefulSet", "spec/serviceName"],
  ["Service", "Ingress", "spec/rules/http/paths/backend/serviceName"],
  ["Service", "Ingress", "spec/rules/http/paths/backend/service/name"],
  ["Service", "Ingress", "spec/defaultBackend/service/name"],
  ["Service", "APIService", "spec/service/name"],
  ["Service", "ValidatingWebhookConfiguration", "webhooks/clientConfig/service/name"],
  ["Service", "MutatingWebhookConfiguration", "webhooks/clientConfig/service/name"],
  ["Deployment", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name"],
  ["StatefulSet", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name"],
  ["Role", "RoleBinding", "roleRef/name"],
  ["ClusterRole", "RoleBinding", "roleRef/name"],
  ["ClusterRole", "ClusterRoleBinding", "roleRef/name"],
  ["PersistentVolume", "PersistentVolumeClaim", "spec/volumeName"],
];

const BUILT_IN: readonly NameReference[] = [
  ...Object.entries(IN_POD).flatMap(([to, paths]) =>
    paths.flatMap((path) =>
      POD_KINDS.flatMap((kind) => POD_SPECS.map((spec) => ({ to, kind, path: `${spec}/${path}`.split("/") }))),
    ),
  ),
  ...ELSEWHERE.map(([to, kind, path]) => ({ to, kind, path: path.split("/") })),
];

/** `nameReference` of a `configurations` file. */
export const readNameReferences = (configuration: unknown): readonly NameReference[] =>
  list(at(configuration, "nameReference")).flatMap((entry) => {
    const to = text(at(entry, "kind"));
    if (to === null) return [];
    return list(at(entry, "fieldSpecs")).flatMap((spec) => {
      const path = text(at(spec, "path"));
      return path === null ? [] : [{ to, kind: text(at(spec, "kind")), path: path.split("/") }];
    });
  });

/** Gives generated objects their hash, and makes every field that names a renamed object follow it. */
export const finishNames = (resources: readonly Resource[], more: readonly NameReference[]): readonly Resource[] => {
  const hashed = resources.map((resource) => {
    if (!resource.hashed) return resource;
    const id = { namespace: namespaceOf(resource.value), name: nameOf(resource.value) };
    const metadata = { ...record(resource.value["metadata"]), name: `${id.name}-${contentHash(resource.value)}` };
    return { ...resource, value: { ...resource.value, metadata }, before: [...resource.before, id] };
  });
  const renamed = hashed.filter((r) => r.before.length > 0);
  if (renamed.length === 0) return hashed;
  const targets = new Map<string, Resource[]>();
  for (const resource of renamed) {
    const kind = kindOf(resource.value);
    const known = targets.get(kind);
    if (known === undefined) targets.set(kind, [resource]);
    else known.push(resource);
  }
  const byKind = Map.groupBy([...BUILT_IN, ...more], (reference) => reference.kind ?? "*");
  return hashed.map((resource) => follow(resource, targets, byKind));
};

const follow = (
  resource: Resource,
  targets: ReadonlyMap<string, readonly Resource[]>,
  references: ReadonlyMap<string, readonly NameReference[]>,
): Resource => {
  const namespace = namespaceOf(resource.value);
  const kind = kindOf(resource.value);
  let value: Json = resource.value;
  for (const reference of [...(references.get(kind) ?? []), ...(references.get("*") ?? [])]) {
    const candidates = targets.get(reference.to);
    if (candidates === undefined) continue;
    value = record(
      mapAt(value, reference.path, (found) => {
        const name = scalar(found);
        if (name === null) return found;
        const target = candidates.find((c) => c.before.some((id) => id.name === name) && sameSpace(c, namespace));
        return target === undefined ? found : nameOf(target.value);
      }),
    );
  }
  if (kind === "RoleBinding" || kind === "ClusterRoleBinding")
    value = followSubjects(value, targets.get("ServiceAccount") ?? []);
  return value === resource.value ? resource : { ...resource, value };
};

const sameSpace = (candidate: Resource, namespace: string | null): boolean =>
  groupOf(candidate.value) !== "" || (namespaceOf(candidate.value) ?? "default") === (namespace ?? "default");

const followSubjects = (value: Json, accounts: readonly Resource[]): Json =>
  record(
    mapAt(value, ["subjects"], (subjects) =>
      list(subjects).map((subject) => {
        if (!isRecord(subject) || subject["kind"] !== "ServiceAccount") return subject;
        const wanted = text(subject["namespace"]) ?? "default";
        const account = accounts.find((a) =>
          a.before.some((id) => id.name === subject["name"] && (id.namespace ?? "default") === wanted),
        );
        if (account === undefined) return subject;
        const copy: Record<string, unknown> = { ...subject };
        put(copy, "name", nameOf(account.value));
        const namespace = namespaceOf(account.value);
        if (namespace !== null) put(copy, "namespace", namespace);
        return copy;
      }),
    ),
  );
