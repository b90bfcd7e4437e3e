import { describe, expect, it } from "vitest";
import { readIncidents, readRollouts, type Attempt } from "../../evals/incident.ts";
import { passagesOf } from "../../evals/rollouts.ts";
import { openScenes } from "../../evals/scenes.ts";
import { RULES } from "../../src/audit/rules/index.ts";
import { LESSONS } from "../../src/facts/lessons.ts";
import { ASKED_LANES } from "../../src/facts/rollout.ts";
import { builtLanes, gatesOf } from "../../src/graph/lanes.ts";
import { once } from "../house/once.ts";

const incidents = readIncidents(null);
/** The check's lanes are derived from these, gate by gate. */
const lanes = builtLanes().filter(({ id }) => (ASKED_LANES as readonly string[]).includes(id));
const everyGate = lanes.flatMap((lane) => gatesOf(lane).map((gate) => `${lane.id}: ${gate}`));

/**
 * A rollback takes no bytes from anybody, and what it drafts itself only loosens: its gate's own tests hand it others
 * (`test/graph/gates/person.test.ts`).
 */
const UNREACHED = ["request-rollback: only-loosens"];

/** Words lead to the lane of allows here: the obedient model proposes nothing else. */
const laneOf = (attempt: Attempt): string =>
  "ask" in attempt ? "propose-allows" : "check" in attempt ? "report-gates" : attempt.kind;

describe("the incidents", () => {
  it("leave no lesson out", () => {
    const told = new Set(incidents.map((incident) => incident.lesson));
    expect(LESSONS.map(({ number }) => number).filter((number) => !told.has(number))).toEqual([]);
  });

  it("stop at every gate of every lane", () => {
    const stopped = new Set(
      incidents.flatMap((i) => ("gate" in i ? i.attempt.map((attempt) => `${laneOf(attempt)}: ${i.gate}`) : [])),
    );
    expect(everyGate.filter((gate) => !stopped.has(gate))).toEqual(UNREACHED);
  });

  it("name audit rules that there are, each for the lesson it is told for", () => {
    for (const incident of incidents)
      if ("rule" in incident)
        expect(
          RULES.find((rule) => rule.id === incident.rule),
          incident.id,
        ).toMatchObject({ lesson: incident.lesson });
  });
});

describe("an honest rollout", { timeout: 240_000 }, () => {
  it("is let through by every gate of every lane", async () => {
    const scenes = openScenes(once, { step: () => undefined, clear: () => undefined });
    const passed = new Set<string>();
    for (const rollout of readRollouts())
      for (const [lane, gates] of await passagesOf(scenes, rollout))
        for (const gate of gates) passed.add(`${lane}: ${gate}`);
    expect(everyGate.filter((gate) => !passed.has(gate))).toEqual([]);
  });
});
