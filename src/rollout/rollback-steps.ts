/** What undoing a lock takes, as a person could type it on the day the program itself is down. */
export interface RollbackTarget {
  readonly namespace: string;
  readonly policy: string;
  /** `namespace/name` of the Flux Kustomization that owns the lock. */
  readonly owner: string;
  /** It carries nothing else: then it is suspended whole. */
  readonly alone: boolean;
}

/** Kubernetes names need no quoting; anything else is not printed into a shell line. */
const word = (text: string): string => (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text) ? text : "NAME");

export const rollbackSteps = (target: RollbackTarget): readonly string[] => {
  const [ownerNamespace = "", ownerName = ""] = target.owner.split("/").map(word);
  const namespace = word(target.namespace);
  const policy = word(target.policy);
  const cnp = `ciliumnetworkpolicies.cilium.io ${policy}`;
  if (!target.alone)
    return [
      `kubectl annotate -n ${namespace} ${cnp} kustomize.toolkit.fluxcd.io/reconcile=disabled --overwrite`,
      `kubectl patch -n ${namespace} ${cnp} --type merge -p '{"spec":{"enableDefaultDeny":{"ingress":false,"egress":false}}}'`,
      "# merge the revert, wait until Flux has applied it, then:",
      `kubectl delete -n ${namespace} ${cnp}`,
    ];
  return [
    `flux suspend kustomization ${ownerName} -n ${ownerNamespace}`,
    `kubectl wait -n ${ownerNamespace} kustomizations.kustomize.toolkit.fluxcd.io/${ownerName} --for=condition=Reconciling=false --timeout=2m`,
    `kubectl delete -n ${namespace} ${cnp}`,
    `kubectl get -n ${namespace} ciliumnetworkpolicies.cilium.io`,
    "# merge the revert, wait until the source has fetched it, then:",
    `flux resume kustomization ${ownerName} -n ${ownerNamespace}`,
  ];
};
