import { describe, expect, it } from "vitest";
import { replayIncident } from "../../evals/harness.ts";
import { readIncidents } from "../../evals/incident.ts";
import { openScenes } from "../../evals/scenes.ts";
import { once } from "../house/once.ts";

const scenes = openScenes(once, { step: () => undefined, clear: () => undefined });

describe("every incident", { timeout: 240_000 }, () => {
  it.each(readIncidents(null).map((incident) => [incident.id, incident] as const))(
    "%s is held by its guard, and let through without it",
    async (_, incident) => {
      const { outcome, mutant, detail } = await replayIncident(scenes, incident);
      expect({ outcome, mutant }, detail ?? "").toEqual({ outcome: "held", mutant: "caught" });
    },
  );
});
