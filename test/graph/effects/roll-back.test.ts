import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HOUR, MINUTE } from "../../../src/facts/clock.ts";
import type { Answer } from "../../../src/graph/answer.ts";
import { commit } from "../../world/world.ts";
import { openBench, OWNED, REVERTED_BY_HAND, silentForge, type Bench } from "./rollback-bench.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
}, 120_000);
afterAll(() => bench.dispose());

const OVER_AN_INTERVAL = HOUR + MINUTE;

const suspended = async (): Promise<readonly string[]> =>
  (await bench.world.status()).kustomizations.filter((k) => k.suspended).map(({ id }) => id);

const merge = async (answer: Answer): Promise<void> => {
  await bench.forge.merge(answer.pullRequest?.number ?? 0);
};

// What happens when it is killed at a write: test/story/rollback-killed.test.ts. The world renders commits with the real kustomize, and a busy machine takes its time.
describe("a lock that has its own Kustomization", { timeout: 120_000 }, () => {
  it("comes off with Hubble, forge and model off, and says what is left", async () => {
    expect(await bench.isLocked("selfhosted")).toBe(true);
    const answer = await bench.rollBack("selfhosted", { forge: silentForge });
    expect(bench.writes).toEqual(["suspend selfhosted/selfhosted-default-deny", "remove selfhosted/default-deny"]);
    expect(await bench.isLocked("selfhosted")).toBe(false);
    expect(answer).toMatchObject({ namespace: "selfhosted", pullRequest: null, waitingFor: { what: "person" } });
    expect(answer.answer).toContain("the forge does not answer");
  });

  it("opens the revert once the forge is back: the Kustomization with its folder, and nothing else", async () => {
    const answer = await bench.rollBack("selfhosted");
    expect(answer).toMatchObject({ outcome: "rolled-back", waitingFor: { what: "merge" } });
    expect(answer.answer).toMatch(/confirmed by the policy state of 1 endpoints/);
    expect(answer.pullRequest?.branch).toBe("netpol/selfhosted.rollback");
    expect(answer.pullRequest?.files).toEqual([
      { path: "kubernetes/apps/selfhosted/default-deny/app/kustomization.yaml", change: "removed" },
      { path: "kubernetes/apps/selfhosted/default-deny/ks.yaml", change: "removed" },
      { path: "kubernetes/apps/selfhosted/kustomization.yaml", change: "changed" },
    ]);
    // Nothing more can be done before the merge: nobody is asked again.
    expect(await bench.ask("selfhosted")).toMatchObject({ outcome: "waiting", waitingFor: { what: "merge" } });
  });

  it("is resumed where a person's revert keeps the Kustomization, only after Flux fetched it, and is watched", async () => {
    await commit(bench.world, REVERTED_BY_HAND);
    expect(await bench.ask("selfhosted")).toMatchObject({ outcome: "waiting", waitingFor: { what: "apply" } });
    await bench.turn(OVER_AN_INTERVAL);
    expect(await bench.isLocked("selfhosted")).toBe(false);
    expect(await suspended()).toContain("selfhosted/selfhosted-default-deny");
    const answer = await bench.rollBack("selfhosted");
    expect(bench.writes.slice(2)).toEqual(["resume selfhosted/selfhosted-default-deny"]);
    expect(answer).toMatchObject({ outcome: "rolled-back", waitingFor: { what: "apply" } });
    expect(await bench.ask("selfhosted")).toMatchObject({ outcome: "answered" });
    await bench.turn(OVER_AN_INTERVAL);
    expect(await bench.isLocked("selfhosted")).toBe(false);
  });

  it("is over without a resume where the revert takes the Kustomization too: its parent prunes it, asleep as it is", async () => {
    await commit(bench.world, OWNED);
    await bench.turn(6 * MINUTE);
    expect(await bench.isLocked("selfhosted")).toBe(true);
    await merge(await bench.rollBack("selfhosted"));
    await bench.turn(OVER_AN_INTERVAL);
    expect(await bench.isLocked("selfhosted")).toBe(false);
    expect((await suspended()).filter((id) => id.startsWith("selfhosted/"))).toEqual([]);
    expect(await bench.ask("selfhosted")).toMatchObject({ outcome: "answered" });
  });
});

describe("a lock that shares its Kustomization", { timeout: 120_000 }, () => {
  it("is made inert where it stands, with the forge off, and goes once the revert is applied", async () => {
    bench.writes.length = 0;
    expect(await bench.isLocked("media")).toBe(true);
    await bench.rollBack("media", { forge: silentForge });
    expect(bench.writes).toEqual(["disarm media/default-deny"]);
    await bench.turn(OVER_AN_INTERVAL);
    expect(await bench.isLocked("media")).toBe(false);

    const answer = await bench.rollBack("media");
    expect(answer.pullRequest?.files).toEqual([
      { path: "kubernetes/apps/media/kustomization.yaml", change: "changed" },
    ]);
    await merge(answer);
    expect(await bench.ask("media")).toMatchObject({ waitingFor: { what: "apply" } });
    await bench.turn(6 * MINUTE);
    await bench.rollBack("media");
    expect(bench.writes).toEqual(["disarm media/default-deny", "remove media/default-deny"]);
    await bench.turn(OVER_AN_INTERVAL);
    expect(await bench.isLocked("media")).toBe(false);
  });
});

describe("what a rollback leaves alone", { timeout: 120_000 }, () => {
  it("is every policy from before the rollout, and a namespace that is nowhere", async () => {
    expect(await bench.ask("tools")).toMatchObject({ outcome: "answered" });
    expect(await bench.ask("nowhere")).toMatchObject({ outcome: "asked-back" });
    expect(bench.writes).toHaveLength(2);
  });
});
