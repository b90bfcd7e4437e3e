import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { playWorld, watchFirstDay } from "../../src/compose/sample.ts";
import { DAY, HOUR, MINUTE } from "../../src/facts/clock.ts";
import type { Coverage } from "../../src/facts/coverage.ts";
import type { Edge } from "../../src/facts/edge.ts";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";
import type { EvidenceStore } from "../../src/store/evidence.ts";
import { WORLD_START, openWorld, type World } from "../../src/world/world.ts";

const SILENT = { step: () => undefined, clear: () => undefined };

interface Sample {
  readonly world: World;
  readonly evidence: EvidenceStore;
}
const close: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const one of close) await one();
});

const sampleIn = async (dir: string): Promise<Sample> => {
  const world = await openWorld({ dir });
  const evidence = openEvidenceStore({ path: join(dir, "evidence.sqlite"), key: "k" });
  close.push(async () => {
    await evidence.dispose();
    world.dispose();
    rmSync(dir, { recursive: true, force: true });
  });
  return { world, evidence };
};
const newDir = (): string => mkdtempSync(join(tmpdir(), "first-day-"));

const DAY_ONE = { from: WORLD_START, to: WORLD_START + DAY };
const seen = async ({
  evidence,
}: Sample): Promise<{ readonly coverage: Coverage; readonly edges: readonly Edge[] }> => ({
  coverage: await evidence.coverage({ ...DAY_ONE, namespace: null, nodes: null }),
  edges: await evidence.edges({ window: DAY_ONE }),
});

/** Asked for by two at once: one makes it, and the other waits for it. */
const both = Promise.resolve(newDir()).then(async (dir) => {
  const samples = [await sampleIn(dir), await sampleIn(dir)];
  await Promise.all(samples.map(({ world, evidence }) => watchFirstDay(world, evidence, SILENT)));
  return Promise.all(samples.map(seen));
});
const whole = both.then(([one]) => one ?? expect.unreachable("nobody made a day"));

describe("the sample's first day", () => {
  it("was watched from its first minute to its last", async () => {
    const { coverage, edges } = await whole;
    expect(coverage.nodes.map(({ holes, coveredMinutes }) => [holes, coveredMinutes])).toEqual(
      coverage.nodes.map(() => [[], DAY / MINUTE]),
    );
    expect(edges.length).toBeGreaterThan(100);
  });

  it("is the same after it was cut short in its last hour and begun again", async () => {
    const sample = await sampleIn(newDir());
    const step = (_: string, done = 0): void => {
      if (done >= 23 * HOUR) throw new Error("cut short");
    };
    await expect(playWorld(sample.world, sample.evidence, { ...SILENT, step }, DAY, [])).rejects.toThrow("cut short");
    expect(sample.world.clock.now()).toBe(WORLD_START);
    await watchFirstDay(sample.world, sample.evidence, SILENT);
    expect(await seen(sample)).toEqual(await whole);
  });

  it("is made by one of two who ask for it at once, and waited for by the other", async () => {
    for (const one of await both) expect(one).toEqual(await whole);
  });

  it("and a turn longer than a day is watched across midnight, with nothing but its hole missing", async () => {
    const sample = await sampleIn(newDir());
    const hole = { node: "node-2", from: WORLD_START + 23 * HOUR, to: WORLD_START + 25 * HOUR };
    await playWorld(sample.world, sample.evidence, SILENT, DAY + 2 * HOUR, [hole]);
    const whole = { from: WORLD_START, to: WORLD_START + DAY + 2 * HOUR };
    const { nodes } = await sample.evidence.coverage({ ...whole, namespace: null, nodes: null });
    const missed = nodes.flatMap(({ node, holes }) => holes.map(({ from, to }) => ({ node, from, to })));
    expect(missed).toEqual([hole]);
  });
});
