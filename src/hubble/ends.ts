import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { EndRecord } from "../facts/evidence.ts";
import type { FlowEnd, WorkloadRef } from "../facts/flow.ts";
import { hasReserved, type LabelSet, namespaceOf } from "../facts/labels.ts";
import { askedName } from "./names.ts";
import { derivedWorkload } from "./workload.ts";

/** An end as edges are keyed by it. One object per end and interner: compare by identity. */
export interface End extends EndRecord {
  /** Position in the interner: small, dense, and of no meaning outside it. */
  readonly index: number;
  readonly isPod: boolean;
}

/** A pod, node or address as one flow reports it, before it is known which end that is. */
export interface Sighting {
  /** Null for an address of the world, which becomes an end by its name or address. */
  readonly end: End | null;
  readonly labels: LabelSet;
  readonly pod: string | null;
  /** The flow was seen on the pod's own node. */
  readonly isLocal: boolean;
  readonly isHost: boolean;
  readonly workload: WorkloadRef | null;
  /** Where the reducer last wrote this sighting down, so that it need not look again for every flow. */
  met: unknown;
  metIp: string;
  metAt: number;
}

/** Addresses that stay inside: each is an end of its own, so that a CIDR rule can be judged exactly. */
const INSIDE = new BlockList();
for (const [prefix, bits] of [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 4],
  ["255.255.255.255", 32],
] as const) {
  INSIDE.addSubnet(prefix, bits, "ipv4");
}
for (const [prefix, bits] of [
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const) {
  INSIDE.addSubnet(prefix, bits, "ipv6");
}

const isInside = (ip: string): boolean =>
  isIPv4(ip) ? INSIDE.check(ip, "ipv4") : isIPv6(ip) && INSIDE.check(ip, "ipv6");

const RESERVED = ["kube-apiserver", "host", "remote-node", "health", "ingress", "init", "unmanaged"] as const;

/** An id from labels alone: reserved identities first, then the most telling of what an address of the world carries. */
const idOf = (labels: LabelSet): string => {
  const reserved = RESERVED.find((name) => hasReserved(labels, name));
  if (reserved !== undefined) return `reserved:${reserved}`;
  const outside = labels.find((l) => l.startsWith("fqdn:")) ?? labels.find((l) => l.startsWith("cidr:"));
  return outside ?? labels.find((l) => l.startsWith("reserved:")) ?? "reserved:unknown";
};

const isPlainWorld = (labels: LabelSet): boolean =>
  labels.length > 0 && labels.every((l) => l.startsWith("reserved:world"));

/** Beyond these, further names and addresses of the world share one end: a crawler must not fill the store. */
const WORLD_ENDS = 4_096;

export interface Interner {
  sighting(end: Pick<FlowEnd, "namespace" | "labels" | "pod" | "workload">, isLocal: boolean): Sighting;
  /** The end of a sighting; `ip` and `name` decide for the world. */
  resolve(seen: Sighting, ip: string, name: string): End;
  /** The end of a stored record. */
  record(end: EndRecord): End;
  size(): number;
}

export const endKey = (end: EndRecord): string =>
  end.derived === null
    ? `${end.id}\n${end.namespace ?? ""}\n${end.labels.join("\n")}`
    : `${end.namespace ?? ""}/${end.derived.name}\n${end.labels.join("\n")}`;

/** Ends by what they are. Edges hold tens of thousands of records but only hundreds of ends. */
export const interner = (): Interner => {
  const byKey = new Map<string, End>();
  const all: End[] = [];
  const worlds = new Map<LabelSet, Map<string, End>>();

  const record = (end: EndRecord): End => {
    const key = endKey(end);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const made: End = { ...end, index: all.length, isPod: end.derived !== null };
    all.push(made);
    byKey.set(key, made);
    return made;
  };

  const world = (labels: LabelSet, ip: string, name: string): End => {
    let ends = worlds.get(labels);
    if (ends === undefined) worlds.set(labels, (ends = new Map()));
    const isKept = name !== "" || isInside(ip);
    const who = !isKept ? "" : name === "" ? ip : name;
    const known = ends.get(who);
    if (known !== undefined) return known;
    const isFull = who !== "" && ends.size >= WORLD_ENDS;
    if (isFull) return world(labels, "", "");
    const address = `cidr:${ip}/${isIPv6(ip) ? 128 : 32}`;
    const id = who === "" ? idOf(labels) : name === "" ? address : `fqdn:${askedName(name).name}`;
    const made = record({ labels, namespace: null, derived: null, id });
    ends.set(who, made);
    return made;
  };

  const plain = new Map<string, LabelSet>();
  const sharedLabels = (labels: LabelSet): LabelSet => {
    const key = labels.join("\n");
    const known = plain.get(key);
    if (known !== undefined) return known;
    plain.set(key, labels);
    return labels;
  };

  return {
    sighting: ({ namespace, labels, pod, workload }, isLocal) => {
      const shared = sharedLabels(labels);
      const home = namespaceOf(labels) ?? (namespace === "" ? null : namespace);
      const isPod = home !== null && !labels.some((l) => l.startsWith("reserved:"));
      const isHost = labels.includes("reserved:host");
      const base = { labels: shared, pod, isLocal, isHost, workload, met: null, metIp: "", metAt: 0 };
      if (isPod) {
        const derived = derivedWorkload(labels, pod);
        return { ...base, end: record({ labels: shared, namespace: home, derived, id: "" }) };
      }
      if (isPlainWorld(labels)) return { ...base, end: null };
      return { ...base, end: record({ labels: shared, namespace: null, derived: null, id: idOf(labels) }) };
    },
    resolve: (seen, ip, name) => seen.end ?? world(seen.labels, ip, name),
    record,
    size: () => all.length,
  };
};
