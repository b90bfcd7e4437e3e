import { isRecord } from "../../facts/json.ts";
import { groupOf, key, namespaceOfObject, specOf, type KubeObject } from "./objects.ts";

/** What helm-controller leaves in the API server for a release, besides what runs: here, the policy a chart ships. */
interface ShippedPolicy {
  readonly chart: string;
  readonly name: string;
  readonly port: number;
  readonly podLabels: Readonly<Record<string, string>>;
}

const SHIPPED: readonly ShippedPolicy[] = [
  {
    chart: "pgadmin4",
    name: "pgadmin-pgadmin4",
    port: 80,
    podLabels: { "app.kubernetes.io/instance": "pgadmin", "app.kubernetes.io/name": "pgadmin4" },
  },
];

const shippedBy = (release: KubeObject): ShippedPolicy | null => {
  const { chartRef } = specOf(release);
  const name = isRecord(chartRef) ? chartRef["name"] : null;
  return SHIPPED.find((s) => s.chart === name) ?? null;
};

export const isHelmRelease = (object: KubeObject): boolean =>
  object.kind === "HelmRelease" && groupOf(object.apiVersion) === "helm.toolkit.fluxcd.io";

/** The key of what the chart may ship, whether its value asks for it or not. */
export const shippedKey = (release: KubeObject): string | null => {
  const shipped = shippedBy(release);
  return shipped === null
    ? null
    : key("networking.k8s.io/v1", "NetworkPolicy", namespaceOfObject(release), shipped.name);
};

/** The vanilla NetworkPolicy of the release, unless `networkPolicy.enabled` is false. */
export const shippedPolicy = (release: KubeObject): KubeObject | null => {
  const shipped = shippedBy(release);
  const { values } = specOf(release);
  const wish = isRecord(values) ? values["networkPolicy"] : null;
  if (shipped === null || !isRecord(wish) || wish["enabled"] !== true) return null;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: shipped.name,
      namespace: namespaceOfObject(release) ?? "default",
      labels: {
        ...shipped.podLabels,
        "app.kubernetes.io/managed-by": "Helm",
        "helm.toolkit.fluxcd.io/name": release.metadata.name,
        "helm.toolkit.fluxcd.io/namespace": namespaceOfObject(release) ?? "default",
      },
    },
    spec: {
      podSelector: { matchLabels: shipped.podLabels },
      policyTypes: ["Ingress"],
      ingress: [{ ports: [{ port: shipped.port, protocol: "TCP" }] }],
    },
  };
};
