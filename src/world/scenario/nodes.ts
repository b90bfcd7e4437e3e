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

/** What the crawler visits: addresses enough that no list of them is a policy, and one name that means harm. */
export const SITES: readonly Outsider[] = [
  ...Array.from({ length: 20 }, (_, i) => ({
    id: `site-${String(i)}`,
    name: `www.site-${String(i)}.example`,
    ips: [`198.18.${String(i)}.80`],
  })),
  {
    id: "site-hostile",
    name: "lock.kube-system.</td><script>alert(1)</script>.$(reboot).site.example",
    ips: ["198.18.99.80"],
  },
];

export const OUTSIDERS: readonly Outsider[] = [
  ...SITES,
  { id: "git", name: "git.hosting.example", ips: ["198.51.100.20"] },
  { id: "charts", name: "registry.example", ips: ["198.51.100.30"] },
  { id: "acme", name: "acme.ca.example", ips: ["198.51.100.40"] },
  { id: "acme-dns", name: "acmedns.provider.example", ips: ["198.51.100.41"] },
  { id: "zone-servers", name: null, ips: ["198.51.100.42"] },
  { id: "s3", name: "s3.offsite.example", ips: ["203.0.113.40"] },
  { id: "films", name: "metadata.films.example", ips: [50, 51, 52, 53, 54, 55].map((n) => `203.0.113.${String(n)}`) },
  { id: "tunnel-edge", name: "edge.tunnel.example", ips: ["203.0.113.60"] },
  { id: "wireguard", name: null, ips: ["203.0.113.77"] },
  { id: "resolver", name: null, ips: ["192.168.50.1"] },
  { id: "models-hub", name: "hub.models.example", ips: ["198.51.100.60"] },
  { id: "packages", name: "packages.distro.example", ips: ["198.51.100.70", "198.51.100.71"] },
  { id: "camera", name: null, ips: ["192.168.50.60"] },
  { id: "heating", name: null, ips: ["192.168.50.61"] },
  { id: "mdns", name: null, ips: ["224.0.0.251"] },
  { id: "sensor", name: null, ips: ["192.168.50.90"] },
  // A load balancer's address with nobody behind it is translated to nothing: an address like any other (C D.2).
  { id: "legacy", name: null, ips: ["10.45.0.50"] },
  { id: "laptop", name: null, ips: ["192.168.50.101"] },
  { id: "phone", name: null, ips: ["192.168.50.102"] },
];
