import { isReport } from "../../src/facts/rollout.ts";
import { afterAll, describe, expect, it } from "vitest";
import { GATE_MUTANTS, gateFault } from "./gate-mutants.ts";
import { closeServer } from "./server-ground.ts";
import { fault, run } from "./vector.ts";
import { BRIEF } from "./vectors/index.ts";

afterAll(closeServer);

const WHOLE: ReadonlySet<never> = new Set();

describe.each(["library", "HTTP"] as const)("every known way past a gate, over %s", (over) => {
  const ways = BRIEF.filter((way) => way.over === over);
  it.each(ways.map((way) => [`${way.id}: ${way.what}: ${way.stops[0]}`, way] as const))("%s", async (_name, way) => {
    expect(fault(way, WHOLE, await run(way, WHOLE))).toBeNull();
  });
});

describe("a gate deleted from its lane is missed by its lesson", () => {
  // The check's lanes are made of those of the changes; `npm run redteam -- --mutants` deletes theirs, too.
  const named = GATE_MUTANTS.filter(({ lane }) => !isReport(lane) || lane === "report-gates").map(
    (mutant) => [mutant.lane, mutant.gate, mutant.lessons.join(", "), mutant] as const,
  );
  it.each(named)("%s without %s (lesson %s)", async (_lane, _gate, _lessons, mutant) => {
    expect(await gateFault(mutant)).toBeNull();
  });
});
