import type { PolicySet } from "../cilium/policy-set.ts";
import { policyId } from "../facts/policy.ts";
import type { RuleRef } from "../facts/policy.ts";
import { DIRECTIONS } from "../facts/verdict.ts";
import type { Direction } from "../facts/verdict.ts";
import { dig, list } from "../facts/json.ts";
import { specsOf } from "./policy-documents.ts";
import type { NamedPolicy } from "./policy-documents.ts";
import type { Subject } from "./subjects.ts";

/** An endpoint and direction that a change would put under default-deny, and the rules that do it. */
export interface Turned {
  readonly subject: Subject;
  readonly direction: Direction;
  readonly by: readonly RuleRef[];
}

/** Endpoints that would be under default-deny with the change and are not without it. */
export const turnedBy = (
  sets: { readonly standing: PolicySet; readonly proposed: PolicySet },
  subjects: readonly Subject[],
): readonly Turned[] =>
  subjects.flatMap((subject) =>
    DIRECTIONS.flatMap((direction) => {
      if (sets.standing.defaultDeny(subject.endpoint, direction).value) return [];
      const after = sets.proposed.defaultDeny(subject.endpoint, direction);
      return after.value ? [{ subject, direction, by: after.by }] : [];
    }),
  );

/**
 * Whether anybody would miss what this policy allows: an endpoint that it selects stays under default-deny in a direction in
 * which it has a rule.
 */
export const isMissed = (
  sets: { readonly standing: PolicySet; readonly proposed: PolicySet },
  subjects: readonly Subject[],
  policy: NamedPolicy,
): boolean => {
  const id = policyId(policy.ref);
  const allows = DIRECTIONS.filter((direction) =>
    specsOf(policy).some((spec) => list(dig(spec, direction)).length > 0),
  );
  return subjects.some(
    ({ endpoint }) =>
      sets.standing.selecting(endpoint).some((ref) => policyId(ref) === id) &&
      allows.some((direction) => sets.proposed.defaultDeny(endpoint, direction).value),
  );
};

const lockedBothWays = (set: PolicySet, { endpoint }: Subject): boolean =>
  DIRECTIONS.every((direction) => set.defaultDeny(endpoint, direction).value);

/**
 * Whether a namespace is enforced as a whole: a pod without any label of its own is locked both ways, or every pod there
 * is. A lock around one app is that app's business.
 */
export const isEnforced = (set: PolicySet, subjects: readonly Subject[], namespace: string): boolean => {
  const here = subjects.filter((s) => s.namespace === namespace);
  const pods = here.filter((s) => s.kind !== "stand-in");
  const unlabelled = here.filter((s) => s.kind === "stand-in");
  if (unlabelled.length > 0 && unlabelled.every((s) => lockedBothWays(set, s))) return true;
  return pods.length > 0 && pods.every((s) => lockedBothWays(set, s));
};

/** Namespaces in which at least one endpoint is locked in at least one direction. */
export const lockedNamespaces = (set: PolicySet, subjects: readonly Subject[]): ReadonlySet<string> =>
  new Set(
    subjects
      .filter(({ endpoint }) => DIRECTIONS.some((direction) => set.defaultDeny(endpoint, direction).value))
      .map((s) => s.namespace),
  );
