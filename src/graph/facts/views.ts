import { compilePolicies } from "../../cilium/policy-set.ts";
import type { PolicySet } from "../../cilium/policy-set.ts";
import type { Inventory } from "../../facts/inventory.ts";
import { fromCluster, fromInventory, withChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { policyChanges } from "../../rollout/policy-documents.ts";
import { renderedDiff } from "../../rollout/rendered-diff.ts";
import type { RenderedChange } from "../../rollout/rendered-diff.ts";
import { subjectsOf } from "../../rollout/subjects.ts";
import type { Subject } from "../../rollout/subjects.ts";
import type { GateFacts } from "../gate.ts";

/** What several gates work out from the same facts: once per pass, since facts never change within one. */
export interface RenderedView {
  readonly before: Inventory;
  readonly after: Inventory;
  readonly changes: readonly RenderedChange[];
}

export interface PolicyView extends RenderedView {
  /** What stands: the cluster's word where there is one, else Git's. */
  readonly standing: readonly NamedPolicy[];
  /** What stands, with the changeset applied. */
  readonly proposed: readonly NamedPolicy[];
  readonly sets: { readonly standing: PolicySet; readonly proposed: PolicySet };
  /** Everything that a policy could select. */
  readonly subjects: readonly Subject[];
}

const once = <T>(make: (facts: GateFacts) => T): ((facts: GateFacts) => T) => {
  const made = new WeakMap<GateFacts, { readonly value: T }>();
  return (facts) => {
    const found = made.get(facts);
    if (found !== undefined) return found.value;
    const value = make(facts);
    made.set(facts, { value });
    return value;
  };
};

/** Null when the repository does not build, before or with the changeset. */
export const renderedView = once((facts): RenderedView | null => {
  const { before, after } = facts.inventory;
  if (!before.known || !after.known) return null;
  return { before: before.value, after: after.value, changes: renderedDiff(before.value, after.value) };
});

export const policyView = once((facts): PolicyView | null => {
  const rendered = renderedView(facts);
  if (rendered === null) return null;
  const standing = facts.live.known ? fromCluster(facts.live.value.policies) : fromInventory(rendered.before);
  const proposed = withChanges(standing, rendered.changes);
  const compile = (policies: readonly NamedPolicy[]): PolicySet =>
    compilePolicies(
      policies.map((policy) => policy.document),
      facts.settings,
    );
  const moved = policyChanges(rendered.changes).flatMap(({ before, after }) => [before, after]);
  const subjects = subjectsOf({
    inventory: rendered.after,
    pods: facts.live.known ? facts.live.value.pods : [],
    policies: moved.filter((policy) => policy !== null),
    settings: facts.settings,
  });
  return {
    ...rendered,
    standing,
    proposed,
    sets: { standing: compile(standing), proposed: compile(proposed) },
    subjects,
  };
});
