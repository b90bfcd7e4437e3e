import type { ClusterReader } from "../facts/ports.ts";
import type { RelayAddress } from "../hubble/relay.ts";
import { openCluster } from "./cluster.ts";
import { relayOf } from "./flows.ts";
import { openPlace, type Place } from "./place.ts";
import type { Setting } from "./setting.ts";

/** What `doctor` looks at: the same adapters, nothing opened that could write. */
export interface Doctor {
  readonly place: Place;
  readonly relay: RelayAddress | null;
  readonly cluster: ClusterReader | null;
  readonly hasRollback: boolean;
  dispose(): Promise<void>;
}

export const openDoctor = async (setting: Setting): Promise<Doctor> => {
  const place = await openPlace(setting);
  const served = (await place.world?.serve()) ?? null;
  const { flows, rollback } = setting.config;
  return {
    place,
    relay:
      served !== null ? { address: served.relayAddress, tls: null } : flows.relay === null ? null : relayOf(setting),
    cluster: await openCluster(setting, served),
    hasRollback: served !== null || rollback.context !== null,
    dispose: async () => {
      await served?.close();
      await place.dispose();
    },
  };
};
