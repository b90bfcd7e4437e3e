import { afterAll, describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { openArena } from "./attempts/arena.ts";
import { libraryHands } from "./attempts/hands.ts";
import { newTally, play, playMany, WAYS_IN } from "./attempts/play.ts";
import { closeServe } from "./attempts/serve-hands.ts";
import { closeServer } from "./server-ground.ts";

afterAll(async () => {
  await closeServe();
  await closeServer();
});

const SEED = 20_261_126;

describe("an adversary with the library, the server or our API in hand", () => {
  it(
    "makes 300 attempts, and nothing is written that its gates had not passed over those bytes",
    { timeout: 300_000 },
    async () => {
      const tally = newTally();
      for (const [by, attempts] of [
        ["langgraph", 40],
        ["serve", 20],
        ["library", 240],
      ] as const)
        await playMany({ attempts, seed: SEED, tally, by });
      expect(tally.attempts).toBeGreaterThanOrEqual(300);
      // Otherwise nothing was proved: the attempts have to get somewhere.
      expect(tally.doors).toBeGreaterThan(60);
      expect(tally.effects).toBeGreaterThan(10);
      expect([...tally.refused.keys()]).toEqual(expect.arrayContaining(["L2/command", "L2/state-edit", "HTTP 403"]));
    },
  );

  it("would be seen: with gates that see nothing, the watch finds what was written and names it", async () => {
    const blind = fc.asyncProperty(WAYS_IN.library.scenarios, (made) =>
      play(made, newTally(), async () => {
        const arena = openArena(made, { blind: true });
        return { arena, hands: libraryHands(arena.graph) };
      }),
    );
    await expect(fc.assert(blind, { seed: SEED, numRuns: 100, endOnFailure: true })).rejects.toMatchObject({
      cause: expect.objectContaining({
        message: expect.stringContaining("an effect without clearance") as string,
      }) as Error,
    });
  });
});
