import { POLICY_KINDS, type PolicyKind, type PolicyRef } from "../facts/policy.ts";

const DERIVED_FROM = "io.cilium.k8s.policy.derived-from=";
const NAME = "io.cilium.k8s.policy.name=";
const NAMESPACE = "io.cilium.k8s.policy.namespace=";

const isKind = (kind: string): kind is PolicyKind => POLICY_KINDS.some((k) => k === kind);

const label = (labels: readonly string[], key: string): string => {
  const found = labels.find((l) => l.includes(key));
  return found === undefined ? "" : found.slice(found.indexOf(key) + key.length);
};

/**
 * The policy that Cilium names in `*_allowed_by` and `*_denied_by`; null for the rules it makes up itself (allow-any,
 * localhost), which have no name of a policy anywhere (C F.2.12): they must never pass for an allow that is live.
 */
export const policyRef = (policy: {
  readonly name: string;
  readonly namespace: string;
  readonly labels: readonly string[];
  readonly kind: string;
}): PolicyRef | null => {
  const from = label(policy.labels, DERIVED_FROM);
  const name = policy.name === "" ? label(policy.labels, NAME) : policy.name;
  if (name === "") return null;
  const namespace = policy.namespace === "" ? label(policy.labels, NAMESPACE) : policy.namespace;
  const kind = [policy.kind, from].find(isKind);
  if (kind !== undefined) return { kind, namespace: namespace === "" ? null : namespace, name };
  return namespace === ""
    ? { kind: "CiliumClusterwideNetworkPolicy", namespace: null, name }
    : { kind: "CiliumNetworkPolicy", namespace, name };
};
