import { podIdentityLabels } from "../cilium/labels.ts";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import type { Certainty } from "../facts/known.ts";
import { CLUSTER_LABEL, NAMESPACE_LABEL, NAMESPACE_META_PREFIX, SERVICE_ACCOUNT_LABEL } from "../facts/labels.ts";
import type { Origin } from "../facts/policy.ts";
import type { Endpoint, Protocol } from "../facts/verdict.ts";
import type { Labelled } from "./selector.ts";

/** The pods of one workload, as an audit sees them. */
export interface PodView extends Labelled {
  readonly fact: WorkloadFact;
  /** `ns/Kind/name`. */
  readonly id: string;
  readonly namespace: string;
  readonly endpoint: Endpoint;
  readonly sure: Certainty;
  /** False for host-network pods: policy governs neither them nor their ports (C A.3.3). */
  readonly governed: boolean;
  readonly origin: Origin | null;
}

const namedPorts = (fact: WorkloadFact): NonNullable<Endpoint["namedPorts"]> => {
  const named: Record<string, { port: number; protocol: Protocol }> = {};
  for (const container of fact.containers)
    for (const port of container.ports)
      if (port.name !== null) named[port.name.toLowerCase()] = { port: port.port, protocol: port.protocol };
  return named;
};

export const podViews = (inventory: Inventory, cluster: string): readonly PodView[] => {
  const namespaces = new Map(inventory.namespaces.map((n) => [n.name, n.labels]));
  const written = new Set(inventory.namespaces.flatMap((n) => (n.origin === null || n.dormant ? [] : [n.name])));
  return inventory.workloads.map((fact) => {
    const namespaceLabels = { ...namespaces.get(fact.namespace), "kubernetes.io/metadata.name": fact.namespace };
    const labels: Record<string, string> = { ...fact.podLabels };
    for (const [key, value] of Object.entries(namespaceLabels)) labels[`${NAMESPACE_META_PREFIX}${key}`] = value;
    labels[NAMESPACE_LABEL] = fact.namespace;
    labels[CLUSTER_LABEL] = cluster;
    if (fact.serviceAccount !== null) labels[SERVICE_ACCOUNT_LABEL] = fact.serviceAccount;
    const identity = {
      podLabels: fact.podLabels,
      namespace: fact.namespace,
      namespaceLabels,
      serviceAccount: fact.serviceAccount,
      cluster,
    };
    return {
      fact,
      id: `${fact.namespace}/${fact.kind}/${fact.name}`,
      namespace: fact.namespace,
      labels,
      complete: fact.labelsComplete,
      namespaceKnown: written.has(fact.namespace),
      guessed: fact.sure === "guess",
      endpoint: { labels: podIdentityLabels(identity), namedPorts: namedPorts(fact) },
      sure: fact.sure,
      governed: !fact.hostNetwork,
      origin: fact.origin,
    };
  });
};
