import { describe, expect, it } from "vitest";
import { audit } from "../../../src/audit/audit.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";
import { DIALECTS, spokenIn } from "./dialects.ts";
import { repository } from "./repository.ts";
import { measure } from "./run.ts";

const tree = repository();

describe("a repository that works", () => {
  it.each([undefined, ...DIALECTS])("is met with silence, whatever words its policies use", (dialect) => {
    const inventory = readInventory(dialect === undefined ? tree : spokenIn(tree, dialect), defaultClusterFacts);
    expect(inventory.policies.length).toBeGreaterThan(60);
    const { findings } = audit(inventory, defaultClusterFacts, { now: 0 });
    expect(findings.filter((f) => f.severity !== "info").map((f) => f.message)).toEqual([]);
  });

  // `npm run bench audit` plants them everywhere; here one place of each class stands for the rest.
  it("shows every class of defect that is planted in it, where it is", { timeout: 300_000 }, () => {
    const { classes } = measure(tree, { each: 1 });
    expect(classes.length).toBeGreaterThan(40);
    expect(classes.filter((c) => c.planted !== 1).map((c) => c.id)).toEqual([]);
    expect(classes.flatMap((c) => c.missed)).toEqual([]);
  });
});
