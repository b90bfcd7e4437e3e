/**
 * Pods that operators make of their custom resources, as data. `{name}` and `{namespace}` are the resource's own;
 * `{path.to.field}` is a field of it. Every label given here is on every such pod; more may be there.
 */
export interface OperatorPods {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `name:port`. */
  readonly ports?: readonly string[];
  readonly transient?: boolean;
  readonly hostNetwork?: boolean;
  readonly serviceAccount?: string;
  /** A field of the resource that must be there for these pods to be made. */
  readonly when?: string;
  readonly unless?: string;
  /** A number of the resource that must be above one. */
  readonly several?: string;
}

export interface OperatorKnowledge {
  readonly operator: string;
  readonly group: string;
  readonly kind: string;
  readonly pods: readonly OperatorPods[];
  readonly services?: readonly {
    readonly name: string;
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly string[];
  }[];
}
