import type { ClusterFacts } from "../facts/cluster-facts.ts";
import type { Edge, EdgeEnd } from "../facts/edge.ts";
import { isBalanced, isDataPlane, isProbe } from "../facts/exposure.ts";
import type { Inventory, WorkloadFact } from "../facts/inventory.ts";
import { hasReserved, type LabelSet, NAMESPACE_LABEL, namespaceOf } from "../facts/labels.ts";
import { isPrivate } from "../facts/landing.ts";
import type { Direction, Peer } from "../facts/verdict.ts";
import type { Roster } from "../facts/who.ts";
import type { Faces } from "./faces.ts";
import { isSafeName } from "./names.ts";
import type { Entity, LeftOut, Need, PeerKey } from "./need.ts";
import { patternFor, podsPattern } from "./pattern-of.ts";
import type { PatternId } from "./patterns.ts";

export interface Field {
  readonly inventory: Inventory;
  readonly facts: ClusterFacts;
  readonly namespace: string;
  readonly faces: Faces;
  readonly roster: Roster;
  /** Cilium learns names here: the DNS rule redirects to the proxy, and no autopath answers another name (lesson 12). */
  readonly namesMatch: boolean;
}

export interface Gathered {
  readonly needs: readonly Need[];
  readonly leftOut: readonly LeftOut[];
}

interface Target {
  readonly peer: PeerKey;
  readonly pattern: PatternId;
  readonly widened: string | null;
  readonly faces: readonly Peer[] | null;
}

const OWN_LABELS = new Set([NAMESPACE_LABEL]);

/** Pod labels out of an identity: Cilium's own left out. */
export const podLabelsOf = (labels: LabelSet): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const label of labels) {
    if (!label.startsWith("k8s:")) continue;
    const at = label.indexOf("=");
    const key = label.slice(4, at);
    if (at < 0 || OWN_LABELS.has(key) || key.startsWith("io.cilium.k8s.")) continue;
    found[key] = label.slice(at + 1);
  }
  return found;
};

/** Pods that were seen and are in no manifest: a chart that nobody could read. */
const fromRecord = (end: EdgeEnd, namespace: string): WorkloadFact => ({
  namespace,
  kind: end.workload?.kind ?? "Pod",
  name: end.workload?.name ?? end.id.split("/").at(-1) ?? end.id,
  podLabels: podLabelsOf(end.labels),
  labelsComplete: false,
  serviceAccount: null,
  containers: [],
  hostNetwork: false,
  secondaryNetworks: [],
  suspended: false,
  transient: false,
  sure: "likely",
  from: { kind: "cluster", name: "seen in flows" },
  owner: null,
  origin: null,
});

const isWorld = (labels: LabelSet): boolean =>
  labels.some((l) => l.startsWith("reserved:world") || l.startsWith("cidr:") || l.startsWith("fqdn:"));

const isMulticast = (ip: string): boolean => /^(22[4-9]|23\d|255)\./.test(ip) || /^ff/i.test(ip);

/** Outside the cluster, as seen from the client: by the names it asked for, else by address or by port. */
const outside = (end: EdgeEnd, field: Field): readonly Target[] => {
  const names = field.namesMatch ? end.names.filter((n) => isSafeName(n, field.facts)) : [];
  if (names.length > 0)
    return names.map((name) => ({
      peer: { kind: "name", name: name.toLowerCase().replace(/\.$/, "") },
      pattern: "outside",
      widened: null,
      faces: null,
    }));
  const why =
    end.names.length > 0
      ? "the name that was asked is not one that a toFQDNs rule would match"
      : "no name was seen for the address";
  const world: Target = {
    peer: { kind: "entities", entities: ["world"] },
    pattern: "outside-any",
    widened: why,
    faces: null,
  };
  const found: Target[] = [];
  for (const ip of end.ips) {
    if (isPrivate(ip) && !isMulticast(ip))
      found.push({
        peer: { kind: "cidr", cidr: `${ip}/${ip.includes(":") ? 128 : 32}` },
        pattern: "device",
        widened: null,
        faces: null,
      });
    else found.push(isMulticast(ip) ? { ...world, widened: "multicast and broadcast reach policy as world" } : world);
  }
  return found.length === 0 ? [world] : found;
};

const NODES: readonly Entity[] = ["host", "remote-node"];
const CALLERS: readonly Entity[] = ["kube-apiserver", "host", "remote-node"];
const SPECIAL = ["ingress", "health", "init", "unmanaged"] as const satisfies readonly Entity[];

const entities = (list: readonly Entity[], pattern: PatternId): readonly Target[] => [
  { peer: { kind: "entities", entities: list }, pattern, widened: null, faces: null },
];

