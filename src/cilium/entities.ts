import { CLUSTER_LABEL } from "../facts/labels.ts";
import type { CiliumVersion } from "../facts/settings.ts";
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

/** Since 1.20: every cluster of the mesh. What it means for pods is not known here. */
export const CLUSTER_MESH = "cluster-mesh";

const ENTITIES: readonly string[] = ["all", ...Object.keys(RESERVED)];

/** Entities the agent knows. */
export const entitiesOf = (version: CiliumVersion): readonly string[] =>
  version === "1.20" ? [...ENTITIES, CLUSTER_MESH] : ENTITIES;

/** Entities the CRD's enum knows: the two families of world are missing there. */
export const schemaEntitiesOf = (version: CiliumVersion): readonly string[] =>
  entitiesOf(version).filter((e) => !e.startsWith("world-"));

export const entitySelectors = (entity: string, cluster: string): readonly Selector[] => {
  if (entity === "all") return [toSelector({ labels: [], expressions: [] })];
  const known = entity === CLUSTER_MESH ? "cluster" : entity;
  if (!Object.hasOwn(RESERVED, known)) return [];
  const labels = (RESERVED[known] ?? []).map((name) => [`reserved.${name}`, ""] as const);
  const out = labels.map((label) => toSelector({ labels: [label], expressions: [] }));
  if (entity === "cluster") out.push(toSelector({ labels: [[`k8s.${CLUSTER_LABEL}`, cluster]], expressions: [] }));
  return out;
};
