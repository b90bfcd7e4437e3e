import { describe, expect, it } from "vitest";
import { audit } from "../../../src/audit/audit.ts";
import { defaultClusterFacts } from "../../../src/facts/cluster-facts.ts";
import { readInventory } from "../../../src/gitops/inventory.ts";
import { RARER, USUAL } from "./classes.ts";
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
    // Of the rarer classes a few stand for the rest, each planted in one of the two.
    const few = RARER.filter((c, i) => TURNS[i % 8] === name && (ALONE[c.id] ?? name) === name);
    const { classes } = measure(tree, { each: 1, classes: [...USUAL, ...few] });
    expect(classes.length).toBeGreaterThan(62);
    const without = classes.filter((c) => c.planted !== 1).map((c) => c.id);
    expect(without).toEqual(name === "repository" ? [] : NO_ROOM);
    expect(classes.flatMap((c) => c.missed)).toEqual([]);
  });
});

const TURNS: Readonly<Record<number, (typeof NAMES)[number]>> = { 0: "repository", 4: "platform" };

/** Classes that only one of the two has a place for. */
const ALONE: Readonly<Record<string, (typeof NAMES)[number]>> = {
  "own namespace's labels swapped": "repository",
  "UDP written as TCP": "repository",
  "world asked as the cluster": "platform",
  "scrape no longer admitted": "repository",
  "scrape on another port": "repository",
};

/** Classes that this one has no place for. */
const NO_ROOM = ["cluster taken for the world"];
