/** Facts about the cluster that no manifest has to state; from the configuration, each with a default. */
export interface ClusterFacts {
  /** Pod labels and namespace of the DNS servers. */
  readonly dns: {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly port: number;
  };
  /** Where Prometheus lives. */
  readonly monitoring: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
  readonly apiserverPort: number;
  /** Zones whose public names resolve to an in-cluster gateway (split horizon). */
  readonly insideZones: readonly string[];
  /** CoreDNS autopath is on: the asked name is the search-domain expansion (C B.4.4). */
  readonly autopath: boolean;
  readonly clusterDomain: string;
}

export const defaultClusterFacts: ClusterFacts = {
  dns: { namespace: "kube-system", labels: { "k8s-app": "kube-dns" }, port: 53 },
  monitoring: { namespace: "observability", labels: { "app.kubernetes.io/name": "prometheus" } },
  apiserverPort: 6443,
  insideZones: [],
  autopath: false,
  clusterDomain: "cluster.local",
};
