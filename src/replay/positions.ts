import type { Edge } from "../facts/edge.ts";
import { isBalanced, isProbe } from "../facts/exposure.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { LabelSet } from "../facts/labels.ts";
import { hasReserved } from "../facts/labels.ts";
import type { Actor } from "./cast.ts";

/** One way the same connection may look tomorrow, because a pod or an address landed elsewhere (lesson 36). */
export interface Position {
  readonly source: Actor;
  readonly destination: Actor;
  /** Null: as recorded. Otherwise what was changed, for people. */
  readonly as: string | null;
}

const isWorld = (labels: LabelSet): boolean =>
  hasReserved(labels, "world") || hasReserved(labels, "world-ipv4") || hasReserved(labels, "world-ipv6");

const standIn = (actor: Actor, labels: LabelSet): Actor => ({
  ...actor,
  peer: { ...actor.peer, labels, endpoint: false },
});

const APISERVER: readonly (readonly string[])[] = [
  ["reserved:host", "reserved:kube-apiserver"],
  ["reserved:kube-apiserver", "reserved:remote-node"],
  ["reserved:kube-apiserver"],
];

/** Every position in which an edge has to hold: as recorded, and as it would look from another node. */
export const positions = (
  edge: Pick<Edge, "port">,
  source: Actor,
  destination: Actor,
  inventory: Pick<Inventory, "services" | "gateways">,
): readonly Position[] => {
  const all: Position[] = [{ source, destination, as: null }];
  const from = source.peer.labels ?? [];
  const to = destination.peer.labels ?? [];
  if (hasReserved(from, "kube-apiserver"))
    for (const labels of APISERVER)
      all.push({ source: standIn(source, labels), destination, as: `source as ${labels.join(" and ")}` });
  else if (hasReserved(from, "host") && destination.peer.endpoint) {
    const probed = destination.workload !== null && isProbe(destination.workload, edge.port);
    if (!probed)
      all.push({
        source: standIn(source, ["reserved:remote-node"]),
        destination,
        as: "source as reserved:remote-node",
      });
  } else if (isWorld(from) && destination.workload !== null && isBalanced(inventory, destination.workload, edge.port))
    all.push({ source: standIn(source, ["reserved:remote-node"]), destination, as: "source as reserved:remote-node" });
  if (hasReserved(to, "kube-apiserver"))
    for (const labels of APISERVER)
      all.push({ source, destination: standIn(destination, labels), as: `destination as ${labels.join(" and ")}` });
  return all;
};
