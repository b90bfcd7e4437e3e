import { z } from "zod";
import { isRecord } from "../../facts/json.ts";

/** A Kubernetes object as the API server keeps it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

const strings = z.record(z.string(), z.string());
const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: strings.nullish().transform((labels) => labels ?? undefined),
    annotations: strings.nullish().transform((annotations) => annotations ?? undefined),
  }),
});

/** The object, or null when it has no kind or no name, or labels that are no strings. */
export const asObject = (value: unknown): KubeObject | null => {
  const parsed = objectSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
};

const CLUSTER_SCOPED = new Set([
  "Namespace",
  "Node",
  "CustomResourceDefinition",
  "ClusterRole",
  "ClusterRoleBinding",
  "StorageClass",
  "PersistentVolume",
  "GatewayClass",
  "ClusterIssuer",
  "CiliumClusterwideNetworkPolicy",
  "CiliumNode",
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "APIService",
  "PriorityClass",
]);
export const isClusterScoped = (kind: string): boolean => CLUSTER_SCOPED.has(kind);

export const namespaceOfObject = (object: KubeObject): string | null =>
  isClusterScoped(object.kind) ? null : (object.metadata.namespace ?? "default");

/** `group/Kind/namespace/name`, with `-` for no group and no namespace. */
export const keyOf = (object: KubeObject): string =>
  key(object.apiVersion, object.kind, namespaceOfObject(object), object.metadata.name);

export const key = (apiVersion: string, kind: string, namespace: string | null, name: string): string =>
  `${groupOf(apiVersion) || "-"}/${kind}/${namespace ?? "-"}/${name}`;

export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

/** A field below `spec`, or undefined. */
export const specOf = (object: KubeObject): Readonly<Record<string, unknown>> => {
  const spec = object["spec"];
  return isRecord(spec) ? spec : {};
};

export const OWNER_NAME = "kustomize.toolkit.fluxcd.io/name";
export const OWNER_NAMESPACE = "kustomize.toolkit.fluxcd.io/namespace";
export const RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile";
export const PRUNE = "kustomize.toolkit.fluxcd.io/prune";

/** `namespace/name` of the Flux Kustomization that applied it, from its labels. */
export const ownerOf = (object: KubeObject): string | null => {
  const name = object.metadata.labels?.[OWNER_NAME];
  const namespace = object.metadata.labels?.[OWNER_NAMESPACE];
  return name === undefined || namespace === undefined ? null : `${namespace}/${name}`;
};

export const isFluxKustomization = (object: KubeObject): boolean =>
  object.kind === "Kustomization" && groupOf(object.apiVersion) === "kustomize.toolkit.fluxcd.io";

export const isGitRepository = (object: KubeObject): boolean =>
  object.kind === "GitRepository" && groupOf(object.apiVersion) === "source.toolkit.fluxcd.io";

export const isPolicy = (object: KubeObject): boolean =>
  object.kind === "CiliumNetworkPolicy" ||
  object.kind === "CiliumClusterwideNetworkPolicy" ||
  (object.kind === "NetworkPolicy" && groupOf(object.apiVersion) === "networking.k8s.io");
