import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryTree } from "../../src/facts/tree.ts";
import { kustomizeBuild } from "../../src/gitops/kustomize.ts";
import { idOf } from "../../src/gitops/walk/resource.ts";
import { KustomizeWalk } from "../../src/gitops/walk/walk.ts";
import { canonical, repository } from "./repositories.ts";

/**
 * Repositories as people write them, put together from what kustomize offers: whatever the real binary makes of one, our
 * walk makes of it too; what it refuses, the walk finds broken. Each run starts the binary, so there are few by default:
 * NETWORK_OPERATOR_WALK_RUNS asks for more.
 */
const RUNS = Number(process.env["NETWORK_OPERATOR_WALK_RUNS"] ?? 6);
/** Above this, other repositories each time. */
const MANY = 100;

describe("the walk of any repository", () => {
  it("makes of it what the real kustomize makes, and finds broken what that refuses", async () => {
    await fc.assert(
      fc.asyncProperty(repository, async (files) => {
        const tree = memoryTree(files);
        const walked = new KustomizeWalk(tree).build("prod");
        const built = await kustomizeBuild(tree, "prod");
        const problems = (walked?.problems ?? []).map((p) => p.what);
        if (!built.built) {
          expect(problems.length, built.what).toBeGreaterThan(0);
          return;
        }
        const wanted = Object.fromEntries(built.objects.map((o) => [idOf(o), canonical(o)]));
        const found = Object.fromEntries((walked?.resources ?? []).map((r) => [idOf(r.value), canonical(r.value)]));
        expect(problems).toEqual([]);
        expect(found).toEqual(wanted);
      }),
      { numRuns: RUNS, ...(RUNS > MANY ? {} : { seed: 7 }) },
    );
  }, 600_000);
});
