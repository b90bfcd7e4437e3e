import type { Inventory } from "../../facts/inventory.ts";
import { policyId, type PolicyRef } from "../../facts/policy.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { policyChanges } from "../policy-documents.ts";
import { isFluxKustomization, isPolicy, renderedDiff, type RenderedChange } from "../rendered-diff.ts";
import { isLock } from "./lock.ts";

const named = ({ object: { kind, namespace, name } }: RenderedChange): string =>
  `${kind} ${namespace === null ? "" : `${namespace}/`}${name}`;

/**
 * Why a revert does more than to take exactly these locks out of Git, or null when it does not: each policy that changes is
 * one of them and goes, and of everything else only the Flux Kustomization that carried nothing but them goes too.
 */
export const removesOnly = (
  before: Inventory,
  after: Inventory,
  locks: readonly PolicyRef[],
  settings: CiliumSettings,
): string | null => {
  const changes = renderedDiff(before, after);
  const wanted = new Set(locks.map(policyId));
  const gone = new Set<string>();
  for (const { before: was, after: is } of policyChanges(changes)) {
    const ref = was?.ref ?? is?.ref;
    const id = ref === undefined ? "" : policyId(ref);
    if (was === null || is !== null || !wanted.has(id) || !isLock(was, settings)) return `it changes ${id}`;
    gone.add(id);
  }
  const missing = [...wanted].find((id) => !gone.has(id));
  if (missing !== undefined) return `it leaves ${missing} in Git`;
  const carriers = new Set(
    before.kustomizations
      .filter((k) => k.objects.length > 0 && k.objects.every((o) => isPolicy(o) && wanted.has(idOf(o))))
      .map((k) => k.id),
  );
  const others = changes.filter(
    ({ before: was, after: is, object }) =>
      !isPolicy(object) &&
      !(was !== null && is === null && isFluxKustomization(was) && carriers.has(`${was.namespace ?? ""}/${was.name}`)),
  );
  const [other] = others;
  return other === undefined ? null : `it also changes ${named(other)}`;
};

const idOf = ({ kind, namespace, name }: { kind: string; namespace: string | null; name: string }): string =>
  `${kind}/${namespace ?? "-"}/${name}`;
