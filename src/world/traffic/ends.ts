import { labelSet, type LabelSet } from "../../facts/labels.ts";
import type { Endpoint } from "../../hubble/proto/flow/flow.ts";
import type { Pod } from "../cluster/pods.ts";
import { hash } from "../hash.ts";
import type { WorldNode } from "../scenario/model.ts";
import { CLUSTER_NAME } from "../scenario/nodes.ts";

/** One end of one connection, resolved to an address. */
export type End =
  | { readonly kind: "pod"; readonly pod: Pod }
  /** A node's own network: kubelet, API server, or a load balancer's SNAT. */
  | { readonly kind: "node"; readonly node: WorldNode }
  | {
      readonly kind: "world";
      readonly ip: string;
      /** The name it was asked by, or null. */
      readonly name: string | null;
    };

/** What the policies in force make of an address of the world: its `cidr:` and `fqdn:` labels. */
export type WorldLabels = (ip: string, name: string | null) => readonly string[];

export const ipOf = (end: End): string =>
  end.kind === "pod" ? end.pod.ip : end.kind === "node" ? end.node.ip : end.ip;

export const nodeOf = (end: End): WorldNode | null =>
  end.kind === "pod" ? end.pod.node : end.kind === "node" ? end.node : null;

/** For keys: an end is the same while this is. */
export const endKey = (end: End): string =>
  end.kind === "pod"
    ? `${end.pod.ip}=${end.pod.name}`
    : end.kind === "node"
      ? end.node.name
      : `${end.ip}=${end.name ?? ""}`;

/** Labels as Cilium on `seen` has them: the same node is host there and remote-node everywhere else (C B.2, D.5). */
export const labelsOf = (end: End, seen: WorldNode | null, world: WorldLabels): LabelSet => {
  if (end.kind === "pod") return end.pod.identityLabels;
  if (end.kind === "world") return labelSet([...world(end.ip, end.name), "reserved:world"]);
  return labelSet([
    end.node.name === seen?.name ? "reserved:host" : "reserved:remote-node",
    ...(end.node.controlPlane ? ["reserved:kube-apiserver"] : []),
  ]);
};

/** Identities for CIDR and FQDN peers are local to the node that made them (C B.2). */
const LOCAL_IDENTITIES = 16_777_217;

const identityOf = (end: End, seen: WorldNode, labels: LabelSet): number => {
  if (end.kind === "pod") return end.pod.identity;
  if (end.kind === "node") return end.node.name === seen.name ? 1 : end.node.controlPlane ? 7 : 6;
  return labels.length === 1 ? 2 : LOCAL_IDENTITIES + (hash(seen.name, ...labels) % 60_000);
};

/** The end as the observing node reports it: endpoint id and workload only for its own pods (C F.1). */
export const endpointOf = (end: End, seen: WorldNode, world: WorldLabels): Endpoint => {
  const labels = labelsOf(end, seen, world);
  const base: Endpoint = {
    ID: 0,
    identity: identityOf(end, seen, labels),
    namespace: "",
    labels: [...labels],
    podName: "",
    workloads: [],
    clusterName: "",
  };
  if (end.kind !== "pod") return base;
  const { pod } = end;
  const local = pod.node.name === seen.name;
  return {
    ...base,
    ID: local ? pod.endpointId : 0,
    namespace: pod.namespace,
    podName: pod.name,
    workloads: local ? [{ name: pod.workload.name, kind: pod.workload.kind }] : [],
    clusterName: CLUSTER_NAME,
  };
};
