/**
 * What well-known programs reach outside the cluster although no setting says so, by the name of their image or their
 * chart. Sources: the programs' own documentation of the addresses a firewall must let through.
 */
export interface Program {
  readonly names: readonly string[];
  readonly reaches: readonly Reach[];
}

export type Reach =
  | { readonly hosts: readonly string[]; readonly port: number; readonly udp?: true }
  /** No name can be given, and why. */
  | { readonly why: string; readonly port: number; readonly protocol: "TCP" | "UDP" };

const GITHUB_ACTIONS: Reach = {
  hosts: [
    "api.github.com",
    "github.com",
    "broker.actions.githubusercontent.com",
    "pipelines.actions.githubusercontent.com",
    "results-receiver.actions.githubusercontent.com",
  ],
  port: 443,
};

const DERP = "relays and peers are chosen as they are met";

export const PROGRAMS: readonly Program[] = [
  {
    names: ["cloudflared"],
    reaches: [{ hosts: ["region1.v2.argotunnel.com", "region2.v2.argotunnel.com"], port: 7844, udp: true }],
  },
  { names: ["cloudflare-ddns"], reaches: [{ hosts: ["api.cloudflare.com"], port: 443 }] },
  {
    names: ["connect-sync"],
    reaches: [{ why: "the account's own domain stands in its credentials", port: 443, protocol: "TCP" }],
  },
  { names: ["gha-runner-scale-set-controller"], reaches: [GITHUB_ACTIONS] },
  {
    names: ["tailscale", "tailscale-operator", "k8s-operator"],
    reaches: [
      { hosts: ["controlplane.tailscale.com", "log.tailscale.com"], port: 443 },
      { why: DERP, port: 3478, protocol: "UDP" },
      { why: DERP, port: 41_641, protocol: "UDP" },
    ],
  },
  {
    names: ["netbird", "netbird-client"],
    reaches: [{ hosts: ["api.netbird.io", "signal.netbird.io"], port: 443 }],
  },
];
