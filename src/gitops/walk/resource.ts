import type { Origin } from "../../facts/policy.ts";
import { isRecord, list, record, scalar, text, type Json, type Path } from "../json.ts";
import type { YamlDocument } from "../yaml-file.ts";

/** A change that a kustomization made to an object, so that a finding can point at the line that really says so. */
export type Layer = (path: Path) => Origin | null;

/** One object on its way through the kustomizations. Never mutated: each transformation makes a new one. */
export interface Resource {
  readonly value: Json;
  readonly file: string;
  /** Null for objects that a generator made. */
  readonly document: YamlDocument | null;
  /** The path inside the document: `items/2` of a List, else empty. */
  readonly within: Path;
  readonly layers: readonly Layer[];
  /** Identities it had before it was renamed; references and patches may still use them. */
  readonly before: readonly { readonly namespace: string | null; readonly name: string }[];
  /** A generator's object whose name gets a hash of its content in the end. */
  readonly hashed: boolean;
  /** Where a generator's data came from. */
  readonly dataFrom: ReadonlyMap<string, string>;
  readonly origin: Origin;
}

export const nameOf = (value: Json): string => scalar(record(value["metadata"])["name"]) ?? "";
export const namespaceOf = (value: Json): string | null => text(record(value["metadata"])["namespace"]);
export const kindOf = (value: Json): string => text(value["kind"]) ?? "";
export const apiVersionOf = (value: Json): string => text(value["apiVersion"]) ?? "";
export const groupOf = (value: Json): string => {
  const version = apiVersionOf(value);
  const slash = version.indexOf("/");
  return slash < 0 ? "" : version.slice(0, slash);
};
export const annotationsOf = (value: Json): Json => record(record(value["metadata"])["annotations"]);

/** Kinds without a namespace. For a custom resource nobody but the API server knows; these are the common ones. */
const CLUSTER_SCOPED = new Set(
  (
    "Namespace Node PersistentVolume ClusterRole ClusterRoleBinding CustomResourceDefinition StorageClass PriorityClass " +
    "RuntimeClass IngressClass CSIDriver CSINode VolumeAttachment APIService ValidatingWebhookConfiguration " +
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy " +
    "MutatingAdmissionPolicyBinding FlowSchema PriorityLevelConfiguration CertificateSigningRequest VolumeSnapshotClass " +
    "VolumeSnapshotContent ClusterIssuer ClusterSecretStore ClusterExternalSecret ClusterPolicy ClusterImageCatalog " +
    "CiliumClusterwideNetworkPolicy CiliumLoadBalancerIPPool CiliumL2AnnouncementPolicy CiliumBGPClusterConfig " +
    "CiliumBGPPeerConfig CiliumBGPAdvertisement CiliumCIDRGroup CiliumEgressGatewayPolicy CiliumNode CiliumIdentity " +
    "CiliumClusterwideEnvoyConfig GatewayClass NodeFeatureRule DeviceClass ClusterGenerator ClusterPushSecret"
  ).split(" "),
);
/** What kustomize itself knows to be without a namespace: the built-in groups only. */
const BUILT_IN_GROUP = /^$|^(?:apps|batch|policy|autoscaling|extensions)$|\.k8s\.io$/;

export const isClusterScoped = (value: Json): boolean => CLUSTER_SCOPED.has(kindOf(value));

/** Whether the namespace transformer leaves the object alone. */
export const isLeftWithoutNamespace = (value: Json): boolean =>
  isClusterScoped(value) && BUILT_IN_GROUP.test(groupOf(value)) && !isCustomInK8sGroup(groupOf(value));

const isCustomInK8sGroup = (group: string): boolean =>
  /^(?:snapshot\.storage|gateway\.networking|policy\.networking|metrics|nfd|.*\.x)\.k8s\.io$/.test(group) ||
  group.endsWith(".x-k8s.io");

export const isIdentifiedBy = (resource: Resource, name: string, namespace: string | null): boolean => {
  const ids = [{ namespace: namespaceOf(resource.value), name: nameOf(resource.value) }, ...resource.before];
  return ids.some((id) => id.name === name && (namespace === null || (id.namespace ?? "default") === namespace));
};

export const idOf = (value: Json): string =>
  `${groupOf(value)}/${kindOf(value)}/${namespaceOf(value) ?? ""}/${nameOf(value)}`;

/** The most particular place that says what stands at a path: a patch, generated data, or the file itself. */
export const locate = (resource: Resource, path: Path): Origin => {
  for (const layer of resource.layers.toReversed()) {
    const origin = layer(path);
    if (origin !== null) return origin;
  }
  const [first, key] = path;
  if ((first === "data" || first === "binaryData") && typeof key === "string") {
    const from = resource.dataFrom.get(key);
    if (from !== undefined) return { file: from, line: 1, column: 1 };
  }
  if (resource.document === null) return resource.origin;
  const { line, column } = resource.document.find([...resource.within, ...path]);
  return { file: resource.file, line, column };
};

/** A place inside a string value: line and column counted from 0 inside the text. */
export const locateInText = (resource: Resource, path: Path, line: number, column: number): Origin => {
  const start = locate(resource, path);
  const [first, key] = path;
  const from = first === "data" && typeof key === "string" ? resource.dataFrom.get(key) : undefined;
  if (from !== undefined) return { file: from, line: line + 1, column: column + 1 };
  const text = resource.document?.textStart([...resource.within, ...path]) ?? null;
  if (text === null || start.file !== resource.file) return start;
  if (text.block) return { file: start.file, line: text.line + line, column: text.column + column };
  return line === 0 ? { file: start.file, line: text.line, column: text.column + column } : start;
};

/** The objects of one document; a List counts as its items. */
export const resourcesOf = (document: YamlDocument, file: string): readonly Resource[] => {
  const make = (value: Json, within: Path): Resource => {
    const { line, column } = document.find(within);
    return {
      value,
      file,
      document,
      within,
      layers: [],
      before: [],
      hashed: false,
      dataFrom: new Map(),
      origin: { file, line, column },
    };
  };
  const { value } = document;
  if (!isRecord(value)) return [];
  if (kindOf(value).endsWith("List") && Array.isArray(value["items"])) {
    return list(value["items"]).flatMap((item, index) => (isRecord(item) ? [make(item, ["items", index])] : []));
  }
  return [make(value, [])];
};
