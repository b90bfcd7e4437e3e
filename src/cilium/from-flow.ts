import type { EdgeEnd } from "../facts/edge.ts";
import type { FlowEnd } from "../facts/flow.ts";
import { CLUSTER_LABEL, hasReserved, type LabelSet, labelSet, namespaceOf } from "../facts/labels.ts";
import type { PolicyRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Endpoint, Peer } from "../facts/verdict.ts";
import { parseAddress, worldLabel } from "./cidr.ts";
import type { ConnectionEnd } from "./policy-set.ts";

/** A recorded end as policy sees it, and what was assumed on the way. */
export interface RecordedEnd {
  readonly end: ConnectionEnd;
  /** Said for people; empty when the record alone decided. */
  readonly assumed: readonly string[];
}

const isWorld = (labels: LabelSet): boolean =>
  labels.some((l) => l.startsWith("reserved:world") || l.startsWith("cidr:") || l.startsWith("fqdn:"));

/** Endpoints that live in no namespace and that clusterwide policies select all the same (C A.3.4). */
const isEndpoint = (labels: LabelSet): boolean =>
  namespaceOf(labels) !== null || ["health", "ingress", "init"].some((name) => hasReserved(labels, name));

/**
 * Labels as the agent would hold them. A pod recorded without a cluster label is taken for a local one (C G.3); an address
 * outside that carries only its prefix gets the world label that belongs to it (C B.3.2).
 */
const complete = (labels: LabelSet, ip: string | null, settings: CiliumSettings): LabelSet => {
  const out = [...labels];
  if (namespaceOf(labels) !== null && !labels.some((l) => l.startsWith(`k8s:${CLUSTER_LABEL}=`))) {
    out.push(`k8s:${CLUSTER_LABEL}=${settings.clusterName}`);
  }
  if (isWorld(labels) && !labels.some((l) => l.startsWith("reserved:world")) && !hasReserved(labels, "remote-node")) {
    const v6 = ip === null ? labels.some((l) => /^cidr:[^/]*(?:--|:)/.test(l)) : ip.includes(":");
    out.push(`reserved:${worldLabel(!v6, settings)}`);
  }
  return labelSet(out);
};

/**
 * One end of a flow or an edge as policy sees it. Labels decide what it is, never the identity's number, which differs from
 * node to node (C B.2); no labels at all is "not known", for which every selector is unknown. Several addresses behind one end
 * are not one address: CIDR rules are then unknown.
 */
export const recordedEnd = (
  end: { readonly labels: LabelSet; readonly ips: readonly string[]; readonly names: readonly string[] },
  settings: CiliumSettings,
  namedPorts?: Endpoint["namedPorts"],
): RecordedEnd => {
  const addresses = [...new Set(end.ips)].filter((ip) => parseAddress(ip) !== null);
  const ip = addresses.length === 1 ? (addresses[0] ?? null) : null;
  // Empty does not mean that there is no name (C F.2.7).
  const names = end.names.length === 0 ? null : end.names;
  const ports = namedPorts === undefined ? {} : { namedPorts };
  if (end.labels.length === 0 || hasReserved(end.labels, "unknown")) {
    return {
      end: { labels: null, ip, names, endpoint: true, ...ports },
      assumed: ["nobody recorded who this end was"],
    };
  }
  const labels = complete(end.labels, ip, settings);
  const assumed =
    labels.length > end.labels.length && namespaceOf(labels) !== null
      ? [`it is a pod of the local cluster ${JSON.stringify(settings.clusterName)}: no cluster label was recorded`]
      : [];
  return { end: { labels, ip, names, endpoint: isEndpoint(labels), ...ports }, assumed };
};

export const edgeEnd = (
  end: Pick<EdgeEnd, "labels" | "ips" | "names">,
  settings: CiliumSettings,
  namedPorts?: Endpoint["namedPorts"],
): RecordedEnd => recordedEnd(end, settings, namedPorts);

export const flowEnd = (
  end: Pick<FlowEnd, "labels" | "ip" | "names">,
  settings: CiliumSettings,
  namedPorts?: Endpoint["namedPorts"],
): RecordedEnd => recordedEnd({ ...end, ips: end.ip === null ? [] : [end.ip] }, settings, namedPorts);

/** What is known of an ingress edge's destination that decides where its client may be seen tomorrow (lesson 36). */
export interface PositionFacts {
  /** The port is one that the kubelet probes on this pod: the client is then always the pod's own node. */
  readonly isKubeletProbe: boolean;
  /** The pod is reached through a load balancer whose client addresses are not kept (no DSR, no `Local`). */
  readonly isBalanced: boolean;
}

/** The API server as its own node, as another node, and as an address that is no node of the cluster (C D.5). */
const APISERVER: readonly LabelSet[] = [
  ["reserved:host", "reserved:kube-apiserver"],
  ["reserved:kube-apiserver", "reserved:remote-node"],
  ["reserved:kube-apiserver"],
];

/**
 * Every identity under which the same peer may be seen after a reschedule, the recorded one first: a verdict that holds in
 * one of them only is luck (C D.3 to D.5, lesson 36). `role` is the peer's: a client, or a destination.
 */
export const peerPositions = (peer: Peer, role: "client" | "destination", facts: PositionFacts): readonly Peer[] => {
  const labels = peer.labels ?? [];
  const as = (set: LabelSet): Peer => ({ ...peer, labels: set });
  if (hasReserved(labels, "kube-apiserver")) {
    const recorded = labels.join(" ");
    return [peer, ...APISERVER.filter((set) => set.join(" ") !== recorded).map(as)];
  }
  if (role === "destination") return [peer];
  if (hasReserved(labels, "host")) return facts.isKubeletProbe ? [peer] : [peer, as(["reserved:remote-node"])];
  if (isWorld(labels) && facts.isBalanced) return [peer, as(["reserved:remote-node"])];
  return [peer];
};

/**
 * What Cilium itself said of one direction of a new connection, before any judgement of ours (C F.2.12): it named policies,
 * it passed by the synthesised allow-any, or its silence is no evidence. Other verdicts of the same node and hour tell
 * whether that agent names policies at all.
 */
export type OwnWord =
  | { readonly said: "named"; readonly policies: readonly PolicyRef[] }
  | { readonly said: "unnamed" }
  | { readonly said: "nothing" };

export const ownWord = (
  allowedBy: readonly PolicyRef[],
  context: { readonly isNewConnectionVerdict: boolean; readonly agentNamesPolicies: boolean },
): OwnWord => {
  if (!context.isNewConnectionVerdict) return { said: "nothing" };
  if (allowedBy.length > 0) return { said: "named", policies: allowedBy };
  return context.agentNamesPolicies ? { said: "unnamed" } : { said: "nothing" };
};
