import type { ClusterReader } from "../facts/ports.ts";
import type { ServedWorld } from "../world/world.ts";
import type { Setting } from "./setting.ts";

export const openCluster = async (setting: Setting, served: ServedWorld | null): Promise<ClusterReader | null> => {
  const { cluster, rollback } = setting.config;
  if (served === null && cluster.context === null) return null;
  const { clusterReader } = await import("../cluster/reader.ts");
  if (served !== null) {
    const kubeconfig = { text: served.kubeconfig };
    return clusterReader({
      reader: { kubeconfig, context: "sample" },
      rollback: { kubeconfig, context: "sample-rollback" },
    });
  }
  const kubeconfig = cluster.kubeconfig === null ? null : { file: cluster.kubeconfig };
  return clusterReader({
    reader: { kubeconfig, context: cluster.context },
    rollback: rollback.context === null ? null : { kubeconfig, context: rollback.context },
  });
};
