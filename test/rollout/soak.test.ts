import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE } from "../../src/facts/clock.ts";
import type { NodeCoverage } from "../../src/facts/coverage.ts";
import { soakState } from "../../src/rollout/soak.ts";
import type { SoakInput } from "../../src/rollout/soak.ts";

const LIVE = Date.UTC(2026, 4, 18, 9, 20);
const node = (name: string, holes: readonly (readonly [number, number])[] = []): NodeCoverage => ({
  node: name,
  minutes: 0,
  coveredMinutes: 0,
  holes: holes.map(([from, to]) => ({ from: LIVE + from, to: LIVE + to, why: "reader away" })),
  seen: 1000,
  lost: 0,
});
const soak = (passed: number, nodes: readonly NodeCoverage[] = [node("worker-1")], more: Partial<SoakInput> = {}) =>
  soakState({
    now: LIVE + passed,
    window: DAY,
    resets: [{ at: LIVE, why: "the allows went live" }],
    newWorkloads: [],
    coverage: {
      from: LIVE,
      to: LIVE + passed,
      nodes,
      completeness: 1,
      vacuous: false,
      hoursOfDay: [],
      control: { kind: "kubelet-probe", node: "worker-1", flows: 10, lastSeen: LIVE },
    },
    ...more,
  });

describe("the soak's clock", () => {
  it("is over after the window, and not a minute before", () => {
    expect(soak(DAY)).toMatchObject({ complete: true, coveredMinutes: 1440 });
    expect(soak(DAY - MINUTE)).toMatchObject({ complete: false, until: LIVE + DAY });
    expect(soak(2 * DAY, undefined, { window: 3 * DAY })).toMatchObject({ complete: false, until: LIVE + 3 * DAY });
  });

  it("is stretched by a hole, by as much as the hole", () => {
    const holed = [node("worker-1", [[5 * HOUR, 5 * HOUR + 20 * MINUTE]])];
    expect(soak(DAY, holed)).toMatchObject({ complete: false, until: LIVE + DAY + 20 * MINUTE });
    expect(soak(DAY + 20 * MINUTE, holed)).toMatchObject({ complete: true, since: LIVE });
  });

  it("counts the node that saw least, and overlapping holes once", () => {
    const nodes = [
      node("worker-1", [
        [HOUR, 2 * HOUR],
        [HOUR + 30 * MINUTE, 3 * HOUR],
      ]),
      node("worker-2"),
    ];
    expect(soak(DAY, nodes).coveredMinutes).toBe(22 * 60);
  });

  it("begins anew after more than six hours in one piece, and says on which node", () => {
    const hole = [node("worker-1"), node("worker-2", [[4 * HOUR, 10 * HOUR + MINUTE]])];
    const state = soak(DAY + HOUR, hole);
    expect(state).toMatchObject({ complete: false, since: LIVE + 10 * HOUR + MINUTE });
    expect(state.because).toContain("worker-2");
    expect(soak(DAY + 10 * HOUR + MINUTE, hole).complete).toBe(true);
  });

  it("does not begin anew after exactly six hours: those only stretch it", () => {
    expect(soak(DAY + 6 * HOUR, [node("worker-1", [[4 * HOUR, 10 * HOUR]])])).toMatchObject({ since: LIVE });
  });

  it("begins anew when a policy of the namespace changed", () => {
    const resets = [
      { at: LIVE, why: "live" },
      { at: LIVE + 20 * HOUR, why: "collab/allow-web changed" },
    ];
    expect(soak(DAY, undefined, { resets })).toMatchObject({ complete: false, because: "collab/allow-web changed" });
    expect(soak(44 * HOUR, undefined, { resets }).complete).toBe(true);
  });

  it("wants every hour of the day once, however long it lasts", () => {
    const everyNight = [0, 1, 2].map((d) => [d * DAY + 16 * HOUR, d * DAY + 18 * HOUR] as const);
    const state = soak(3 * DAY, [node("worker-1", everyNight)], { window: DAY });
    expect(state.complete).toBe(false);
    expect(state.missing.map((m) => m.what)).toEqual(["hour-of-day"]);
  });

  it("lets a new workload serve its own day", () => {
    const newWorkloads = [{ workload: "Deployment/late", firstSeen: LIVE + 20 * HOUR }];
    expect(soak(DAY, undefined, { newWorkloads })).toMatchObject({ complete: false, until: LIVE + 44 * HOUR });
    expect(soak(44 * HOUR, undefined, { newWorkloads }).complete).toBe(true);
  });

  it("trusts no silence without a positive control", () => {
    const state = soak(DAY);
    const dead = soakState({
      now: LIVE + DAY,
      window: DAY,
      resets: [{ at: LIVE, why: "live" }],
      newWorkloads: [],
      coverage: {
        from: LIVE,
        to: LIVE + DAY,
        nodes: [node("worker-1")],
        completeness: 1,
        vacuous: false,
        hoursOfDay: [],
        control: null,
      },
    });
    expect(state.complete).toBe(true);
    expect(dead).toMatchObject({ complete: false, until: null });
  });

  it("has not begun before the allows are live, and counts nothing from before the evidence begins", () => {
    expect(soak(DAY, undefined, { resets: [] })).toMatchObject({ complete: false, coveredMinutes: 0 });
    expect(soak(DAY, undefined, { resets: [{ at: LIVE - DAY, why: "live" }] })).toMatchObject({ since: LIVE });
  });

  it("is vacuous for a namespace without pods, and says so", () => {
    const state = soakState({
      now: LIVE + HOUR,
      window: DAY,
      resets: [{ at: LIVE, why: "live" }],
      newWorkloads: [],
      coverage: {
        from: LIVE,
        to: LIVE + HOUR,
        nodes: [],
        completeness: 1,
        vacuous: true,
        hoursOfDay: [],
        control: null,
      },
    });
    expect(state).toMatchObject({ complete: true, vacuous: true });
  });

  it("is never complete on nodes that nobody watched", () => {
    expect(soak(9 * DAY, [])).toMatchObject({ complete: false, until: null });
  });
});
