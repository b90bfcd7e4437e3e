import { createHash } from "node:crypto";
import type { Inventory } from "../../facts/inventory.ts";
import { known, unknown } from "../../facts/known.ts";
import type { Known } from "../../facts/known.ts";
import { asRecord, canonical } from "../../rollout/json.ts";
import type { LiveCluster } from "../../rollout/live.ts";
import { fromCluster, fromInventory } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import type { Undo } from "../gate.ts";

const ownerCarriesOnly = (inventory: Inventory, policy: NamedPolicy): boolean => {
  const owner = inventory.kustomizations.find((k) => k.id === policy.owner);
  return owner !== undefined && owner.objects.length === 1;
};

const inert = (object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...object,
  spec: { ...asRecord(object["spec"]), enableDefaultDeny: { ingress: false, egress: false } },
});

/**
 * What a rollback of one namespace takes back: each policy that does nothing but lock it. It goes where its Kustomization
 * carries nothing else, and is made inert where that is shared (lessons.md, Rollback).
 */
export const undoOf = (
  main: { readonly inventory: Inventory; readonly live: Known<LiveCluster> },
  namespace: string,
): Known<Undo> => {
  const { inventory, live } = main;
  const standing = live.known ? fromCluster(live.value.policies) : fromInventory(inventory);
  const locks = standing.filter((p) => p.ref.namespace === namespace && onlyTurnsDefaultDeny(p));
  if (locks.length === 0 && !live.known)
    return unknown(`nothing in Git locks ${namespace}, and the cluster does not answer`, "the cluster");
  const policies = locks.map((policy) => {
    const before = asRecord(policy.document.object);
    return { ref: policy.ref, before, after: ownerCarriesOnly(inventory, policy) ? null : inert(before) };
  });
  const said = policies.map(({ ref, before, after }) => [ref, before["spec"] ?? null, after?.["spec"] ?? null]);
  return known({
    digest: createHash("sha256")
      .update(canonical([namespace, said]))
      .digest("hex"),
    policies,
  });
};
