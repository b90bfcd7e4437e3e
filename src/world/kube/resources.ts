/** A kind the sample's API server knows; what is not here does not exist. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const of = (groupVersion: string, kinds: Readonly<Record<string, string>>, namespaced = true): Resource[] => {
  const [group = "", version = ""] = groupVersion.includes("/") ? groupVersion.split("/") : ["", groupVersion];
  return Object.entries(kinds).map(([plural, kind]) => ({ group, version, plural, kind, namespaced }));
};

export const RESOURCES: readonly Resource[] = [
  ...of("v1", { namespaces: "Namespace", nodes: "Node" }, false),
  ...of("v1", { pods: "Pod", services: "Service", configmaps: "ConfigMap", serviceaccounts: "ServiceAccount" }),
  ...of("apps/v1", {
    deployments: "Deployment",
    statefulsets: "StatefulSet",
    daemonsets: "DaemonSet",
    replicasets: "ReplicaSet",
  }),
  ...of("batch/v1", { jobs: "Job", cronjobs: "CronJob" }),
  ...of("discovery.k8s.io/v1", { endpointslices: "EndpointSlice" }),
  ...of("networking.k8s.io/v1", { networkpolicies: "NetworkPolicy", ingresses: "Ingress" }),
  ...of("cilium.io/v2", { ciliumnetworkpolicies: "CiliumNetworkPolicy", ciliumendpoints: "CiliumEndpoint" }),
  ...of(
    "cilium.io/v2",
    { ciliumclusterwidenetworkpolicies: "CiliumClusterwideNetworkPolicy", ciliumnodes: "CiliumNode" },
    false,
  ),
  ...of("kustomize.toolkit.fluxcd.io/v1", { kustomizations: "Kustomization" }),
  ...of("source.toolkit.fluxcd.io/v1", { gitrepositories: "GitRepository", ocirepositories: "OCIRepository" }),
  ...of("helm.toolkit.fluxcd.io/v2", { helmreleases: "HelmRelease" }),
  ...of("gateway.networking.k8s.io/v1", { gateways: "Gateway", httproutes: "HTTPRoute" }),
  ...of("gateway.networking.k8s.io/v1", { gatewayclasses: "GatewayClass" }, false),
  ...of("gateway.envoyproxy.io/v1alpha1", { envoyproxies: "EnvoyProxy" }),
  ...of("postgresql.cnpg.io/v1", { clusters: "Cluster", scheduledbackups: "ScheduledBackup" }),
  ...of("monitoring.coreos.com/v1", { servicemonitors: "ServiceMonitor", podmonitors: "PodMonitor", probes: "Probe" }),
];

export const groupVersion = (r: Resource): string => (r.group === "" ? r.version : `${r.group}/${r.version}`);

export const findResource = (group: string, version: string, plural: string): Resource | null =>
  RESOURCES.find((r) => r.group === group && r.version === version && r.plural === plural) ?? null;
