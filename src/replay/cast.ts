import { recordedEnd } from "../cilium/from-flow.ts";
import { podIdentityLabels } from "../cilium/labels.ts";
import type { Edge, EdgeEnd } from "../facts/edge.ts";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import type { LabelSet } from "../facts/labels.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Endpoint, Peer } from "../facts/verdict.ts";
import { roster, workloadId } from "../facts/who.ts";

/** One end as policy would see it today. */
export interface Actor {
  readonly id: string;
  readonly peer: Peer & { readonly endpoint: boolean };
  /** The workload that stands behind it today; null for what is no pod, or is not in the inventory. */
  readonly workload: WorkloadFact | null;
  /** Judged by the labels it has now, or by those that were recorded. */
  readonly labelsFrom: "current" | "recorded";
  /** A workload that no longer exists (`facts/who.ts`). */
  readonly vanished: boolean;
}

export type CastInventory = Pick<Inventory, "namespaces" | "workloads" | "services" | "gateways" | "objects">;

/** Who is who now: from recorded ends and from workloads to what policy sees. */
export interface Cast {
  end(end: EdgeEnd): Actor;
  pods(workload: WorkloadFact): Actor;
  /** Pods of which only labels are known: an operator's, a gateway's. */
  labelled(namespace: string, labels: Readonly<Record<string, string>>): Actor;
}

const namedPorts = (workload: WorkloadFact): NonNullable<Endpoint["namedPorts"]> => {
  const named: Record<
    string,
    { port: number; protocol: WorkloadFact["containers"][number]["ports"][number]["protocol"] }
  > = {};
  for (const container of workload.containers)
    for (const { name, port, protocol } of container.ports) if (name !== null) named[name] = { port, protocol };
  return named;
};

export const cast = (inventory: CastInventory, settings: CiliumSettings, edges: readonly Edge[]): Cast => {
  const namespaceLabels = new Map(inventory.namespaces.map((n) => [n.name, n.labels]));
  const who = roster(inventory, edges);
  const seen = new Map<string, Actor>();
  const made = new Map<WorkloadFact, Actor>();

  const identity = (w: Pick<WorkloadFact, "namespace" | "podLabels" | "serviceAccount">): LabelSet =>
    podIdentityLabels({
      podLabels: w.podLabels,
      namespace: w.namespace,
      namespaceLabels: namespaceLabels.get(w.namespace) ?? {},
      serviceAccount: w.serviceAccount,
      cluster: settings.clusterName,
    });

  const actor = (end: EdgeEnd): Actor => {
    const workload = who.workloadOf(end);
    const current = workload !== null && workload.labelsComplete && workload.sure !== "guess" && !workload.hostNetwork;
    const ports = workload === null ? undefined : namedPorts(workload);
    const recorded = recordedEnd(end, settings, ports).end;
    return {
      id: end.id,
      peer: current ? { ...recorded, labels: identity(workload), endpoint: true } : recorded,
      workload,
      labelsFrom: current ? "current" : "recorded",
      vanished: workload === null && who.isGone(end),
    };
  };

  return {
    end: (end) => {
      const key = JSON.stringify([end.id, end.labels, end.ips, end.names]);
      const found = seen.get(key);
      if (found !== undefined) return found;
      const fresh = actor(end);
      seen.set(key, fresh);
      return fresh;
    },
    pods: (workload) => {
      const found = made.get(workload);
      if (found !== undefined) return found;
      // A pod on the host's network has no endpoint: its peers see the node (C A.3.3).
      const labels = workload.hostNetwork ? ["reserved:host"] : identity(workload);
      const fresh: Actor = {
        id: workloadId(workload),
        peer: { labels, ip: null, names: null, namedPorts: namedPorts(workload), endpoint: !workload.hostNetwork },
        workload,
        labelsFrom: "current",
        vanished: false,
      };
      made.set(workload, fresh);
      return fresh;
    },
    labelled: (namespace, podLabels) => ({
      id: `${namespace}/Pods/${Object.values(podLabels).join(",")}`,
      peer: { labels: identity({ namespace, podLabels, serviceAccount: null }), ip: null, names: null, endpoint: true },
      workload: null,
      labelsFrom: "current",
      vanished: false,
    }),
  };
};
