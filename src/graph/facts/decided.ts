import type { Decision } from "../../facts/campaign.ts";
import type { Finding } from "../../facts/finding.ts";
import type { GateFacts } from "../gate.ts";

type OfKind<K extends Decision["kind"]> = Extract<Decision, { readonly kind: K }>;

/** What persons decided and still holds. Decisions that cannot be read decide nothing. */
export const decided = <K extends Decision["kind"]>(facts: GateFacts, kind: K): readonly OfKind<K>[] =>
  facts.decisions.known
    ? facts.decisions.value.filter(
        (d): d is OfKind<K> => d.kind === kind && (d.kind === "release" || d.expires > facts.now),
      )
    : [];

export const isWaived = (facts: GateFacts, finding: Finding): boolean =>
  decided(facts, "waiver").some((w) => w.fingerprint === finding.fingerprint);

/** A person answers for an edge that nothing here can judge, until a day. */
export const explanationOf = (facts: GateFacts, edge: string): OfKind<"explanation"> | null =>
  decided(facts, "explanation").find((e) => e.namespace === facts.request.namespace && e.edge === edge) ?? null;
