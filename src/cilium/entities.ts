import { CLUSTER_LABEL } from "../facts/labels.ts";
import { type Selector, toSelector } from "./selector.ts";

/** What each entity expands to (C B.2). `cluster` needs the local cluster's name and is made below. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  world: ["world", "world-ipv4", "world-ipv6"],
  "world-ipv4": ["world-ipv4"],
  "world-ipv6": ["world-ipv6"],
  host: ["host"],
  init: ["init"],
  ingress: ["ingress"],
  "remote-node": ["remote-node"],
  health: ["health"],
  unmanaged: ["unmanaged"],
  none: ["none"],
  "kube-apiserver": ["kube-apiserver"],
  cluster: ["host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver"],
};

/** Entities the agent knows. */
export const ENTITIES: ReadonlySet<string> = new Set(["all", ...Object.keys(RESERVED)]);

/** Entities the CRD's enum knows: the two families of world are missing there. */
export const SCHEMA_ENTITIES: readonly string[] = [...ENTITIES].filter((e) => !e.startsWith("world-"));

export const entitySelectors = (entity: string, cluster: string): readonly Selector[] => {
  if (entity === "all") return [toSelector({ labels: [], expressions: [] })];
  if (!Object.hasOwn(RESERVED, entity)) return [];
  const labels = (RESERVED[entity] ?? []).map((name) => [`reserved.${name}`, ""] as const);
  const out = labels.map((label) => toSelector({ labels: [label], expressions: [] }));
  if (entity === "cluster") out.push(toSelector({ labels: [[`k8s.${CLUSTER_LABEL}`, cluster]], expressions: [] }));
  return out;
};
