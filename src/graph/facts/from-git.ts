import { defaultCampaign } from "../../facts/campaign.ts";
import { changeset } from "../../facts/changeset.ts";
import type { ClusterFacts } from "../../facts/cluster-facts.ts";
import type { Inventory } from "../../facts/inventory.ts";
import { known, unknown } from "../../facts/known.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { differences, type SourceTree } from "../../facts/tree.ts";
import type { GateFacts } from "../gate.ts";

/** What two commits say, for the day when nothing else can be asked; everything outside of Git is unknown. */
export const factsFromGit = (options: {
  readonly before: SourceTree;
  readonly after: SourceTree;
  readonly readInventory: (tree: SourceTree) => Inventory;
  readonly settings: CiliumSettings;
  readonly cluster: ClusterFacts;
  readonly now: number;
}): GateFacts => {
  const { before, after, readInventory, settings, cluster, now } = options;
  const silent = unknown("only Git was asked", "the agent");
  const read = (tree: SourceTree): GateFacts["inventory"]["after"] => {
    try {
      return known(readInventory(tree));
    } catch (error) {
      return unknown(error instanceof Error ? error.message : String(error), "Correct the file that it names.");
    }
  };
  return {
    request: { lane: "report-gates", draft: null, namespace: "", edits: [], answer: null },
    reported: null,
    now,
    base: before.commit ?? "",
    changeset: changeset("", "allows", differences(before, after).files),
    draft: null,
    tree: { before, after },
    inventory: { before: read(before), after: read(after) },
    settings,
    cluster,
    pullRequests: silent,
    loopholes: silent,
    live: silent,
    evidence: silent,
    standings: silent,
    configured: { cluster: false, evidence: false },
    campaign: defaultCampaign,
    decisions: silent,
    history: silent,
    soak: silent,
    lint: silent,
    findings: silent,
    rehearsal: silent,
    attestations: silent,
    confirmation: silent,
    undo: silent,
  };
};
