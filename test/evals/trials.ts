import { describe, expect, it } from "vitest";
import { replayIncident } from "../../evals/harness.ts";
import { readIncidents, type Incident } from "../../evals/incident.ts";
import { openScenes } from "../../evals/scenes.ts";
import { once } from "../house/once.ts";

const scenes = openScenes(once, { step: () => undefined, clear: () => undefined });

/** Some of the incidents, so that two workers share them. */
export const replayed = (which: string, mine: (incident: Incident) => boolean): void => {
  describe(which, { timeout: 240_000 }, () => {
    it.each(
      readIncidents(null)
        .filter(mine)
        .map((incident) => [incident.id, incident] as const),
    )("%s is held by its guard, and let through without it", async (_, incident) => {
      const { outcome, mutant, detail } = await replayIncident(scenes, incident);
      expect({ outcome, mutant }, detail ?? "").toEqual({ outcome: "held", mutant: "caught" });
    });
  });
};
