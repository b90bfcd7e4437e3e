import { describe, expect, it } from "vitest";
import type { PullRequest } from "../../src/facts/ports.ts";
import type { Stage } from "../../src/facts/rollout.ts";
import type { Phase } from "../../src/rollout/campaign.ts";
import type { SoakState } from "../../src/rollout/soak.ts";
import { nextProposals, stageOf, withTurns } from "../../src/rollout/stage.ts";
import type { Placed, StageFacts } from "../../src/rollout/stage.ts";

const pr = (number: number, state: PullRequest["state"]): PullRequest => ({
  number,
  url: `forge/${number}`,
  branch: "b",
  base: "main",
  title: "",
  body: "",
  state,
  author: "agent",
  head: "h",
  mergeCommit: state === "merged" ? "c" : null,
  createdAt: 1,
  mergedAt: state === "merged" ? 2 : null,
  closedAt: null,
});
const none = { open: null, merged: null };
const merged = { open: null, merged: pr(1, "merged") };
const soak = (complete: boolean): SoakState => ({
  since: 0,
  because: "live",
  vacuous: false,
  coveredMinutes: 0,
  neededMinutes: 1440,
  complete,
  missing: complete ? [] : [{ what: "minutes", detail: "5 h to go", until: 99 }],
  until: complete ? 0 : 99,
});
const place = (more: Partial<StageFacts>): Placed =>
  stageOf({
    namespace: "collab",
    aside: null,
    suspended: false,
    hasAllows: false,
    enforcedInGit: false,
    enforcedInCluster: false,
    heldBack: false,
    allows: none,
    defaultDeny: none,
    rollback: none,
    released: false,
    allowsLive: null,
    soak: null,
    signedOff: false,
    signatureFault: null,
    ...more,
  });

describe("the stage of a namespace", () => {
  const steps: readonly (readonly [Stage, string | null, Partial<StageFacts>])[] = [
    ["surveyed", null, {}],
    ["allows-proposed", "merge", { allows: { open: pr(1, "open"), merged: null } }],
    [
      "allows-merged",
      "apply",
      { hasAllows: true, allows: merged, allowsLive: { arrived: false, why: "Flux is at work", waits: true } },
    ],
    ["allows-merged", "person", { hasAllows: true, allows: merged, allowsLive: null }],
    ["soaking", "soak", { hasAllows: true, allows: merged, allowsLive: { arrived: true }, soak: soak(false) }],
    ["soaking", null, { hasAllows: true, allows: merged, allowsLive: { arrived: true }, soak: soak(true) }],
    [
      "default-deny-proposed",
      "merge",
      { hasAllows: true, allows: merged, defaultDeny: { open: pr(2, "open"), merged: null } },
    ],
    ["default-deny-proposed", "apply", { enforcedInGit: true, defaultDeny: { open: null, merged: pr(2, "merged") } }],
    [
      "enforced",
      "sign-off",
      { enforcedInGit: true, enforcedInCluster: true, defaultDeny: { open: null, merged: pr(2, "merged") } },
    ],
    [
      "signed-off",
      null,
      {
        enforcedInGit: true,
        enforcedInCluster: true,
        signedOff: true,
        defaultDeny: { open: null, merged: pr(2, "merged") },
      },
    ],
    ["adopted", null, { enforcedInGit: true, enforcedInCluster: true }],
    ["rolled-back", "person", { defaultDeny: { open: null, merged: pr(2, "merged") } }],
    // A lock that was adopted leaves no pull request of ours but its revert.
    ["rolled-back", "person", { rollback: { open: null, merged: pr(3, "merged") } }],
    [
      "rolled-back",
      "person",
      {
        enforcedInGit: true,
        enforcedInCluster: false,
        heldBack: true,
        defaultDeny: { open: null, merged: pr(2, "merged") },
      },
    ],
    ["carved-out", null, { aside: "carved-out", enforcedInGit: true }],
    ["out-of-scope", null, { aside: "out-of-scope" }],
    ["suspended", null, { suspended: true, allows: { open: pr(1, "open"), merged: null } }],
  ];

  it("says why a signature that somebody gave does not count", () => {
    const locked = {
      enforcedInGit: true,
      enforcedInCluster: true,
      defaultDeny: { open: null, merged: pr(2, "merged") },
    };
    const { stage, waitingFor } = place({ ...locked, signatureFault: "the key of robin was revoked" });
    expect(stage).toBe("enforced");
    expect(waitingFor?.detail).toContain("the last one does not count: the key of robin was revoked");
  });

  it.each(steps)("is %s (waiting for %s)", (stage, what, facts) => {
    const placed = place(facts);
    expect(placed.stage).toBe(stage);
    expect(placed.waitingFor?.what ?? null).toBe(what);
  });

  it("goes on after a rollback once a person released it", () => {
    const back = {
      hasAllows: true,
      allows: merged,
      defaultDeny: { open: null, merged: pr(2, "merged") },
      allowsLive: { arrived: true },
      soak: soak(false),
    } as const;
    expect(place({ ...back, released: true }).stage).toBe("soaking");
  });

  it("is told from Git alone where there is no cluster", () => {
    expect(place({ enforcedInGit: true, enforcedInCluster: null }).stage).toBe("adopted");
  });
});

describe("turns", () => {
  const phases: readonly Phase[] = [
    { name: "small", namespaces: ["webhook", "games"], soak: 1 },
    { name: "apps", namespaces: ["collab", "media"], soak: 1 },
  ];
  const at = (namespace: string, stage: Stage, waiting: Placed["waitingFor"] = null): Placed => ({
    namespace,
    stage,
    waitingFor: waiting,
    pullRequest: null,
  });
  const stages = (placed: readonly Placed[]) =>
    Object.fromEntries(withTurns(placed, phases).map((p) => [p.namespace, p.stage]));

  it("let the first phase begin and the rest wait", () => {
    expect(stages([at("webhook", "surveyed"), at("games", "suspended"), at("collab", "surveyed")])).toEqual({
      webhook: "surveyed",
      games: "suspended",
      collab: "waiting",
    });
  });

  it("let nobody begin while one is in flight", () => {
    expect(stages([at("webhook", "soaking"), at("games", "surveyed"), at("media", "adopted")])).toMatchObject({
      games: "waiting",
    });
  });

  it("give the runner one thing per rollout, and a new rollout only when none is in flight", () => {
    const kinds = (...placed: readonly Placed[]) =>
      nextProposals(withTurns(placed, phases), phases).map((n) => `${n.kind} ${n.namespace} on ${n.thread}`);
    expect(kinds(at("collab", "surveyed"), at("webhook", "surveyed"))).toEqual([
      "propose-allows webhook on rollout:webhook",
    ]);
    expect(kinds(at("webhook", "soaking"), at("collab", "surveyed"))).toEqual([
      "propose-default-deny webhook on rollout:webhook",
    ]);
    expect(kinds(at("webhook", "soaking", { what: "soak", detail: "", until: 9 }), at("collab", "surveyed"))).toEqual(
      [],
    );
    expect(kinds(at("webhook", "enforced"), at("collab", "surveyed"))).toEqual([
      "request-sign-off webhook on rollout:webhook",
    ]);
    expect(kinds(at("webhook", "signed-off"), at("collab", "surveyed"))).toEqual([
      "propose-allows collab on rollout:collab",
    ]);
    expect(kinds(at("webhook", "rolled-back"), at("collab", "surveyed"))).toEqual([]);
  });
});
