import type { CampaignSettings } from "../facts/campaign.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import { defaultSettings, type CiliumSettings } from "../facts/settings.ts";
import type { Config } from "./schema.ts";

/** The agent's settings as the kernel reads them; what the file does not name is the version's default. */
export const ciliumSettings = ({ cilium }: Config): CiliumSettings => {
  const { defaultLocalCluster, ...named } = cilium;
  const base = defaultSettings(cilium.version);
  return { ...base, ...named, ...(defaultLocalCluster === null ? {} : { defaultLocalCluster }) };
};

export const clusterFacts = ({ facts }: Config): ClusterFacts => facts;

export const campaignSettings = ({ campaign }: Config): CampaignSettings => campaign;
