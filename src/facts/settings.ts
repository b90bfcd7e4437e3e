/** Cilium minors the kernel speaks for; 1.19 is the default (C 0). */
export type CiliumVersion = "1.17" | "1.18" | "1.19" | "1.20";

/** Agent settings that change a verdict (C A.8). */
export interface CiliumSettings {
  readonly version: CiliumVersion;
  readonly clusterName: string;
  readonly enablePolicy: "default" | "always" | "never";
  /** `enable-non-default-deny-policies`: whether `enableDefaultDeny` is honoured. */
  readonly nonDefaultDeny: boolean;
  readonly allowLocalhost: "always" | "policy";
  /** `policy-cidr-match-mode` contains `nodes`. */
  readonly cidrMatchesNodes: boolean;
  /** `policy-default-local-cluster`: 1.19 true, 1.18 false, absent in 1.17. */
  readonly defaultLocalCluster: boolean;
  readonly nodeSelectorLabels: boolean;
  readonly hostFirewall: boolean;
  readonly icmpRules: boolean;
  readonly l7Proxy: boolean;
  readonly extendedIpProtocols: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export const defaultSettings = (version: CiliumVersion = "1.19"): CiliumSettings => ({
  version,
  clusterName: "default",
  enablePolicy: "default",
  nonDefaultDeny: true,
  allowLocalhost: "always",
  cidrMatchesNodes: false,
  defaultLocalCluster: version === "1.19" || version === "1.20",
  nodeSelectorLabels: false,
  hostFirewall: false,
  icmpRules: true,
  l7Proxy: true,
  extendedIpProtocols: false,
  ipv4: true,
  ipv6: false,
});
