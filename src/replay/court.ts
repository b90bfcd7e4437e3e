import { compilePolicies, type PolicySet } from "../cilium/policy-set.ts";
import { withDefaultDeny } from "../facts/assumed.ts";
import type { Edge } from "../facts/edge.ts";
import type { PolicyDocument, RuleRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { DirectionVerdict, Outcome, Protocol, Verdict } from "../facts/verdict.ts";
import { type Actor, cast, type Cast, type CastInventory } from "./cast.ts";
import { type Position, positions } from "./positions.ts";

/** One direction of a connection over all its positions: the worst of them, and which one that was. */
export interface DirectionResult {
  readonly verdict: Verdict;
  readonly outcome: Outcome;
  readonly by: readonly RuleRef[];
  readonly defaultDeny: readonly RuleRef[];
  readonly missing: readonly string[];
  /** Null: decided as recorded. */
  readonly position: string | null;
  /** Holds by a name alone: no `fqdn:` label and no word of Cilium's backs it (C B.4.3). */
  readonly onPaper: boolean;
}

export interface ConnectionResult {
  readonly egress: DirectionResult;
  readonly ingress: DirectionResult;
  /** As recorded, before positions: what Cilium's own word is compared with. */
  readonly recorded: { readonly egress: DirectionVerdict; readonly ingress: DirectionVerdict };
}

export interface Court {
  readonly cast: Cast;
  readonly set: PolicySet;
  connection(source: Actor, destination: Actor, protocol: Protocol, port: number): ConnectionResult;
}

export interface CourtInput {
  readonly policies: readonly PolicyDocument[];
  readonly settings: CiliumSettings;
  readonly inventory: CastInventory;
  readonly defaultDenyFor: readonly string[];
  /** The evidence, which tells who is still there; without it nobody is taken for gone. */
  readonly edges?: readonly Edge[];
}

const BAD: Readonly<Record<Verdict, number>> = { allowed: 0, unknown: 1, dropped: 2 };

export const worse = (a: Verdict, b: Verdict): Verdict => (BAD[a] >= BAD[b] ? a : b);

const nameless = (actor: Actor): Actor => ({ ...actor, peer: { ...actor.peer, names: [] } });

/** Policies and the people they are about, compiled once; every question after that is a look-up. */
export const court = (input: CourtInput): Court => {
  const set = compilePolicies(withDefaultDeny(input.policies, input.defaultDenyFor), input.settings);
  const ask = (p: Position, protocol: Protocol, port: number) =>
    set.connection({ source: p.source.peer, destination: p.destination.peer, protocol, port });
  const direction = (
    side: "egress" | "ingress",
    asked: readonly { readonly position: Position; readonly verdict: DirectionVerdict; readonly bare: Verdict }[],
  ): DirectionResult => {
    let worst = asked[0];
    for (const one of asked)
      if (worst === undefined || BAD[one.verdict.verdict] > BAD[worst.verdict.verdict]) worst = one;
    if (worst === undefined) throw new Error(`no position to judge ${side} in`);
    const { verdict } = worst;
    return {
      verdict: verdict.verdict,
      outcome: verdict.outcome,
      by: verdict.by,
      defaultDeny: verdict.defaultDeny,
      missing: verdict.missing,
      position: worst.position.as,
      onPaper: asked.some((one) => one.verdict.verdict === "allowed" && one.bare !== "allowed"),
    };
  };
  return {
    cast: cast(input.inventory, input.settings, input.edges ?? []),
    set,
    connection: (source, destination, protocol, port) => {
      const all = positions({ port }, source, destination, input.inventory);
      const verdicts = all.map((position) => ({ position, verdict: ask(position, protocol, port) }));
      const named = (destination.peer.names ?? []).length > 0;
      const sides = (side: "egress" | "ingress") =>
        verdicts.map(({ position, verdict }) => {
          const bare =
            named && side === "egress" && verdict.egress.verdict === "allowed"
              ? ask({ ...position, destination: nameless(position.destination) }, protocol, port).egress.verdict
              : verdict[side].verdict;
          return { position, verdict: verdict[side], bare };
        });
      const first = verdicts[0]?.verdict;
      if (first === undefined) throw new Error("a connection has at least the position it was recorded in");
      return {
        egress: direction("egress", sides("egress")),
        ingress: direction("ingress", sides("ingress")),
        recorded: first,
      };
    },
  };
};
