import { compilePolicies } from "../cilium/policy-set.ts";
import type { PolicySet } from "../cilium/policy-set.ts";
import type { Attestation } from "../facts/attestation.ts";
import type { Inventory } from "../facts/inventory.ts";
import { policyId } from "../facts/policy.ts";
import type { ForgeReader } from "../facts/ports.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import { appliedDigest, policiesOver } from "./applied-digest.ts";
import { inventoryAt } from "./inventory-at.ts";
import type { ReadInventory } from "./inventory-at.ts";
import { onlyAdds } from "./lane-of.ts";
import { attempt } from "./live.ts";
import { fromInventory } from "./policy-documents.ts";
import type { NamedPolicy } from "./policy-documents.ts";
import { openSteps, signatureFault } from "./sign-off.ts";
import type { Subject } from "./subjects.ts";

export interface SignedOffInput {
  readonly namespace: string;
  readonly attestations: readonly Attestation[];
  readonly inventory: Inventory;
  /** What stands: the cluster's word where there is one. */
  readonly standing: readonly NamedPolicy[];
  readonly set: PolicySet;
  readonly subjects: readonly Subject[];
  readonly settings: CiliumSettings;
  readonly forge: Pick<ForgeReader, "tree">;
  readonly readInventory: ReadInventory;
}

/** A repair that only adds allows keeps the sign-off. What was signed is read again from its commit. */
const onlyAddedSince = async (
  { request }: Attestation,
  over: readonly NamedPolicy[],
  input: SignedOffInput,
): Promise<boolean> => {
  const { namespace, subjects, settings, forge, readInventory } = input;
  const then = await attempt(async () => inventoryAt(readInventory, await forge.tree(request.commit)));
  if (!then.known) return false;
  const all = fromInventory(then.value);
  const set = compilePolicies(
    all.map((p) => p.document),
    settings,
  );
  const signed = policiesOver(namespace, all, set, subjects);
  if (appliedDigest(signed) !== request.policiesDigest) return false;
  const now = new Map(over.map((p) => [policyId(p.ref), p]));
  const before = new Set(signed.map((p) => policyId(p.ref)));
  const added = over.filter((p) => !before.has(policyId(p.ref)));
  return (
    signed.every((p) => onlyAdds({ before: p, after: now.get(policyId(p.ref)) ?? null })) &&
    added.every((p) => onlyAdds({ before: null, after: p }))
  );
};

/** A person's signature over exactly what stands, or over something that has only been added to since. */
export const isSignedOff = async (input: SignedOffInput): Promise<boolean> => {
  const { namespace, attestations, inventory, standing, set, subjects } = input;
  const over = policiesOver(namespace, standing, set, subjects);
  const digest = appliedDigest(over);
  for (const attestation of [...attestations].sort((a, b) => b.signedAt - a.signedAt)) {
    if (attestation.request.namespace !== namespace) continue;
    if (signatureFault(attestation) !== null || openSteps(attestation, inventory, namespace).length > 0) continue;
    if (attestation.request.policiesDigest === digest || (await onlyAddedSince(attestation, over, input))) return true;
  }
  return false;
};
