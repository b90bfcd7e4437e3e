import {
  CLUSTER_LABEL,
  type LabelSet,
  labelSet,
  NAMESPACE_LABEL,
  NAMESPACE_META_PREFIX,
  SERVICE_ACCOUNT_LABEL,
} from "../facts/labels.ts";

export interface PodIdentity {
  readonly podLabels: Readonly<Record<string, string>>;
  readonly namespace: string;
  /** `kubernetes.io/metadata.name` is added: the API server puts it on every namespace. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string | null;
  readonly cluster?: string;
}

const KEPT = [
  NAMESPACE_LABEL,
  NAMESPACE_META_PREFIX.slice(0, -1),
  "app.kubernetes.io",
  CLUSTER_LABEL,
  SERVICE_ACCOUNT_LABEL,
] as const;

const LEFT_OUT = [
  /^io\.kubernetes/,
  /^kubernetes\.io/,
  /^statefulset\.kubernetes\.io\/pod-name/,
  /^apps\.kubernetes\.io\/pod-index/,
  /^batch\.kubernetes\.io\/job-completion-index/,
  /^batch\.kubernetes\.io\/controller-uid/,
  /^.*beta\.kubernetes\.io/,
  /^k8s\.io/,
  /^pod-template-generation/,
  /^pod-template-hash/,
  /^controller-revision-hash/,
  /^controller-uid/,
  /^annotation.*/,
  /^etcd_node/,
  /^topology\.kubernetes\.io/,
] as const;

/**
 * Whether a pod label of this key becomes part of the identity under the default label filter (C A.2.4). A selector on
 * any other key never matches. The longest kept prefix must be longer than the shortest one that is left out.
 */
export const isIdentityRelevant = (key: string): boolean => {
  let left = 0;
  for (const pattern of LEFT_OUT) {
    const length = pattern.exec(key)?.[0].length ?? 0;
    if (length > 0 && (left === 0 || length < left)) left = length;
  }
  if (left === 0) return true;
  return KEPT.some((prefix) => key.startsWith(prefix) && prefix.length > left);
};

/** The identity's labels of a pod, as Cilium would print them. Namespace labels are named, not filtered, by key (C A.2.5). */
export const podIdentityLabels = (pod: PodIdentity): LabelSet => {
  const out: string[] = [];
  for (const [key, value] of Object.entries(pod.podLabels)) {
    if (isIdentityRelevant(key)) out.push(`k8s:${key}=${value}`);
  }
  const own = (key: string): boolean =>
    key === NAMESPACE_LABEL || key === CLUSTER_LABEL || key === SERVICE_ACCOUNT_LABEL;
  const labels = out.filter((label) => !own(label.slice("k8s:".length, label.indexOf("="))));
  labels.push(`k8s:${NAMESPACE_LABEL}=${pod.namespace}`, `k8s:${CLUSTER_LABEL}=${pod.cluster ?? "default"}`);
  const meta = { ...pod.namespaceLabels, "kubernetes.io/metadata.name": pod.namespace };
  for (const [key, value] of Object.entries(meta)) labels.push(`k8s:${NAMESPACE_META_PREFIX}${key}=${value}`);
  if (pod.serviceAccount) labels.push(`k8s:${SERVICE_ACCOUNT_LABEL}=${pod.serviceAccount}`);
  return labelSet(labels);
};

/** One label, taken apart: `k8s:app=web`, `reserved:world`, `cidr:10.0.0.0/8`, `fqdn:*.example.com`. */
export interface Label {
  readonly source: string;
  readonly key: string;
  readonly value: string;
}

export const parseLabel = (text: string): Label => {
  const colon = text.indexOf(":");
  const source = colon < 0 ? "unspec" : text.slice(0, colon);
  const rest = colon < 0 ? text : text.slice(colon + 1);
  // A CIDR is its own key: an IPv6 prefix may be printed with colons, never with an equals sign.
  const equals = rest.indexOf("=");
  if (equals < 0) return { source, key: rest, value: "" };
  return { source, key: rest.slice(0, equals), value: rest.slice(equals + 1) };
};
