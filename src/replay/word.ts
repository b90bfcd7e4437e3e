import type { CiliumWord } from "../facts/edge.ts";
import { canonical, record } from "../facts/json.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import { policyId } from "../facts/policy.ts";
import type { DirectionVerdict, Verdict } from "../facts/verdict.ts";

/** The policies that were in the cluster while the flows were recorded, unchanged since `since` (milliseconds). */
export interface LiveSet {
  readonly policies: readonly PolicyDocument[];
  readonly since: number;
}

/** What Cilium itself said of one direction of an edge, as far as it speaks about the live set. */
export type Said =
  | { readonly what: "nothing" }
  /** It named policies as the reason for letting new connections pass: those allows are live and match. */
  | { readonly what: "allowed"; readonly by: readonly PolicyRef[] }
  /** New connections passed by the synthesised allow-any alone: default-deny would have dropped them (C F.2.12). */
  | { readonly what: "would-drop"; readonly flows: number };

export const said = (word: CiliumWord, since: number): Said => {
  if (word.unnamed.flows > 0 && word.unnamed.lastSeen >= since)
    return { what: "would-drop", flows: word.unnamed.flows };
  const named = word.named.filter((n) => n.flows > 0 && n.lastSeen >= since);
  return named.length === 0 ? { what: "nothing" } : { what: "allowed", by: named.map((n) => n.policy) };
};

/** One direction after Cilium was heard. `disagreement` is what a person has to be shown. */
export interface Heard {
  readonly verdict: Verdict;
  readonly disagreement: string | null;
  /** Cilium's word decided what ours left open. */
  readonly byWord: readonly PolicyRef[];
}

const names = (refs: readonly PolicyRef[]): string => refs.map((r) => `${r.namespace ?? "-"}/${r.name}`).join(", ");

/**
 * Cilium's own word comes before ours. It speaks of the live set, so it is compared with our judgement of the live set
 * (`live`), and only then carried over to the candidate (`candidate`). A disagreement is never green.
 */
export const hear = (
  cilium: Said,
  live: DirectionVerdict,
  candidate: DirectionVerdict,
  kept: (ref: PolicyRef) => boolean,
): Heard => {
  const ours = candidate.verdict;
  if (cilium.what === "nothing") return { verdict: ours, disagreement: null, byWord: [] };
  if (cilium.what === "would-drop") {
    // Only a rule that we believe to match contradicts it: default-allow and the local host name no policy either.
    if (live.verdict !== "allowed" || live.by.length === 0) return { verdict: ours, disagreement: null, byWord: [] };
    const disagreement =
      `Cilium let ${cilium.flows} new connections pass without naming a policy, so default-deny would drop them; ` +
      `by our own judgement of the live policies they are allowed`;
    return { verdict: ours === "allowed" ? "dropped" : ours, disagreement, byWord: [] };
  }
  const standing = cilium.by.filter(kept);
  if (standing.length === 0) return { verdict: ours, disagreement: null, byWord: [] };
  if (live.verdict === "dropped") {
    const disagreement =
      `Cilium named ${names(standing)} as the reason to let it pass; ` +
      `by our own judgement of the live policies default-deny drops it`;
    return { verdict: ours === "allowed" ? "unknown" : ours, disagreement, byWord: [] };
  }
  if (ours === "unknown") return { verdict: "allowed", disagreement: null, byWord: standing };
  return { verdict: ours, disagreement: null, byWord: [] };
};

/** Whether a policy stands in the candidate set exactly as it was live. */
export const unchanged = (
  live: readonly PolicyDocument[],
  candidate: readonly PolicyDocument[],
  refOf: (document: PolicyDocument) => PolicyRef | null,
): ((ref: PolicyRef) => boolean) => {
  const bodies = (documents: readonly PolicyDocument[]): Map<string, string> => {
    const found = new Map<string, string>();
    for (const document of documents) {
      const ref = refOf(document);
      if (ref !== null) found.set(policyId(ref), bodyOf(document.object));
    }
    return found;
  };
  const before = bodies(live);
  const after = bodies(candidate);
  return (ref) => {
    const was = before.get(policyId(ref));
    return was !== undefined && was === after.get(policyId(ref));
  };
};

/** What the API server, Flux and kubectl write into an object is no part of what it says. */
const bodyOf = (object: unknown): string => {
  const { spec = null, specs = null } = record(object);
  return canonical({ spec, specs });
};
