import type { Inventory } from "../../facts/inventory.ts";
import { known, unknown, type Known } from "../../facts/known.ts";
import { policyId } from "../../facts/policy.ts";
import type { PolicyRef } from "../../facts/policy.ts";
import type { LivePolicy } from "../../facts/ports.ts";
import type { OwnerState, RollbackScene } from "../../facts/rollback.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { dig } from "../../facts/json.ts";
import { fromCluster, fromInventory } from "../policy-documents.ts";
import { isArmed, isDisarmed, isLock, lockIn } from "./lock.ts";

/** What Git says, where the forge is reachable. A rollback works without it, as far as it can. */
export interface GitSide {
  readonly main: Known<Inventory>;
  /** The repository at a revision as Flux writes them. */
  at(revision: string | null): Promise<Known<Inventory>>;
}

/**
 * One lock and everything that says how far its rollback is. Nothing here was written down by an earlier run: a lock that
 * is gone is known by the suspended Kustomization that still lists it, one that is inert by its own fields.
 */
export interface HeldLock {
  readonly ref: PolicyRef;
  readonly live: LivePolicy | null;
  readonly effect: "enforcing" | "inert" | "gone";
  /** As its labels name it; null: none does, or the Kustomization is gone. */
  readonly owner: OwnerState | null;
  /** The owner carries nothing else, so that it can be suspended whole. */
  readonly alone: boolean;
  /** Whether Git still asks for it: on main, in what the source fetched, in what the owner applied. */
  readonly inMain: Known<boolean>;
  readonly inFetched: Known<boolean>;
  readonly inApplied: Known<boolean>;
}

const CNP = "cilium.io_CiliumNetworkPolicy";

/** `namespace_name_group_Kind`, as kustomize-controller lists what it applied; namespaces and groups hold no `_`. */
const refOf = (entry: string): PolicyRef | null => {
  const match = /^([^_]+)_([^_]+)_(.+)$/.exec(entry);
  if (match?.[1] === undefined || match[2] === undefined || match[3] !== CNP) return null;
  return { kind: "CiliumNetworkPolicy", namespace: match[1], name: match[2] };
};

const entryOf = ({ namespace, name }: PolicyRef): string => `${namespace ?? ""}_${name}_${CNP}`;

/** Written in its own manifest, its parent would wake it again: then the lock itself has to be taken from Flux. */
const wakesItself = (git: Known<Inventory>, id: string): boolean =>
  git.known &&
  git.value.objects
    .concat(git.value.kustomizations.flatMap((k) => k.objects))
    .some(
      (o) =>
        o.kind === "Kustomization" &&
        `${o.namespace ?? ""}/${o.name}` === id &&
        dig(o.object, "spec", "suspend") === false,
    );

const isAlone = (owner: OwnerState | null, ref: PolicyRef, git: Known<Inventory>): boolean => {
  if (owner === null || wakesItself(git, owner.id)) return false;
  if (owner.carries !== null && owner.carries.length > 0)
    return owner.carries.length === 1 && owner.carries[0] === entryOf(ref);
  const written = git.known ? git.value.kustomizations.find((k) => k.id === owner.id) : undefined;
  return written !== undefined && written.objects.length === 1;
};

/** Locks of the namespaces asked about, standing or on their way out, by name. */
export const heldLocks = async (
  scene: RollbackScene,
  git: GitSide,
  settings: CiliumSettings,
  namespace: string | null,
): Promise<readonly HeldLock[]> => {
  const asked = (ref: PolicyRef): boolean =>
    ref.namespace !== null && (namespace === null || ref.namespace === namespace);
  const live = fromCluster(scene.policies).filter((p) => asked(p.ref));
  const standing = live.filter((p) => isLock(p, settings) && (isArmed(p, settings) || isDisarmed(p)));
  const there = new Set(live.map((p) => policyId(p.ref)));
  const found = new Map<string, { readonly ref: PolicyRef; readonly owner: string | null }>();
  for (const { ref, owner } of standing) found.set(policyId(ref), { ref, owner });
  for (const { id, suspended, carries } of scene.owners) {
    const [only, ...more] = carries ?? [];
    const ref = only === undefined || more.length > 0 ? null : refOf(only);
    // Something else of the namespace may be held back like this, by somebody else: only Git can tell, where it answers.
    if (!suspended || ref === null || !asked(ref) || there.has(policyId(ref))) continue;
    const written = git.main.known
      ? fromInventory(git.main.value).find((p) => policyId(p.ref) === policyId(ref))
      : null;
    if (written !== null && written !== undefined && !isLock(written, settings)) continue;
    found.set(policyId(ref), { ref, owner: id });
  }
  if (git.main.known)
    for (const policy of fromInventory(git.main.value))
      if (asked(policy.ref) && !there.has(policyId(policy.ref)) && isLock(policy, settings))
        found.set(policyId(policy.ref), { ref: policy.ref, owner: policy.owner });
  const held = [...found.values()].map(async ({ ref, owner: id }): Promise<HeldLock> => {
    const object = scene.policies.find((p) => policyId(p.ref) === policyId(ref)) ?? null;
    const owner = scene.owners.find((o) => o.id === id) ?? null;
    const source = scene.sources.find((s) => s.id === owner?.source) ?? null;
    const holds = (inventory: Known<Inventory>): Known<boolean> =>
      inventory.known ? known(lockIn(inventory.value, ref, settings) !== null) : inventory;
    const inMain = holds(git.main);
    const later = unknown("Git still holds it", "the revert's merge");
    const gone = inMain.known && !inMain.value;
    const policy = standing.find((p) => policyId(p.ref) === policyId(ref));
    return {
      ref,
      live: object,
      effect: policy === undefined ? "gone" : isArmed(policy, settings) ? "enforcing" : "inert",
      owner,
      alone: isAlone(owner, ref, git.main),
      inMain,
      inFetched: gone ? holds(await git.at(source?.fetchedRevision ?? null)) : later,
      inApplied: gone ? holds(await git.at(owner?.appliedRevision ?? null)) : later,
    };
  });
  return (await Promise.all(held)).sort((a, b) => (policyId(a.ref) < policyId(b.ref) ? -1 : 1));
};
