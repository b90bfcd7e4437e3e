import type { Area } from "../model.ts";
import { asked, every, service, talk, udp, web, workload } from "../make.ts";

/** pod-gateway: VXLAN inside pods, both ways on one fixed port, so neither is the other's reply; DHCP stays inside. */
export const TUNNELS: Area = {
  workloads: [
    workload("vpn/pod-gateway", {
      nodes: ["node-3"],
      labels: { "app.kubernetes.io/instance": "pod-gateway", "app.kubernetes.io/name": "pod-gateway" },
      ports: [udp("vxlan", 4789)],
      probes: [9999],
    }),
    web("downloads/fetcher", "node-1", 8080),
  ],
  services: [service("downloads/fetcher", 40, [["http", 80, 8080]])],
  talks: [
    talk("downloads/fetcher", "vpn/pod-gateway", "8/ICMPv4", asked, { atStart: true }),
    talk("downloads/fetcher", "vpn/pod-gateway", "4789/UDP", every(4), { oneWay: true, atStart: true }),
    talk("vpn/pod-gateway", "downloads/fetcher", "4789/UDP", every(4), { oneWay: true }),
    talk("vpn/pod-gateway", "outside:wireguard", "51820/UDP", every(10), { atStart: true }),
  ],
  journeys: [],
};
