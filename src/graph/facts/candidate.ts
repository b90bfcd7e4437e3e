import type { PolicyDocument } from "../../facts/policy.ts";
import type { GateFacts } from "../gate.ts";
import { policyView } from "./views.ts";

/** The set that a change is judged under: everything that stands, the change, and default-deny where the lane adds it. */
export interface Candidate {
  readonly documents: readonly PolicyDocument[];
  /** What stood while the flows were recorded. */
  readonly standing: readonly PolicyDocument[];
  /** A repair locks nobody: it is judged as it stands. Proposals are judged as if their namespace were locked already. */
  readonly defaultDenyFor: readonly string[];
}

export const candidateOf = (facts: GateFacts): Candidate | null => {
  const view = policyView(facts);
  if (view === null) return null;
  return {
    documents: view.proposed.map((policy) => policy.document),
    standing: view.standing.map((policy) => policy.document),
    defaultDenyFor: facts.request.lane === "propose-repair" ? [] : [facts.request.namespace],
  };
};
