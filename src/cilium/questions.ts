import type { RuleRef } from "../facts/policy.ts";
import {
  type Direction,
  DIRECTIONS,
  type DirectionVerdict,
  type Endpoint,
  type Peer,
  type Protocol,
} from "../facts/verdict.ts";
import type { PolicyRule } from "./model.ts";
import type { PolicySet } from "./policy-set.ts";
import { peerProbes, portProbes } from "./probes.ts";

/** An endpoint and direction that a change puts under default deny, with the rules that do it. */
export interface NewlyRestricted {
  readonly endpoint: Endpoint;
  readonly direction: Direction;
  readonly by: readonly RuleRef[];
}

/**
 * Does a change turn any endpoint and direction default-deny (lesson 31)? Judged by effect, so that a policy without
 * `enableDefaultDeny: false` and a NetworkPolicy count as what they are. Empty: none.
 */
export const turnsDefaultDeny = (
  before: PolicySet,
  after: PolicySet,
  endpoints: readonly Endpoint[],
): readonly NewlyRestricted[] => {
  const out: NewlyRestricted[] = [];
  for (const endpoint of endpoints) {
    for (const direction of DIRECTIONS) {
      const now = after.defaultDeny(endpoint, direction);
      if (now.value && !before.defaultDeny(endpoint, direction).value) out.push({ endpoint, direction, by: now.by });
    }
  }
  return out;
};

/** One direction of one connection that comes out differently. */
export interface VerdictChange {
  readonly direction: Direction;
  readonly subject: Endpoint;
  readonly peer: Peer;
  readonly protocol: Protocol;
  readonly port: number;
  readonly before: DirectionVerdict;
  readonly after: DirectionVerdict;
}

export interface SemanticDiff {
  /** Dropped or unknown before, allowed after. */
  readonly gains: readonly VerdictChange[];
  /** Allowed before, dropped after. */
  readonly losses: readonly VerdictChange[];
  /** Allowed before, unknown after; or unknown before, dropped after: what cannot be said to have stayed. */
  readonly unclear: readonly VerdictChange[];
  /** Allowed both times, but only now redirected to the L7 proxy, or no longer. */
  readonly redirects: readonly VerdictChange[];
}

/** What a rule says, whoever says it. */
const meaning = (rule: PolicyRule): string =>
  JSON.stringify([
    rule.action,
    rule.defaultDeny,
    rule.peers === "every" ? null : rule.peers.map((p) => p.text).sort(),
    rule.ports,
    rule.authentication,
  ]);

const meanings = (rules: readonly PolicyRule[]): string => [...new Set(rules.map(meaning))].sort().join("\n");

const classify = (before: DirectionVerdict, after: DirectionVerdict): keyof SemanticDiff | null => {
  if (before.verdict === after.verdict) {
    return before.outcome === "allowed-l7" || after.outcome === "allowed-l7"
      ? before.outcome === after.outcome
        ? null
        : "redirects"
      : null;
  }
  if (after.verdict === "allowed") return "gains";
  if (before.verdict === "allowed" && after.verdict === "dropped") return "losses";
  if (before.verdict === "dropped" && after.verdict === "unknown") return null;
  return "unclear";
};

/**
 * What a change means for these endpoints: each is asked, against each other, nodes, the API server, the world and every
 * address and name that a rule mentions, on both sides of every border of ports. Endpoints whose rules say the same before
 * and after are not asked. Pods are deduplicated by their labels.
 */
export const semanticDiff = (
  before: PolicySet,
  after: PolicySet,
  endpoints: readonly Endpoint[],
  extra: readonly Peer[] = [],
): SemanticDiff => {
  const out = { gains: [], losses: [], unclear: [], redirects: [] } as {
    readonly [K in keyof SemanticDiff]: VerdictChange[];
  };
  const pods = [...new Map(endpoints.map((e) => [e.labels.join("\n"), e])).values()];
  const dual = after.settings.ipv4 && after.settings.ipv6;
  for (const subject of pods) {
    for (const direction of DIRECTIONS) {
      const [old, young] = [before.rules(subject, direction), after.rules(subject, direction)];
      if (meanings(old) === meanings(young)) continue;
      const rules = [...old, ...young];
      const owners = direction === "ingress" ? [subject] : pods;
      const named = owners.flatMap((e) => Object.values(e.namedPorts ?? {}).map((p) => p.port));
      const ports = portProbes(rules, [...new Set(named)]);
      for (const peer of [...peerProbes(rules, pods, dual), ...extra]) {
        for (const { protocol, port } of ports) {
          const question = { direction, subject, peer, protocol, port };
          const was = before.judge(question);
          const is = after.judge(question);
          const kind = classify(was, is);
          if (kind !== null) out[kind].push({ ...question, before: was, after: is });
        }
      }
    }
  }
  return out;
};

/** Only what was restricted opens: nothing is lost, nothing becomes unclear, nothing is newly redirected (rollback). */
export const onlyLoosens = (
  before: PolicySet,
  after: PolicySet,
  endpoints: readonly Endpoint[],
  extra: readonly Peer[] = [],
): { readonly value: boolean; readonly counter: readonly VerdictChange[] } => {
  const { losses, unclear, redirects } = semanticDiff(before, after, endpoints, extra);
  const counter = [...losses, ...unclear, ...redirects.filter((c) => c.after.outcome === "allowed-l7")];
  return { value: counter.length === 0, counter };
};
