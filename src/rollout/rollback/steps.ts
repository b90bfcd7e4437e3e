/** What undoing a lock takes, as a person could type it on the day the program itself is down. */
export interface RollbackTarget {
  readonly namespace: string;
  readonly policy: string;
  /** `namespace/name` of the Flux Kustomization that owns the lock; null: none does. */
  readonly owner: string | null;
  /** It carries nothing else: then it is suspended whole. */
  readonly alone: boolean;
}

/** Kubernetes names need no quoting; anything else is not printed into a shell line. */
const word = (text: string): string => (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text) ? text : "NAME");

const KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io";
const IN_FLIGHT = `-o jsonpath='{.status.conditions[?(@.type=="Reconciling")].status}'`;

export const rollbackSteps = (target: RollbackTarget): readonly string[] => {
  const [ownerNamespace = "", ownerName = ""] = (target.owner ?? "").split("/").map(word);
  const namespace = word(target.namespace);
  const cnp = `ciliumnetworkpolicies.cilium.io ${word(target.policy)}`;
  const confirm = `kubectl get -n ${namespace} ciliumendpoints.cilium.io -o wide`;
  if (target.owner === null || !target.alone)
    return [
      `kubectl annotate -n ${namespace} ${cnp} kustomize.toolkit.fluxcd.io/reconcile=disabled --overwrite`,
      `kubectl patch -n ${namespace} ${cnp} --type merge -p '{"spec":{"enableDefaultDeny":{"ingress":false,"egress":false}}}'`,
      confirm,
      "# merge the revert, wait until Flux has applied it, then:",
      `kubectl delete -n ${namespace} ${cnp}`,
    ];
  return [
    `flux suspend kustomization ${ownerName} -n ${ownerNamespace}`,
    `while kubectl get -n ${ownerNamespace} ${KUSTOMIZATIONS} ${ownerName} ${IN_FLIGHT} | grep -q True; do sleep 1; done`,
    `kubectl delete -n ${namespace} ${cnp}`,
    confirm,
    "# merge the revert, wait until the source has fetched it, then:",
    `flux resume kustomization ${ownerName} -n ${ownerNamespace}`,
  ];
};
