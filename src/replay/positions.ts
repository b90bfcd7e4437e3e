import { peerPositions } from "../cilium/from-flow.ts";
import type { Edge } from "../facts/edge.ts";
import { isBalanced, isProbe } from "../facts/exposure.ts";
import type { Inventory } from "../facts/inventory.ts";
import { hasReserved } from "../facts/labels.ts";
import type { Peer } from "../facts/verdict.ts";
import type { Actor } from "./cast.ts";

/** One way the same connection may look tomorrow, because a pod or an address landed elsewhere (lesson 36). */
export interface Position {
  readonly source: Actor;
  readonly destination: Actor;
  /** Null: as recorded. Otherwise what was changed, for people. */
  readonly as: string | null;
}

const seenAs = (actor: Actor, peer: Peer): Actor => ({ ...actor, peer: { ...actor.peer, ...peer } });

const named = (peer: Peer): string => (peer.labels ?? []).join(" and ");

/** Every position in which an edge has to hold: as recorded first, then as it would look from another node. */
export const positions = (
  edge: Pick<Edge, "port">,
  source: Actor,
  destination: Actor,
  inventory: Pick<Inventory, "services" | "gateways">,
): readonly Position[] => {
  const served = destination.workload;
  const facts = {
    // Only a pod is somebody's to probe; towards anything else the client stays who it is.
    isKubeletProbe: !destination.peer.endpoint || (served !== null && isProbe(served, edge.port)),
    isBalanced: served !== null && isBalanced(inventory, served, edge.port),
  };
  // The kubelet is the pod's own node, also where that node serves the API.
  const isKubelet = facts.isKubeletProbe && hasReserved(source.peer.labels ?? [], "host");
  const [, ...clients] = isKubelet ? [source.peer] : peerPositions(source.peer, "client", facts);
  const [, ...targets] = peerPositions(destination.peer, "destination", facts);
  return [
    { source, destination, as: null },
    ...clients.map((peer) => ({ source: seenAs(source, peer), destination, as: `source as ${named(peer)}` })),
    ...targets.map((peer) => ({ source, destination: seenAs(destination, peer), as: `destination as ${named(peer)}` })),
  ];
};