const targets = (
  end: EdgeEnd,
  direction: Direction,
  edge: Edge,
  subject: WorkloadFact,
  field: Field,
): readonly Target[] => {
  const { labels } = end;
  const egress = direction === "egress";
  if (hasReserved(labels, "kube-apiserver"))
    return egress ? entities(["kube-apiserver"], "apiserver") : entities(CALLERS, "webhook");
  if (hasReserved(labels, "host") || hasReserved(labels, "remote-node")) return entities(NODES, "node");
  for (const entity of SPECIAL) if (hasReserved(labels, entity)) return entities([entity], "node");
  const namespace = namespaceOf(labels);
  if (namespace !== null) {
    const workload = field.roster.workloadOf(end);
    const peer: PeerKey = { kind: "pods", namespace, workload, labels: workload?.podLabels ?? podLabelsOf(labels) };
    const pattern = podsPattern(peer, direction, field, edge.port);
    return [{ peer, pattern, widened: null, faces: field.faces.recorded(end, workload) }];
  }
  if (!isWorld(labels)) return [];
  if (egress) return outside(end, field);
  const balanced = isBalanced(field.inventory, subject, edge.port);
  return [
    {
      peer: { kind: "entities", entities: balanced ? ["world", "remote-node"] : ["world"] },
      pattern: "clients",
      widened: "clients of the local network have no identity of their own",
      faces: null,
    },
  ];
};

const describe = (edge: Edge): string => `${edge.source.id} to ${edge.destination.id}, ${edge.protocol} ${edge.port}`;

/** What was recorded, as needs of this namespace's pods: one for each end that lies here. */
export const observedNeeds = (edges: readonly Edge[], field: Field): Gathered => {
  const needs: Need[] = [];
  const leftOut: LeftOut[] = [];
  for (const edge of edges) {
    const ends = [
      { own: edge.source, far: edge.destination, direction: "egress" as const },
      { own: edge.destination, far: edge.source, direction: "ingress" as const },
    ];
    for (const { own, far, direction } of ends) {
      if (own.namespace !== field.namespace) continue;
      const what = describe(edge);
      if (edge.flows === 0) {
        leftOut.push({ what, why: "it was only ever dropped: nothing depends on it today" });
        continue;
      }
      if (edge.protocol === "IGMP" || edge.protocol === "VRRP") {
        leftOut.push({ what, why: `${edge.protocol} cannot be allowed by a rule on this Cilium (lesson 35)` });
        continue;
      }
      if (field.roster.isGone(own) || field.roster.isGone(far)) {
        leftOut.push({ what, why: "one of its ends is a workload that no longer exists" });
        continue;
      }
      const subject = field.roster.workloadOf(own) ?? fromRecord(own, field.namespace);
      if (subject.hostNetwork) {
        leftOut.push({ what, why: "its pod runs in the host's network, which policy does not govern (lesson 35)" });
        continue;
      }
      if (subject.suspended) {
        leftOut.push({
          what,
          why: `${subject.kind} ${subject.name} is suspended; its return reopens the soak (lesson 22)`,
        });
        continue;
      }
      const isKubelet = direction === "ingress" && hasReserved(far.labels, "host") && isProbe(subject, edge.port);
      const found = targets(far, direction, edge, subject, field);
      if (found.length === 0) leftOut.push({ what, why: "Hubble did not say who the other end is" });
      for (const { peer, pattern, widened, faces } of found) {
        // Browsers change over to HTTP/3 by themselves; pods that come to a gateway do not.
        const fromOutside = direction === "ingress" && peer.kind === "entities" && edge.protocol === "TCP";
        const http3 = fromOutside && servesHttp3(subject, edge.port, field);
        for (const protocol of http3 ? (["TCP", "UDP"] as const) : [edge.protocol])
          needs.push({
            subject,
            direction,
            peer,
            protocol,
            port: edge.port,
            pattern: patternFor(edge, subject, direction, pattern, field),
            source: "observed",
            // The kubelet of the pod's own node needs no rule (C D.4): it is judged where it is.
            faces: isKubelet
              ? [{ labels: far.labels }]
              : [...(faces ?? field.faces.recorded(far, null)), ...extra(peer, field)],
            edges: [edge],
            declared: [],
            requirement: null,
            widened,
          });
      }
    }
  }
  return { needs, leftOut };
};

/** Entities stand for positions: a node today is another node tomorrow, a client behind a load balancer a node (lesson 36). */
const extra = (peer: PeerKey, field: Field): readonly Peer[] =>
  peer.kind === "entities" && !(peer.entities.length === 1 && peer.entities[0] === "world")
    ? field.faces.of(peer).filter((face) => face.labels?.includes("reserved:world") !== true)
    : [];

/** HTTP/3 goes over UDP on the port that serves HTTPS over TCP. */
export const servesHttp3 = (subject: WorkloadFact, port: number, field: Pick<Field, "inventory">): boolean =>
  field.inventory.gateways.some(
    (g) => isDataPlane(g, subject) && g.listeners.some((l) => l.udp && l.containerPort === port),
  );
