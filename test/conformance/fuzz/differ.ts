import type { CiliumVersion } from "../../../src/facts/settings.ts";
import { type Comparison, compareScenario } from "../compare.ts";
import { generatedScenario, type Json } from "../vectors.ts";
import { type GeneratedScenario, HEADER } from "./generate.ts";
import type { OracleAnswer } from "./oracle.ts";

/** A place where we and the engine differ, cut down to what it needs. */
export interface Disagreement extends Comparison {
  readonly scenario: GeneratedScenario;
}

/** Flows at which the engine panicked have no answer to compare with. */
export const answered = (
  scenario: GeneratedScenario,
  answer: OracleAnswer,
): readonly [GeneratedScenario, OracleAnswer] => {
  const verdicts = answer.verdicts ?? [];
  const kept = scenario.flows.flatMap((flow, i) =>
    verdicts[i] === "CRASHED" ? [] : [{ flow, verdict: verdicts[i] ?? "missing" }],
  );
  return [
    { ...scenario, flows: kept.map((k) => k.flow) },
    { ...answer, verdicts: kept.map((k) => k.verdict) },
  ];
};

/** Joins a scenario with the engine's answer: one line of the generated format. */
export const joined = (scenario: GeneratedScenario, answer: OracleAnswer): Json => ({
  ...scenario,
  invalid: answer.invalid ?? [],
  flows: scenario.flows.map((flow, i) => [...flow, answer.verdicts?.[i] ?? "missing"]),
});

const header: Json = { ...HEADER };

export const compareWith = (
  scenario: GeneratedScenario,
  answer: OracleAnswer,
  version: CiliumVersion,
): readonly Comparison[] => {
  const [kept, verdicts] = answered(scenario, answer);
  return compareScenario(generatedScenario(joined(kept, verdicts), header, version));
};

/** The disagreements of a scenario, each with only the flow or the policy that shows it. */
export const disagreements = (
  scenario: GeneratedScenario,
  answer: OracleAnswer,
  version: CiliumVersion,
): readonly Disagreement[] => {
  const [kept, verdicts] = answered(scenario, answer);
  const comparisons = compareWith(kept, verdicts, version);
  const policies = scenario.policies.length;
  return comparisons.flatMap((c, i) => {
    if (c.agrees) return [];
    if (i < policies) return [{ ...c, scenario: { ...scenario, policies: [scenario.policies[i]], flows: [] } }];
    const flow = kept.flows[i - policies];
    return [{ ...c, scenario: { ...scenario, flows: flow === undefined ? [] : [flow] } }];
  });
};
