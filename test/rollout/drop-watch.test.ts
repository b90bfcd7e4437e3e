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
    const merged = (branch: string): PullRequest => ({
      number: 1,
      url: "u",
      branch,
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
    });
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
  });
});
