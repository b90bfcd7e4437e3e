import { openFlows } from "../../src/compose.ts";
import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { ciliumSettings } from "../../src/config/settings.ts";
import { draftAllows } from "../../src/drafting/draft.ts";
import { assumedDefaultDeny } from "../../src/facts/assumed.ts";
import type { EdgeSource } from "../../src/facts/edge.ts";
import { overlay } from "../../src/facts/tree.ts";
import { writer } from "../../src/gitops/edit.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { legitimateFlows } from "../../src/world/legitimate.ts";
import type { DraftedIncident } from "../incident.ts";
import type { Scenes } from "../scenes.ts";
import type { Trial } from "./trial.ts";

const SOURCES: readonly EdgeSource[] = ["observed", "declared", "required"];

/** The draft from a day of the sample, judged by what the sample needs, in every position and for whoever leads. */
export const draftedTrial = async (scenes: Scenes, incident: DraftedIncident): Promise<Trial> =>
  scenes.with(incident, async (setting) => {
    const { draft: namespace, keeps, besides } = incident.attempt;
    const flows = await openFlows(setting);
    try {
      const { forge, facts } = flows.place;
      const tree = await forge.tree(await forge.head());
      const inventory = readInventory(tree, facts);
      const { edges, coverage } = await flows.summary(namespace);
      const settings = ciliumSettings(setting.config);
      const needed = legitimateFlows().filter((flow) => keeps.includes(flow.id));
      const unknown = keeps.filter((id) => !needed.some((flow) => flow.id === id));
      if (unknown.length > 0) throw new Error(`${incident.id}: the sample has no talk ${unknown.join(", ")}`);
      const lost = (out: readonly EdgeSource[]): readonly string[] => {
        const sources = SOURCES.filter((source) => !out.includes(source));
        const draft = draftAllows({ tree, inventory, edges, coverage, namespace, facts, settings, writer, sources });
        const after = readInventory(overlay(tree, draft.files), facts);
        const set = compilePolicies([...after.policies, assumedDefaultDeny(namespace)], settings);
        const dropped = needed.filter((flow) => set.connection(flow).verdict !== "allowed");
        return [...new Set(dropped.map((flow) => flow.id))];
      };
      const real = lost(besides);
      const mutant = lost([incident.edges, ...besides]);
      const held = real.length === 0;
      const caught = keeps.every((id) => mutant.includes(id));
      const detail = !held
        ? `lost: ${real.join(", ")}`
        : caught
          ? null
          : `without ${incident.edges} edges it still allows ${keeps.filter((id) => !mutant.includes(id)).join(", ")}`;
      return { held, caught, detail };
    } finally {
      await flows.dispose();
    }
  });
