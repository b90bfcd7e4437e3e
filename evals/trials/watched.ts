import { openAgents } from "../../src/compose.ts";
import type { WatchedIncident } from "../incident.ts";
import type { Scenes } from "../scenes.ts";
import type { Trial } from "./trial.ts";

/** One tick of the campaign, which nobody asked for, tells of the drop and whose rollback it proposes. */
export const watchedTrial = (scenes: Scenes, incident: WatchedIncident): Promise<Trial> =>
  scenes.with(incident, async (setting) => {
    const { namespace, drops } = incident.attempt;
    const agents = await openAgents(setting);
    try {
      const told = async (watchDrops: boolean): Promise<readonly string[]> => {
        const tick = await agents({ watchDrops }).tick();
        return tick.drops
          .filter((notice) => notice.namespace === namespace)
          .flatMap((notice) => [
            ...notice.drops.map((d) => `${d.source} > ${d.destination}:${String(d.port)}`),
            `proposed: ${notice.proposal?.waitingFor?.what ?? "nothing"}`,
          ]);
      };
      const real = await told(true);
      const mutant = await told(false);
      const held = real.includes(drops) && real.includes("proposed: person");
      const caught = mutant.length === 0;
      return { held, caught, detail: held && caught ? null : `told: ${[...real, ...mutant].join(", ") || "nothing"}` };
    } finally {
      await agents().dispose();
    }
  });
