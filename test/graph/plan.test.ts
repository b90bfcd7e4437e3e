import { describe, expect, it } from "vitest";
import { STAGES, type Stage, type WaitingFor } from "../../src/facts/rollout.ts";
import { planFor } from "../../src/graph/plan.ts";
import type { Wish } from "../../src/graph/state.ts";

const wish = (more: Partial<Wish> = {}): Wish => ({
  kind: "propose",
  namespace: "selfhosted",
  edits: [],
  call: null,
  ...more,
});
const at = (stage: Stage, what?: WaitingFor["what"]) => ({
  name: "selfhosted",
  stage,
  waitingFor: what === undefined ? null : { what, detail: "", until: null },
  pullRequest: null,
});
const lane = (id: string) => ({ kind: "propose", lane: id });

describe("what comes next", () => {
  it.each<[Stage, WaitingFor["what"] | undefined, object]>([
    ["surveyed", undefined, lane("propose-allows")],
    ["allows-proposed", "merge", lane("propose-allows")],
    ["allows-merged", "apply", { kind: "waiting" }],
    ["soaking", "soak", { kind: "waiting" }],
    ["soaking", undefined, lane("propose-default-deny")],
    ["default-deny-proposed", "merge", lane("propose-default-deny")],
    ["default-deny-proposed", "apply", { kind: "waiting" }],
    ["enforced", "sign-off", lane("request-sign-off")],
    ["signed-off", undefined, { kind: "settled" }],
    ["adopted", undefined, { kind: "settled" }],
  ])("%s, waiting for %s", (stage, what, plan) => {
    expect(planFor(wish(), at(stage, what), true)).toMatchObject(plan);
  });

  it.each<Stage>(["out-of-scope", "carved-out", "suspended", "waiting", "rolled-back"])(
    "%s is for the gates to refuse, with their lesson",
    (stage) => {
      expect(planFor(wish(), at(stage, "turn"), true)).toMatchObject(lane("propose-allows"));
    },
  );

  it("waits for a person where nobody could sign", () => {
    expect(planFor(wish(), at("enforced", "sign-off"), false)).toMatchObject({ kind: "waiting" });
  });

  it.each(STAGES)("a lane that is named at stage %s is taken: its gates answer, not the stage", (stage) => {
    expect(planFor(wish({ kind: "propose-default-deny" }), at(stage, "soak"), true)).toMatchObject(
      lane("propose-default-deny"),
    );
  });

  it.each(STAGES)("bytes that somebody brings at stage %s are judged", (stage) => {
    const edits = [{ path: "a.yaml", text: "x\n" }];
    expect(planFor(wish({ edits }), at(stage, "soak"), true)).toMatchObject({ kind: "propose" });
  });
});
