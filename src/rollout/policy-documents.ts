import type { AppliedPolicy, Inventory } from "../facts/inventory.ts";
import { policyId } from "../facts/policy.ts";
import type { PolicyDocument, PolicyRef } from "../facts/policy.ts";
import type { LivePolicy } from "../facts/ports.ts";
import { dig } from "../facts/json.ts";
import { isPolicy, isPolicyKind } from "./rendered-diff.ts";
import type { RenderedChange } from "./rendered-diff.ts";

/** A policy object with its name, wherever it was read. */
export interface NamedPolicy {
  readonly ref: PolicyRef;
  readonly document: PolicyDocument;
  /** `ns/name` of the Flux Kustomization that applies it. */
  readonly owner: string | null;
}

export const fromInventory = (inventory: Inventory): readonly NamedPolicy[] =>
  inventory.policies.map((policy: AppliedPolicy) => ({ ref: policy.ref, document: policy, owner: policy.owner }));

export const fromCluster = (policies: readonly LivePolicy[]): readonly NamedPolicy[] =>
  policies.map((policy) => ({
    ref: policy.ref,
    document: { object: policy.object, namespace: policy.ref.namespace, origin: null },
    owner: policy.owner,
  }));

const namedPolicy = (change: RenderedChange, side: "before" | "after"): NamedPolicy | null => {
  const object = change[side];
  if (object === null || !isPolicy(object) || !isPolicyKind(object.kind)) return null;
  const { kind, namespace, name, owner, origin, locate } = object;
  const ref: PolicyRef = { kind, namespace, name };
  return { ref, document: { object: object.object, namespace, origin, locate }, owner };
};

/** The policy objects among the changes, as they stood and as they will stand. */
export const policyChanges = (
  changes: readonly RenderedChange[],
): readonly { readonly before: NamedPolicy | null; readonly after: NamedPolicy | null }[] =>
  changes
    .map((change) => ({ before: namedPolicy(change, "before"), after: namedPolicy(change, "after") }))
    .filter(({ before, after }) => before !== null || after !== null);

/** What will stand once the changes are applied to what stands. Removals go first: a move is both. */
export const withChanges = (
  standing: readonly NamedPolicy[],
  changes: readonly RenderedChange[],
): readonly NamedPolicy[] => {
  const byId = new Map(standing.map((policy) => [policyId(policy.ref), policy]));
  const moved = policyChanges(changes);
  for (const { before, after } of moved) if (before !== null && after === null) byId.delete(policyId(before.ref));
  for (const { after } of moved) if (after !== null) byId.set(policyId(after.ref), after);
  return [...byId.values()];
};

/** `spec` and each of `specs`: every one is a rule of its own (C A.1.2). */
export const specsOf = (policy: NamedPolicy): readonly unknown[] => {
  const spec = dig(policy.document.object, "spec");
  const specs = dig(policy.document.object, "specs");
  return [...(spec === undefined ? [] : [spec]), ...(Array.isArray(specs) ? (specs as unknown[]) : [])];
};
