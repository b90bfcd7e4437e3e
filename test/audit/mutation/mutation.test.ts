import { describe, expect, it } from "vitest";
import { audit } from "../../../src/audit/audit.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";
import { DIALECTS, spokenIn } from "./dialects.ts";
import { platform, repository } from "./repository.ts";
import { measure } from "./run.ts";

const trees = { repository: repository(), platform: platform() } as const;
const NAMES = ["repository", "platform"] as const;

describe.each(NAMES)("a %s that works", (name) => {
  const tree = trees[name];

  it.each([undefined, ...DIALECTS])("is met with silence, whatever words its policies use", (dialect) => {
    const inventory = readInventory(dialect === undefined ? tree : spokenIn(tree, dialect), defaultClusterFacts);
    expect(inventory.policies.length).toBeGreaterThan(60);
    const { findings } = audit(inventory, defaultClusterFacts, { now: 0 });
    expect(findings.filter((f) => f.severity !== "info").map((f) => f.message)).toEqual([]);
  });

  // `npm run bench audit` plants them everywhere; here one place of each class stands for the rest.
  it("shows every class of defect that is planted in it, where it is", { timeout: 300_000 }, () => {
    const { classes } = measure(tree, { each: 1 });
    expect(classes.length).toBeGreaterThan(55);
    const without = classes.filter((c) => c.planted !== 1).map((c) => c.id);
    expect(without).toEqual(name === "repository" ? [] : NO_ROOM);
    expect(classes.flatMap((c) => c.missed)).toEqual([]);
  });
});

/** Classes that this one has no place for. */
const NO_ROOM = ["cluster taken for the world"];
