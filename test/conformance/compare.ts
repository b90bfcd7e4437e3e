import { compilePolicies, type PolicySet } from "../../src/cilium/policy-set.ts";
import { checkPolicy } from "../../src/cilium/validity.ts";
import type { DirectionVerdict } from "../../src/facts/verdict.ts";
import type { EngineVerdict, Scenario, VectorFlow } from "./vectors.ts";

export interface Comparison {
  readonly what: string;
  readonly expected: string;
  readonly actual: string;
  readonly agrees: boolean;
}

/** What the engine would print for our verdict. Unknown is no answer, unless the engine has none either. */
export const engineVerdict = (verdict: DirectionVerdict, withoutRedirects = false): EngineVerdict | "UNKNOWN" => {
  if (verdict.outcome === "unknown") {
    return verdict.missing.some((m) => m.startsWith("conflicting")) ? "BROKEN" : "UNKNOWN";
  }
  const printed = {
    allowed: "ALLOW",
    "not-subject": "ALLOW",
    "allowed-l7": withoutRedirects ? "DEFAULT" : "L7",
    denied: "DENY",
    "default-denied": "DEFAULT",
  } as const satisfies Record<Exclude<DirectionVerdict["outcome"], "unknown">, EngineVerdict>;
  return printed[verdict.outcome];
};

/** The policies as the engine that made the verdicts had them: no services, no groups, the agent's own checks alone. */
export const compileScenario = (scenario: Scenario): PolicySet =>
  compilePolicies(
    scenario.policies.map((p) => p.document),
    scenario.settings,
    { services: [], cidrGroups: [], groupsUntranslated: true },
    { refusedBy: "agent" },
  );

export const judgeFlow = (set: PolicySet, flow: VectorFlow): DirectionVerdict => {
  const namedPorts = Object.fromEntries(
    Object.entries(flow.namedPorts).map(([name, port]) => [name, { port, protocol: null }]),
  );
  return set.judge({
    direction: flow.direction,
    subject: { labels: flow.subject, namedPorts },
    peer: { labels: flow.peer, exact: true, namedPorts },
    protocol: flow.protocol,
    port: flow.port,
  });
};

/** Every verdict of a scenario, each policy's validity first. */
export const compareScenario = (scenario: Scenario): readonly Comparison[] => {
  const out: Comparison[] = [];
  for (const policy of scenario.policies) {
    const problems = checkPolicy(policy.document, scenario.settings).filter((p) => p.layer === "agent");
    const expected = policy.refused === null ? "valid" : "invalid";
    const actual = problems.length === 0 ? "valid" : "invalid";
    out.push({
      what: `${scenario.id} policy ${policy.name}`,
      expected: policy.refused === null ? expected : `${expected} (${policy.refused})`,
      actual: problems.length === 0 ? actual : `${actual} (${problems.map((p) => p.message).join("; ")})`,
      agrees: expected === actual,
    });
  }
  const set = compileScenario(scenario);
  for (const flow of scenario.flows) {
    const verdict = judgeFlow(set, flow);
    const actual = engineVerdict(verdict, scenario.withoutRedirects);
    out.push({
      what: flow.name,
      expected: flow.expected,
      actual: actual === "UNKNOWN" ? `UNKNOWN (${verdict.missing.join("; ")})` : actual,
      agrees: actual === flow.expected,
    });
  }
  return out;
};
