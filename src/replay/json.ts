import type { Coverage } from "../facts/coverage.ts";
import type { Edge } from "../facts/edge.ts";
import type { HubbleVerdict } from "../facts/flow.ts";
import type { RuleRef } from "../facts/policy.ts";
import type { Verdict } from "../facts/verdict.ts";
import type { DirectionResult } from "./court.ts";
import type { JudgedEdge, Replay } from "./replay.ts";

interface RuleJson {
  readonly namespace: string | null;
  readonly policy: string;
  readonly rule: string;
}

interface DirectionJson {
  readonly verdict: Verdict;
  readonly by: readonly RuleJson[];
  /** What turned default-deny on, where that decided. */
  readonly defaultDeny: readonly RuleJson[];
}

export interface EdgeJson {
  readonly source: string;
  readonly destination: string;
  readonly port: number;
  readonly protocol: string;
  readonly flows: number;
  readonly observed: HubbleVerdict;
  readonly verdict: Verdict;
  readonly egress: DirectionJson;
  readonly ingress: DirectionJson;
  readonly onPaper: boolean;
  readonly disagreement: string | null;
  readonly why: string;
}

/** The contract of `replay --format json`. */
export interface ReplayJson {
  readonly version: 1;
  readonly coverage: Coverage | null;
  readonly edges: readonly EdgeJson[];
  readonly summary: Readonly<Record<Verdict, number>>;
  /** Edges that were only ever dropped, with what the policies say of them now. */
  readonly drops: readonly (EdgeJson & { readonly reasons: readonly string[] })[];
  /** Edges of workloads that no longer exist. */
  readonly vanished: readonly { readonly end: string; readonly edges: number }[];
  /** Policies that Cilium would not load, and so count for nothing. */
  readonly invalid: readonly { readonly namespace: string | null; readonly policy: string }[];
}

const ruleJson = (ref: RuleRef): RuleJson => ({
  namespace: ref.policy.namespace,
  policy: ref.policy.name,
  rule: ref.rule,
});

const directionJson = (result: DirectionResult): DirectionJson => ({
  verdict: result.verdict,
  by: result.by.map(ruleJson),
  defaultDeny: result.verdict === "dropped" ? result.defaultDeny.map(ruleJson) : [],
});

const PASSED = ["FORWARDED", "REDIRECTED", "AUDIT"] as const satisfies readonly HubbleVerdict[];

/** Hubble's verdict: the commonest of those that let it through, else the commonest at all. */
export const observedVerdict = (edge: Edge): HubbleVerdict => {
  const counted = Object.entries(edge.verdicts) as [HubbleVerdict, number][];
  const passed = counted.filter(([verdict]) => PASSED.some((p) => p === verdict));
  const best = (passed.length > 0 ? passed : counted).reduce<[HubbleVerdict, number] | null>(
    (a, b) => (a === null || b[1] > a[1] ? b : a),
    null,
  );
  return best === null ? "VERDICT_UNKNOWN" : best[0];
};

const edgeJson = (judged: JudgedEdge): EdgeJson => ({
  source: judged.edge.source.id,
  destination: judged.edge.destination.id,
  port: judged.edge.port,
  protocol: judged.edge.protocol,
  flows: judged.edge.flows,
  observed: observedVerdict(judged.edge),
  verdict: judged.verdict,
  egress: directionJson(judged.egress),
  ingress: directionJson(judged.ingress),
  onPaper: judged.onPaper,
  disagreement: judged.disagreement,
  why: judged.why,
});

export const replayJson = (result: Replay, coverage: Coverage | null): ReplayJson => ({
  version: 1,
  coverage,
  edges: result.edges.map(edgeJson),
  summary: result.summary,
  drops: result.drops.map((judged) => ({
    ...edgeJson(judged),
    reasons: judged.edge.drops.map((d) => `${d.reason} (${d.class}), ${d.flows}`),
  })),
  vanished: result.vanished.map(({ end, edges }) => ({ end, edges: edges.length })),
  invalid: result.invalid.map(({ ref }) => ({ namespace: ref.namespace, policy: ref.name })),
});
