import { describe, expect, it } from "vitest";
import { replayIncident, reportOf } from "../../evals/harness.ts";
import { readIncidents, type AuditedIncident, type DraftedIncident, type Incident } from "../../evals/incident.ts";
import { openScenes } from "../../evals/scenes.ts";
import { once } from "../house/once.ts";

const scenes = openScenes(once, { step: () => undefined, clear: () => undefined });
const incident = (id: string): Incident => {
  const [found] = readIncidents(id);
  if (found === undefined) throw new Error(id);
  return found;
};

describe("an incident that is wrong", { timeout: 240_000 }, () => {
  it("is missed where its guard sees nothing, and is told with what was seen instead", async () => {
    const half = incident("half-open") as AuditedIncident;
    const told = await replayIncident(scenes, { ...half, rule: "too-wide" });
    expect(told).toMatchObject({
      outcome: "missed",
      gate: "too-wide",
      detail: expect.stringContaining("half-open-allow"),
    });
  });

  it("has a mutant that survives where another guard holds it as well", async () => {
    const job = incident("job-nobody-selected") as AuditedIncident;
    const alone = { ...job, attempt: { ...job.attempt, besides: [] } };
    expect(await replayIncident(scenes, alone)).toMatchObject({ outcome: "held", mutant: "survived" });
    const failover = incident("failover-needs-no-new-rule") as DraftedIncident;
    const observed = { ...failover, attempt: { ...failover.attempt, besides: [] } };
    expect(await replayIncident(scenes, observed)).toMatchObject({ outcome: "held", mutant: "survived" });
  });

  it("is counted", () => {
    const result = { id: "a", title: "a", source: "a", gate: "scope", detail: null } as const;
    const report = reportOf([
      { ...result, outcome: "held", mutant: "caught" },
      { ...result, outcome: "missed", mutant: "survived" },
    ]);
    expect(report.summary).toEqual({ held: 1, missed: 1, caught: 1, survived: 1 });
  });

  it("is asked for by a name that there is", () => {
    expect(() => readIncidents("no-such-incident")).toThrow(/there is no incident "no-such-incident"/);
  });
});
