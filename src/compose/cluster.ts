import type { Identity } from "../cluster/connection.ts";
import type { ClusterReader } from "../facts/ports.ts";
import type { RollbackReader, RollbackWriter } from "../facts/rollback.ts";
import type { ServedWorld } from "../world/world.ts";
import type { Setting } from "./setting.ts";

/** Who reads, and who rolls back; on the sample both are the sample's own. */
const identitiesOf = (
  setting: Setting,
  served: ServedWorld | null,
): { readonly reader: Identity; readonly rollback: Identity | null } | null => {
  const { cluster, rollback } = setting.config;
  if (served !== null) {
    const { kubeUrl: server, tokens } = served;
    return { reader: { server, token: tokens.reader }, rollback: { server, token: tokens.rollback } };
  }
  if (cluster.context === null) return null;
  const kubeconfig = cluster.kubeconfig === null ? null : { file: cluster.kubeconfig };
  return {
    reader: { kubeconfig, context: cluster.context },
    rollback: rollback.context === null ? null : { kubeconfig, context: rollback.context },
  };
};

/** What a rollback reads with, and what it writes with; the writer goes to the effect and to nobody else. */
export const openRollbackHands = async (
  setting: Setting,
  served: ServedWorld | null,
): Promise<{ readonly reader: RollbackReader; readonly writer: RollbackWriter | null } | null> => {
  const identities = identitiesOf(setting, served);
  if (identities === null) return null;
  const [{ rollbackReader }, { rollbackWriter }, { disarming }] = await Promise.all([
    import("../cluster/rollback-reader.ts"),
    import("../cluster/rollback-writer.ts"),
    import("../rollout/rollback/lock.ts"),
  ]);
  const { reader, rollback } = identities;
  return {
    reader: rollbackReader(reader),
    writer: rollback === null ? null : rollbackWriter(rollback, disarming),
  };
};

export const openCluster = async (setting: Setting, served: ServedWorld | null): Promise<ClusterReader | null> => {
  const identities = identitiesOf(setting, served);
  if (identities === null) return null;
  const { clusterReader } = await import("../cluster/reader.ts");
  return clusterReader(identities);
};
