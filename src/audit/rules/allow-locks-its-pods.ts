import type { Direction } from "../../facts/verdict.ts";
import { DIRECTIONS } from "../../facts/verdict.ts";
import type { Context } from "../context.ts";
import type { PolicyView, SpecView } from "../policy-view.ts";
import { subjectText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { policyId } from "../../facts/policy.ts";
import { podTerms } from "../selector.ts";
import { inPolicy, subjectEndpoints } from "./shared.ts";

const allows = (spec: SpecView, direction: Direction): boolean =>
  spec.rules.some((r) => r.direction === direction && !r.deny && (r.peers.length > 0 || r.ports !== null));

const isAdditive = (view: PolicyView): boolean =>
  view.specs.some((s) => DIRECTIONS.some((d) => s.additive[d])) &&
  view.specs.every((s) => !s.enforces.ingress && !s.enforces.egress);

/**
 * Whether a namespace's policies are written to add only. Where nobody writes `enableDefaultDeny`, an allow that locks is
 * how that repository works, and no defect; where a baseline already adds to every pod, the lock is still to come.
 */
const habitOf = (context: Context, view: PolicyView): "baseline" | "additive" | "none" => {
  const others = context.policies.filter(
    (p) => p !== view && p.namespace === view.namespace && p.ref.kind !== "NetworkPolicy",
  );
  const adding = others.filter(isAdditive);
  if (adding.length * 2 <= others.length) return "none";
  const isBaseline = adding.some((p) => p.specs.some((s) => podTerms(s.subject).length === 0));
  return isBaseline || adding.length >= 3 ? "baseline" : "additive";
};

/** Whether something else already puts these pods under default deny. */
const lockedElsewhere = (context: Context, view: PolicyView, spec: SpecView, direction: Direction): boolean => {
  const endpoints = subjectEndpoints(context, spec);
  const id = policyId(view.ref);
  return (
    endpoints.length > 0 &&
    endpoints.every((e) => context.judge.defaultDeny(e, direction).by.some((ref) => policyId(ref.policy) !== id))
  );
};

export const allowLocksItsPods: Rule = {
  id: "allow-locks-its-pods",
  severity: "warning",
  lesson: 31,
  about:
    "An allow without `enableDefaultDeny: false` puts the pods it selects under default deny the moment it is merged, long before the namespace's turn.",
  remedy: "Write `enableDefaultDeny: {ingress: false, egress: false}`, or say in the name that this policy locks.",
  *check(context) {
    for (const view of context.policies) {
      if (view.namespace === null || view.ref.kind === "NetworkPolicy") continue;
      const habit = habitOf(context, view);
      if (habit === "none") continue;
      for (const spec of view.specs) {
        const locks = DIRECTIONS.filter(
          (d) => spec.enforces[d] && allows(spec, d) && !lockedElsewhere(context, view, spec, d),
        );
        if (locks.length === 0) continue;
        yield inPolicy(view, {
          path: spec.path,
          severity: habit === "baseline" ? "warning" : "info",
          message: `This allow locks ${subjectText(spec)} for ${locks.join(" and ")}: it lacks \`enableDefaultDeny: {${locks
            .map((d) => `${d}: false`)
            .join(
              ", ",
            )}}\`, which the other policies of ${view.namespace} carry, and nothing else locks these pods. Add it, or lock on purpose in a policy of its own`,
          key: ["locks", subjectText(spec), ...locks],
        });
      }
    }
  },
};
