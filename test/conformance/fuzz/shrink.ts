import type { CiliumVersion } from "../../../src/facts/settings.ts";
import { type Disagreement, disagreements } from "./differ.ts";
import type { GeneratedScenario } from "./generate.ts";
import { askOracle } from "./oracle.ts";

/** Every value that is this one with one thing less: an element, a key, or something inside one. */
function* smaller(value: unknown): Generator {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    for (let i = 0; i < items.length; i++) yield items.filter((_, j) => j !== i);
    for (const [i, item] of items.entries()) for (const less of smaller(item)) yield items.with(i, less);
  } else if (typeof value === "object" && value !== null) {
    const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
    // What a policy is called and where it lives stays: without it, it would be another policy.
    for (const [key] of entries) if (key !== "metadata" && key !== "kind") yield without(entries, key);
    for (const [key, item] of entries) {
      if (key !== "metadata") for (const less of smaller(item)) yield { ...value, [key]: less };
    }
  }
}

const without = (entries: readonly (readonly [string, unknown])[], key: string): unknown =>
  Object.fromEntries(entries.filter(([k]) => k !== key));

const isNamed = (policy: unknown): boolean =>
  typeof policy === "object" && policy !== null && "kind" in policy && "metadata" in policy;

function* candidates(scenario: GeneratedScenario): Generator<GeneratedScenario> {
  for (const policies of smaller(scenario.policies)) {
    if (Array.isArray(policies) && policies.every(isNamed)) yield { ...scenario, policies };
  }
  for (const settings of smaller(scenario.settings ?? {})) {
    if (typeof settings === "object" && settings !== null) yield { ...scenario, settings: { ...settings } };
  }
}

const BATCH = 200;

/** The smallest scenario, by taking one thing away at a time, in which we and the engine still differ. */
export const shrink = (found: Disagreement, binary: string, version: CiliumVersion): Disagreement => {
  let best = found;
  for (let round = 0; round < 60; round++) {
    const next = firstDisagreeing(best.scenario, binary, version);
    if (next === null) return best;
    best = next;
  }
  return best;
};

const firstDisagreeing = (scenario: GeneratedScenario, binary: string, version: CiliumVersion): Disagreement | null => {
  const all = [...candidates(scenario)];
  for (let start = 0; start < all.length; start += BATCH) {
    const batch = all.slice(start, start + BATCH);
    const answers = askOracle(binary, batch);
    for (const [i, candidate] of batch.entries()) {
      const answer = answers[i];
      const left = answer === undefined ? [] : disagreements(candidate, answer, version);
      if (left[0] !== undefined) return left[0];
    }
  }
  return null;
};
