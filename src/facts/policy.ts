/** Where a thing stands in a file: 1-based line and column, path relative to the tree that was read. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type PolicyKind = "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy" | "NetworkPolicy";
export const POLICY_KINDS = [
  "CiliumNetworkPolicy",
  "CiliumClusterwideNetworkPolicy",
  "NetworkPolicy",
] as const satisfies readonly PolicyKind[];

/** A policy by name. `namespace` is null for clusterwide policies. */
export interface PolicyRef {
  readonly kind: PolicyKind;
  readonly namespace: string | null;
  readonly name: string;
}

/** One rule of a policy: `/spec/egress/0`, `/specs/1/ingressDeny/2` (a JSON pointer into the object). */
export interface RuleRef {
  readonly policy: PolicyRef;
  readonly rule: string;
}

/** A policy object as written, before any judgement: its JSON value may be anything a YAML file can hold. */
export interface PolicyDocument {
  readonly object: unknown;
  /** Namespace the object lands in when it names none itself (Flux `targetNamespace`, kustomize `namespace`). */
  readonly namespace?: string | null;
  readonly origin: Origin | null;
  /** Position of a path inside the object, when it came from a file: `locate(["spec","egress",0])`. */
  readonly locate?: (path: readonly (string | number)[]) => Origin | null;
}

export const policyId = (ref: PolicyRef): string => `${ref.kind}/${ref.namespace ?? "-"}/${ref.name}`;
