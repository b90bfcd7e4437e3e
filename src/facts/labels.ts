/**
 * An identity's labels as Cilium prints them, `source:key=value` (`k8s:app=web`, `reserved:world`, `cidr:10.0.0.0/8`,
 * `fqdn:api.example.com`), sorted and without duplicates. Only identity-relevant labels ever stand here (C A.2.4).
 */
export type LabelSet = readonly string[];

export const NAMESPACE_LABEL = "io.kubernetes.pod.namespace";
export const CLUSTER_LABEL = "io.cilium.k8s.policy.cluster";
export const SERVICE_ACCOUNT_LABEL = "io.cilium.k8s.policy.serviceaccount";
export const NAMESPACE_META_PREFIX = "io.cilium.k8s.namespace.labels.";

export const labelSet = (labels: Iterable<string>): LabelSet => [...new Set(labels)].sort();

/** The value of `k8s:<key>` in a set, or null. */
export const k8sLabel = (labels: LabelSet, key: string): string | null => {
  const prefix = `k8s:${key}=`;
  for (const label of labels) if (label.startsWith(prefix)) return label.slice(prefix.length);
  return null;
};

export const namespaceOf = (labels: LabelSet): string | null => k8sLabel(labels, NAMESPACE_LABEL);

export const hasReserved = (labels: LabelSet, name: string): boolean => labels.includes(`reserved:${name}`);
