import { afterAll, describe, expect, it } from "vitest";
import { prepareSample, replayIncident } from "../../evals/harness.ts";
import { readIncidents } from "../../evals/incident.ts";

const quiet = { step: () => undefined, clear: () => undefined };
const sample = prepareSample(quiet);
afterAll(async () => (await sample).dispose());

describe("every incident", { timeout: 240_000 }, () => {
  it.each(readIncidents(null).map((incident) => [incident.id, incident] as const))(
    "%s is held by its gate, and let through without it",
    async (_, incident) => {
      const { outcome, mutant, detail } = await replayIncident(incident, (await sample).state, quiet);
      expect({ outcome, mutant }, detail ?? "").toEqual({ outcome: "held", mutant: "caught" });
    },
  );
});
