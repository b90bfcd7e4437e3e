import { withCluster } from "../cluster/enrich.ts";
import { OperatorError } from "../facts/errors.ts";
import type { Inventory } from "../facts/inventory.ts";
import { known, unknown } from "../facts/known.ts";
import type { Known } from "../facts/known.ts";
import type {
  ClusterReader,
  LiveEndpoints,
  LiveKustomization,
  LivePod,
  LivePolicy,
  LiveService,
  LiveSource,
} from "../facts/ports.ts";

/** What the live cluster said, in one pass. */
export interface LiveCluster {
  readonly pods: readonly LivePod[];
  readonly services: readonly LiveService[];
  readonly endpoints?: readonly LiveEndpoints[];
  readonly policies: readonly LivePolicy[];
  readonly kustomizations: readonly LiveKustomization[];
  readonly sources: readonly LiveSource[];
  readonly namespaces: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly nodes: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}

/** Something outside that does not answer is unknown, and says what would help; anything else is a defect and thrown. */
export const attempt = async <T>(read: () => Promise<T>): Promise<Known<T>> => {
  try {
    return known(await read());
  } catch (error) {
    if (error instanceof OperatorError) return unknown(error.message, error.remedy);
    throw error;
  }
};

export const NO_CLUSTER = unknown(
  "no cluster is configured",
  "Name a kubeconfig context in network-operator.yaml (cluster.context).",
);

export const readLive = (cluster: ClusterReader | null): Promise<Known<LiveCluster>> =>
  cluster === null
    ? Promise.resolve(NO_CLUSTER)
    : attempt(async () => {
        const [pods, services, endpoints, policies, kustomizations, sources, namespaces, nodes] = await Promise.all([
          cluster.pods(),
          cluster.services(),
          cluster.endpoints?.() ?? [],
          cluster.policies(),
          cluster.kustomizations(),
          cluster.sources(),
          cluster.namespaces(),
          cluster.nodes(),
        ]);
        return { pods, services, endpoints, policies, kustomizations, sources, namespaces, nodes };
      });

/** What runs takes the place of what was guessed; without a cluster the repository's word stands alone. */
export const borneOut = (written: Inventory, live: Known<LiveCluster>): Inventory =>
  live.known ? withCluster(written, live.value) : written;
