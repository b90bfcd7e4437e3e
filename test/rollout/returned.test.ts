import { describe, expect, it } from "vitest";
import { DAY, HOUR } from "../../src/facts/clock.ts";
import { memoryTree } from "../../src/facts/tree.ts";
import { returnedWorkloads } from "../../src/rollout/returned.ts";
import { inventory, NOW, workload } from "../graph/gates/cluster.ts";

const app = workload("collab/Deployment/quiz", [], { owner: "collab/quiz" });
const home = inventory({
  namespaces: ["collab"],
  workloads: [app, workload("collab/Deployment/web", [], { owner: "collab/web" })],
  kustomizations: [{ id: "collab/quiz" }, { id: "collab/web" }],
});
const ks = (suspend: boolean): string =>
  `kind: Kustomization\nmetadata: { name: other }\nspec: { suspend: true }\n---\nkind: Kustomization\nmetadata: { name: quiz }\nspec: { suspend: ${suspend} }\n`;
const history = (resumedAt: number, before = ks(true), after = ks(false)) =>
  returnedWorkloads({
    namespace: "collab",
    now: NOW,
    inventory: home,
    forge: {
      history: (path) =>
        Promise.resolve(
          path === "quiz/ks.yaml"
            ? [
                { commit: "after", time: resumedAt },
                { commit: "before", time: 1 },
              ]
            : [],
        ),
      tree: (commit) => Promise.resolve(memoryTree({ "quiz/ks.yaml": commit === "after" ? after : before })),
    },
  });

describe("an app that comes back", () => {
  it("is as new as a new one, from the commit that resumed it", async () => {
    expect(await history(NOW - HOUR)).toEqual([{ workload: "quiz", firstSeen: NOW - HOUR }]);
  });

  it("is none when it was never away, is still away, or has been back for days", async () => {
    expect(await history(NOW - HOUR, ks(false))).toEqual([]);
    expect(await history(NOW - HOUR, ks(true), ks(true))).toEqual([]);
    expect(await history(NOW - 3 * DAY)).toEqual([]);
  });
});
