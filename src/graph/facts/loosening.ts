import { DIRECTIONS } from "../../facts/verdict.ts";
import { replay } from "../../replay/replay.ts";
import type { Replay } from "../../replay/replay.ts";
import type { PolicyDocument } from "../../facts/policy.ts";
import { some } from "../gates/kit.ts";
import type { GateFacts } from "../gate.ts";
import { policyView } from "./views.ts";
import { worsened } from "./worsened.ts";

/**
 * Why a change does not only loosen, or null when it does: nobody comes under default-deny, and with every namespace
 * locked each recorded edge that passed before still passes. What was never recorded is the other gates' business.
 */
export const loosensOnly = (facts: GateFacts): string | null => {
  const view = policyView(facts);
  if (view === null) return "it does not build";
  const locked = view.subjects.filter(({ endpoint }) =>
    DIRECTIONS.some(
      (d) => !view.sets.standing.defaultDeny(endpoint, d).value && view.sets.proposed.defaultDeny(endpoint, d).value,
    ),
  );
  if (locked.length > 0) return `it would lock ${some(locked.map((s) => s.who))}`;
  if (!facts.evidence.known) return `what talks to what cannot be known: ${facts.evidence.why}`;
  const everybody = view.after.namespaces.map((ns) => ns.name);
  const run = (policies: readonly PolicyDocument[]): Replay =>
    replay({
      edges: facts.evidence.known ? facts.evidence.value.edges : [],
      policies,
      settings: facts.settings,
      inventory: view.after,
      with: { defaultDenyFor: everybody },
    });
  const before = run(view.standing.map((p) => p.document));
  const after = run(view.proposed.map((p) => p.document));
  const worse = worsened(before, after);
  if (worse.length === 0) return null;
  return `it takes ${some(worse.map(({ edge }) => `${edge.source.id} -> ${edge.destination.id} ${edge.port}/${edge.protocol}`))} away`;
};
