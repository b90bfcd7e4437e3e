import { describe, expect, it } from "vitest";
import type { ExpectedFlow } from "../../src/replay/walk.ts";
import { walkLines } from "../../src/server/pages/walk.ts";

const ASKED = Date.UTC(2026, 4, 18, 12, 0);
const flow = (more: Partial<ExpectedFlow> = {}): ExpectedFlow => ({
  source: "network/Gateway/outside",
  destination: "collab/Deployment/wiki",
  protocol: "TCP",
  port: 3000,
  reason: "HTTPRoute collab/wiki through network/outside",
  purpose: "HTTPRoute collab/wiki: collab/Deployment/wiki",
  by: "walk",
  exercise: "open wiki.example.com in a browser",
  seen: null,
  ...more,
});
const at = (minutes: number, dropped = false): ExpectedFlow["seen"] => ({ at: ASKED + minutes * 60_000, dropped });
const linesOf = (flows: readonly ExpectedFlow[], readUntil: number | null = ASKED, now = ASKED) =>
  walkLines({ flows, readUntil }, ASKED, now);

describe("what the page says of a walk's flows", () => {
  it("counts only what was seen since it was asked for", () => {
    const said = (seen: ExpectedFlow["seen"]): string => {
      const [line] = linesOf([flow({ seen })]).walk;
      return `${line?.state}: ${line?.said}`;
    };
    expect(said(null)).toBe("wait: not seen yet, nor ever before");
    expect(said(at(-60))).toBe("wait: not seen yet; before, at 2026-05-18 11:00 UTC");
    expect(said(at(5))).toBe("good: seen at 2026-05-18 12:05 UTC");
    expect(said(at(5, true))).toBe("bad: dropped at 2026-05-18 12:05 UTC");
  });

  it("takes one of several ways for enough, and never a drop", () => {
    const inside = flow({ source: "network/Gateway/inside" });
    const states = (one: ExpectedFlow["seen"]) => linesOf([flow({ seen: one }), inside]).walk.map(({ state }) => state);
    expect(states(at(5))).toEqual(["good", "rest"]);
    expect(states(at(5, true))).toEqual(["bad", "wait"]);
    expect(linesOf([flow({ seen: at(5) }), { ...inside, seen: at(6, true) }]).walk[1]?.state).toBe("bad");
  });

  it("keeps apart what no walk brings about, and names what would", () => {
    const backup = flow({ by: "other", exercise: "take a backup now", reason: "backup: S3" });
    const { walk, unexercised } = linesOf([backup, { ...backup, seen: at(-99) }]);
    expect(walk).toEqual([]);
    expect(unexercised).toEqual([
      expect.objectContaining({ exercise: "take a backup now", why: "backup: S3" }) as unknown,
    ]);
  });

  it("says what cannot be told: nobody reads Hubble, or nobody has for a while", () => {
    expect(linesOf([], null).reading).toContain("Nobody reads Hubble");
    expect(linesOf([], ASKED, ASKED + 600_000).reading).toContain("was read until 2026-05-18 12:00 UTC");
    expect(linesOf([]).reading).toBe("Hubble is being read.");
  });
});
