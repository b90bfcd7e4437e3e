import { describe, expect, it } from "vitest";
import { HOUR } from "../../src/facts/clock.ts";
import type { DropCount } from "../../src/facts/edge.ts";
import type { PullRequest } from "../../src/facts/ports.ts";
import { dropsSince, watchDrops } from "../../src/rollout/drop-watch.ts";
import { evidence, NOW } from "../graph/facts/home.ts";
import { edge } from "../graph/gates/cluster.ts";

const drop = (more: Partial<DropCount> = {}): DropCount => ({
  class: "policy",
  reason: "POLICY_DENIED",
  direction: "egress",
  flows: 3,
  lastSeen: NOW,
  ...more,
});
const dropped = (from: string, to: string, ...drops: readonly DropCount[]) => edge(from, to, 443, "TCP", { drops });

const MERGED: PullRequest = {
  number: 1,
  url: "u",
  branch: "",
  base: "main",
  title: "",
  body: "",
  state: "merged",
  author: "a",
  head: "h",
  mergeCommit: "c",
  createdAt: 0,
  mergedAt: NOW - HOUR,
  closedAt: null,
};

describe("the drop watch", () => {
  it("counts a drop for the namespace whose policy made it", () => {
    const edges = [dropped("collab/Deployment/web", "media/Deployment/player", drop())];
    expect(dropsSince(edges, "collab", NOW - HOUR)).toHaveLength(1);
    expect(dropsSince(edges, "media", NOW - HOUR)).toEqual([]);
  });

  it("is tripped by nothing old, by no noise and by no start-up", () => {
    const edges = [
      dropped(
        "collab/Deployment/web",
        "reserved:world",
        drop({ lastSeen: NOW - 2 * HOUR }),
        drop({ class: "start-up" }),
        drop({ class: "noise" }),
        drop({ class: "datapath" }),
      ),
    ];
    expect(dropsSince(edges, "collab", NOW - HOUR)).toEqual([]);
  });

  it("looks from the merge on, of allows as of locks, and leaves everybody else alone", async () => {
    const merged = (branch: string): PullRequest => ({ ...MERGED, branch });
    const placed = ["collab", "media"].map((namespace) => ({
      namespace,
      stage: "enforced" as const,
      waitingFor: null,
      pullRequest: null,
    }));
    const seen = evidence([
      dropped("collab/Deployment/web", "reserved:world", drop()),
      dropped("media/Deployment/player", "reserved:world", drop()),
    ]);
    const watch = await watchDrops({ placed, pullRequests: [merged("netpol/collab.default-deny")], now: NOW }, seen);
    expect(watch.map((w) => [w.namespace, w.since])).toEqual([["collab", NOW - HOUR]]);
    expect(watch[0]).toMatchObject({ locked: true, pullRequest: 1 });
  });

  it("takes for new what was not dropped before, and nothing of what was rolled back", async () => {
    const pullRequest = { ...MERGED, mergedAt: NOW - HOUR, branch: "netpol/collab" };
    const placed = (stage: "soaking" | "rolled-back") => [
      { namespace: "collab", stage, waitingFor: null, pullRequest: null },
    ];
    const web = (to: string, lastSeen: number) => dropped("collab/Deployment/web", to, drop({ lastSeen }));
    const before = [web("reserved:world", NOW - 5 * HOUR)];
    const since = [web("reserved:world", NOW), web("media/Deployment/player", NOW)];
    const seen = {
      ...evidence(),
      edges: ({ window }: { window?: { from: number } }) =>
        Promise.resolve((window?.from ?? 0) < NOW - HOUR ? before : since),
    };
    const now = { pullRequests: [pullRequest], now: NOW };
    const [watch] = await watchDrops({ ...now, placed: placed("soaking") }, seen);
    expect(watch?.drops.map((d) => d.edge.destination.id)).toEqual(["media/Deployment/player"]);
    expect(watch).toMatchObject({ locked: false });
    expect(await watchDrops({ ...now, placed: placed("rolled-back") }, seen)).toEqual([]);
  });
});
