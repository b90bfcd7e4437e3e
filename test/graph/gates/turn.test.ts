import { describe, expect, it } from "vitest";
import { known, unknown } from "../../../src/facts/known.ts";
import type { Stage } from "../../../src/facts/rollout.ts";
import type { Standing } from "../../../src/graph/gate.ts";
import { turn } from "../../../src/graph/gates/turn.ts";
import { facts, inventory } from "./cluster.ts";
import { passed, stopped } from "./judged.ts";

const PHASES = { small: 0, apps: 1, gateway: 2 } as const;
const standing = (name: string, stage: Stage, phase: keyof typeof PHASES | null): Standing => ({
  name,
  stage,
  order: phase === null ? null : PHASES[phase] * 10,
  phase: phase === null ? null : { order: PHASES[phase], name: phase },
});
const nothing = inventory({});
const asked = (namespace: string, ...standings: readonly Standing[]) =>
  facts("propose-allows", namespace, nothing, nothing, { standings: known(standings) });

describe("turn", () => {
  it("starts the first phase, and the next one when the last is signed off", () => {
    passed(turn, asked("webhook", standing("webhook", "surveyed", "small"), standing("collab", "surveyed", "apps")));
    passed(turn, asked("collab", standing("webhook", "signed-off", "small"), standing("collab", "surveyed", "apps")));
  });

  it("stops a second namespace while one is in flight, also one that is enforced and not signed off", () => {
    for (const stage of ["allows-proposed", "soaking", "default-deny-proposed", "enforced"] as const) {
      const refusal = stopped(
        turn,
        asked("collab", standing("webhook", stage, "apps"), standing("collab", "surveyed", "apps")),
        2,
      );
      expect(refusal.waitingFor?.what).toBe("turn");
    }
  });

  it("carries on the one that is in flight", () => {
    passed(turn, asked("webhook", standing("webhook", "soaking", "small"), standing("collab", "surveyed", "apps")));
  });

  it("keeps the gateway last", () => {
    const refusal = stopped(
      turn,
      asked("network", standing("collab", "surveyed", "apps"), standing("network", "surveyed", "gateway")),
      3,
    );
    expect(refusal.reason).toContain("collab");
  });

  it("lets namespaces that were enforced before the agent came, carved out or suspended stand aside", () => {
    passed(
      turn,
      asked(
        "collab",
        standing("media", "adopted", "small"),
        standing("downloads", "carved-out", null),
        standing("games", "suspended", "small"),
        standing("collab", "surveyed", "apps"),
      ),
    );
  });

  it("stays closed after a rollback until a person releases it", () => {
    const refusal = stopped(
      turn,
      asked("collab", standing("webhook", "rolled-back", "small"), standing("collab", "surveyed", "apps")),
      2,
    );
    expect(refusal.waitingFor?.what).toBe("person");
    stopped(turn, asked("webhook", standing("webhook", "rolled-back", "small")), 2);
  });

  it("refuses when nobody knows what is in flight", () => {
    stopped(
      turn,
      facts("propose-allows", "collab", nothing, nothing, { standings: unknown("the forge is silent", "the forge") }),
      2,
    );
  });
});
