import type { Outsider, WorldNode } from "./model.ts";

export const NODES: readonly WorldNode[] = [
  { name: "node-1", index: 1, ip: "192.168.50.11", controlPlane: true },
  { name: "node-2", index: 2, ip: "192.168.50.12", controlPlane: false },
  { name: "node-3", index: 3, ip: "192.168.50.13", controlPlane: false },
];

export const CLUSTER_NAME = "default";
export const APISERVER_PORT = 6443;
/** Service default/kubernetes. */
export const APISERVER_VIP = "10.43.0.1";

/** Names of the zone resolve to the inside gateway for everybody on the LAN, pods too (split horizon). */
export const INSIDE_ZONE = "sample.example";

export const OUTSIDERS: readonly Outsider[] = [
  { id: "git", name: "git.hosting.example", ips: ["198.51.100.20"] },
  { id: "charts", name: "registry.example", ips: ["198.51.100.30"] },
  { id: "acme", name: "acme.ca.example", ips: ["198.51.100.40"] },
  { id: "acme-dns", name: "acmedns.provider.example", ips: ["198.51.100.41"] },
  { id: "s3", name: "s3.offsite.example", ips: ["203.0.113.40"] },
  { id: "films", name: "metadata.films.example", ips: ["203.0.113.50", "203.0.113.51"] },
  { id: "tunnel-edge", name: "edge.tunnel.example", ips: ["203.0.113.60"] },
  { id: "wireguard", name: null, ips: ["203.0.113.77"] },
  { id: "resolver", name: null, ips: ["192.168.50.1"] },
  { id: "laptop", name: null, ips: ["192.168.50.101"] },
  { id: "phone", name: null, ips: ["192.168.50.102"] },
];
