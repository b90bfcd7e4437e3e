import type { Inventory, RenderedObject } from "../facts/inventory.ts";
import { POLICY_KINDS } from "../facts/policy.ts";
import type { PolicyKind } from "../facts/policy.ts";
import { canonical, dig, nonEmpty } from "../facts/json.ts";

/** What the API server would see differently once the changeset is merged and applied. */
export interface RenderedChange {
  readonly change: "added" | "changed" | "removed";
  readonly before: RenderedObject | null;
  readonly after: RenderedObject | null;
  /** The side that exists; the new one where both do. */
  readonly object: RenderedObject;
  /** Namespaces that gain, change or lose something by it; empty for what is clusterwide. */
  readonly namespaces: readonly string[];
}

const FLUX_KUSTOMIZATION = "kustomize.toolkit.fluxcd.io/";

export const isPolicyKind = (kind: string): kind is PolicyKind => (POLICY_KINDS as readonly string[]).includes(kind);

export const isPolicy = (object: RenderedObject): boolean =>
  isPolicyKind(object.kind) &&
  (object.apiVersion.startsWith("cilium.io/") || object.apiVersion.startsWith("networking.k8s.io/"));

export const isFluxKustomization = (object: RenderedObject): boolean =>
  object.kind === "Kustomization" && object.apiVersion.startsWith(FLUX_KUSTOMIZATION);

/** `owner` is part of the identity: the same object under another Kustomization is pruned by the one, made by the other. */
const keyOf = (o: RenderedObject): string =>
  [o.owner ?? "-", o.apiVersion.split("/")[0], o.kind, o.namespace ?? "-", o.name].join("\n");

/** Everything that is applied, Flux Kustomizations among it. */
export const objectsIn = (inventory: Inventory): readonly RenderedObject[] => [...objectsOf(inventory).values()];

const objectsOf = (inventory: Inventory): Map<string, RenderedObject> => {
  const found = new Map<string, RenderedObject>();
  for (const kustomization of inventory.kustomizations)
    for (const object of kustomization.objects) found.set(keyOf(object), object);
  for (const object of inventory.objects) {
    const key = keyOf(object);
    if (!found.has(key)) found.set(key, object);
  }
  return found;
};

/** A Flux Kustomization belongs to the namespaces that it fills, not to the one its object lies in. */
const filledBy = (
  object: RenderedObject,
  inventory: Inventory,
  // A root commonly renders itself.
  seen: ReadonlySet<string> = new Set(),
): readonly string[] => {
  const id = `${object.namespace ?? ""}/${object.name}`;
  if (seen.has(id)) return [];
  const deeper = new Set([...seen, id]);
  const kustomization = inventory.kustomizations.find((k) => k.id === id);
  const filled = new Set<string>();
  for (const child of kustomization?.objects ?? []) {
    if (isFluxKustomization(child)) for (const ns of filledBy(child, inventory, deeper)) filled.add(ns);
    else if (child.kind === "Namespace") filled.add(child.name);
    else if (child.namespace !== null) filled.add(child.namespace);
  }
  if (filled.size > 0) return [...filled];
  const target = kustomization?.targetNamespace ?? nonEmpty(dig(object.object, "spec", "targetNamespace"));
  if (target !== null) return [target];
  return object.namespace === null ? [] : [object.namespace];
};

const namespacesOf = (object: RenderedObject, inventory: Inventory): readonly string[] => {
  if (isFluxKustomization(object)) return filledBy(object, inventory);
  if (object.kind === "Namespace") return [object.name];
  return object.namespace === null ? [] : [object.namespace];
};

/** Every object of every Flux Kustomization before and after, compared by value. Order: as in `after`, then the removed. */
export const renderedDiff = (before: Inventory, after: Inventory): readonly RenderedChange[] => {
  const old = objectsOf(before);
  const now = objectsOf(after);
  const changes: RenderedChange[] = [];
  for (const [key, object] of now) {
    const was = old.get(key);
    if (was === undefined) {
      changes.push({ change: "added", before: null, after: object, object, namespaces: namespacesOf(object, after) });
      continue;
    }
    if (was === object || canonical(was.object) === canonical(object.object)) continue;
    const namespaces = [...new Set([...namespacesOf(was, before), ...namespacesOf(object, after)])];
    changes.push({ change: "changed", before: was, after: object, object, namespaces });
  }
  for (const [key, object] of old) {
    if (now.has(key)) continue;
    const namespaces = namespacesOf(object, before);
    changes.push({ change: "removed", before: object, after: null, object, namespaces });
  }
  return changes;
};

/** For people: `CiliumNetworkPolicy collab/allow-dns`. */
export const nameOfObject = (object: RenderedObject): string =>
  `${object.kind} ${object.namespace === null ? "" : `${object.namespace}/`}${object.name}`;
