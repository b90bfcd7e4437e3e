import { recordedEnd } from "../cilium/from-flow.ts";
import { podIdentityLabels } from "../cilium/labels.ts";
import type { EdgeEnd } from "../facts/edge.ts";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import type { LabelSet } from "../facts/labels.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Peer } from "../facts/verdict.ts";
import type { Entity, PeerKey } from "./need.ts";

/** What policy sees of pods and peers: labels of an identity, an address, names. */
export interface Faces {
  identity(pod: Pick<WorkloadFact, "namespace" | "podLabels" | "serviceAccount">): LabelSet;
  of(peer: PeerKey): readonly Peer[];
  /** As recorded, one for each address that was seen. */
  recorded(end: EdgeEnd, workload: WorkloadFact | null): readonly Peer[];
}

/** The API server's address may be the local host, another node, or neither (C D.5, lesson 36). */
const entityFaces = (entity: Entity): readonly Peer[] =>
  entity === "kube-apiserver"
    ? [
        { labels: ["reserved:kube-apiserver"] },
        { labels: ["reserved:host", "reserved:kube-apiserver"] },
        { labels: ["reserved:kube-apiserver", "reserved:remote-node"] },
      ]
    : [{ labels: [`reserved:${entity}`] }];

export const faces = (inventory: Pick<Inventory, "namespaces">, settings: CiliumSettings): Faces => {
  const namespaceLabels = new Map(inventory.namespaces.map((n) => [n.name, n.labels]));
  const identity: Faces["identity"] = ({ namespace, podLabels, serviceAccount }) =>
    podIdentityLabels({
      podLabels,
      namespace,
      namespaceLabels: namespaceLabels.get(namespace) ?? {},
      serviceAccount,
      cluster: settings.clusterName,
    });
  const pods = (workload: WorkloadFact): readonly Peer[] =>
    workload.hostNetwork
      ? [{ labels: ["reserved:host"] }, { labels: ["reserved:remote-node"] }]
      : [{ labels: identity(workload) }];
  return {
    identity,
    of: (peer) => {
      if (peer.kind === "entities") return peer.entities.flatMap(entityFaces);
      if (peer.kind === "cidr") return [{ labels: ["reserved:world"], ip: peer.cidr.split("/")[0] ?? null, names: [] }];
      if (peer.kind === "name") return [{ labels: ["reserved:world"], ip: null, names: [peer.name] }];
      if (peer.workload !== null) return pods(peer.workload);
      return [{ labels: identity({ namespace: peer.namespace, podLabels: peer.labels, serviceAccount: null }) }];
    },
    recorded: (end, workload) => {
      if (workload !== null && workload.labelsComplete && workload.sure !== "guess") return pods(workload);
      const ips = end.ips.length === 0 || end.namespace !== null ? [[]] : end.ips.map((ip) => [ip]);
      return ips.map((one) => recordedEnd({ ...end, ips: one }, settings).end);
    },
  };
};
