import { labelSet, type LabelSet } from "../facts/labels.ts";
import type { Protocol } from "../facts/verdict.ts";
import { everyPod, isReplica, type Pod } from "./cluster/pods.ts";
import type { ClusterState } from "./cluster/flux.ts";
import { NODES, OUTSIDERS } from "./scenario/nodes.ts";
import type { Party, Talk, WorldNode } from "./scenario/model.ts";
import { JOURNEYS, TALKS, WORKLOADS } from "./scenario/areas.ts";

/** One end of a legitimate flow, in every position in which policy may meet it. */
export interface LegitimateEnd {
  /** `ns/Kind/name`, `reserved:X` or `fqdn:X`. */
  readonly id: string;
  readonly namespace: string | null;
  readonly endpoint: boolean;
  readonly labels: LabelSet;
  readonly ip: string;
  readonly names: readonly string[];
}

/** A connection that the cluster needs and that no draft may lose; `port` is after translation. */
export interface LegitimateFlow {
  readonly id: string;
  readonly source: LegitimateEnd;
  readonly destination: LegitimateEnd;
  readonly protocol: Protocol;
  readonly port: number;
  /** How a recording can know it: all day, on some days, or only when somebody acts. */
  readonly when: "steady" | "daily" | "rare" | "asked";
}

/** Every connection of the traffic model with every workload running, one entry per pair of pods and position. */
export const legitimateFlows = (): readonly LegitimateFlow[] => {
  const flows = new Map<string, LegitimateFlow>();
  // Whoever leads: a failover must not need a new rule.
  for (const primary of [0, 1, 2]) {
    const actions = WORKLOADS.flatMap((w) =>
      w.roles === null ? [] : [{ kind: "failover", time: 0, workload: w.id, primary } as const],
    );
    for (const flow of flowsAmong(everyPod(everythingApplied, actions))) {
      const ends = [flow.source, flow.destination].map((end) => `${end.labels.join()} ${end.ip}`);
      const key = JSON.stringify([flow.id, ...ends, flow.port, flow.protocol]);
      if (!flows.has(key)) flows.set(key, flow);
    }
  }
  return [...flows.values()];
};

const DNS_SERVER: Party = { kind: "workload", id: "kube-system/coredns", replica: null };

const flowsAmong = (pods: readonly Pod[]): LegitimateFlow[] =>
  TALKS.flatMap((talk) => {
    const { id, protocol, port } = talk;
    const when = whenOf(talk);
    const own = pairs(talk.from, talk.to, pods).map(([source, destination]) => ({
      id,
      source,
      destination,
      protocol,
      port,
      when,
    }));
    if (talk.asks === null || talk.from.kind !== "workload") return own;
    const lookups = pairs(talk.from, DNS_SERVER, pods).map(([source, destination]) => ({
      id: `${id} (dns)`,
      source,
      destination,
      protocol: "UDP" as const,
      port: 53,
      when,
    }));
    return [...own, ...lookups];
  });

/** By itself, or as a step of what people do on an ordinary day. */
const whenOf = (talk: Talk): LegitimateFlow["when"] => {
  const journeys = JOURNEYS.filter((j) => j.steps.includes(talk.id)).map((j) => j.cadence.kind);
  const kinds = [talk.cadence.kind, ...journeys];
  if (kinds.includes("steady")) return "steady";
  if (kinds.includes("daily")) return "daily";
  return kinds.includes("weekly") || kinds.includes("days") ? "rare" : "asked";
};

const everythingApplied: ClusterState = {
  from: 0,
  source: null,
  objects: new Map(),
  kustomizations: new Map(),
  born: new Map(WORKLOADS.flatMap((w) => (w.appliedBy === null ? [] : [[w.appliedBy, 0] as const]))),
  inFlight: null,
};

const podEnd = (pod: Pod, other: Pod | null): LegitimateEnd =>
  pod.workload.hostNetwork ? nodeEnd(pod.node, other) : endpointEnd(pod);

const endpointEnd = (pod: Pod): LegitimateEnd => ({
  id: `${pod.namespace}/${pod.workload.kind}/${pod.workload.name}`,
  namespace: pod.namespace,
  endpoint: true,
  labels: pod.identityLabels,
  ip: pod.ip,
  names: [],
});

const reserved = (names: readonly string[], ip: string, asked: readonly string[] = []): LegitimateEnd => ({
  id: asked[0] === undefined ? `reserved:${names[0] ?? ""}` : `fqdn:${asked[0]}`,
  namespace: null,
  endpoint: false,
  labels: labelSet(names.map((name) => `reserved:${name}`)),
  ip,
  names: asked,
});

const nodeEnd = (node: WorldNode, other: Pod | null): LegitimateEnd => {
  const place = node.name === other?.node.name ? "host" : "remote-node";
  return reserved(node.controlPlane ? [place, "kube-apiserver"] : [place], node.ip);
};

const podsOf = (party: Extract<Party, { kind: "workload" }>, pods: readonly Pod[]): readonly Pod[] =>
  pods.filter((p) => p.workload.id === party.id && isReplica(party.replica, p));

/** Where the other end's own node matters, the position follows it. */
const pairs = (from: Party, to: Party, pods: readonly Pod[]): (readonly [LegitimateEnd, LegitimateEnd])[] => {
  const sources = from.kind === "workload" ? podsOf(from, pods) : [null];
  const targets = to.kind === "workload" ? podsOf(to, pods) : [null];
  return sources.flatMap((source) =>
    targets.flatMap((target) => {
      const left = source === null ? positions(from, target) : [podEnd(source, target)];
      const right = target === null ? positions(to, source) : [podEnd(target, source)];
      return left.flatMap((l) => right.map((r) => [l, r] as const));
    }),
  );
};

const positions = (party: Party, other: Pod | null): LegitimateEnd[] => {
  if (party.kind === "workload") return [];
  if (party.kind === "kubelet") return other === null ? [] : [reserved(["host"], other.node.ip)];
  if (party.kind === "apiserver" || party.kind === "node") {
    const node = NODES.find((n) => (party.kind === "node" ? n.name === party.name : n.controlPlane));
    if (node === undefined) return [];
    return [nodeEnd(node, other)];
  }
  const outsider = OUTSIDERS.find((o) => o.id === party.id);
  if (outsider === undefined) return [];
  const world = outsider.ips.map((ip) => reserved(["world"], ip, outsider.name === null ? [] : [outsider.name]));
  if (party.kind === "outsider") return world;
  const entry = NODES.find((n) => !n.controlPlane && n.name !== other?.node.name);
  return entry === undefined ? world : [...world, reserved(["remote-node"], entry.ip)];
};
