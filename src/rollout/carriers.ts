import type { FluxKustomization, Inventory } from "../facts/inventory.ts";
import type { LiveKustomization, LiveSource } from "../facts/ports.ts";
import { dig } from "../facts/json.ts";
import type { RenderedChange } from "./rendered-diff.ts";

/** Something on the way from Git to the cluster that stands still. */
export interface Standstill {
  /** `Kustomization flux-system/collab` or `source flux-system/home-ops`. */
  readonly what: string;
  readonly seenIn: "Git" | "the cluster";
}

/** The Flux Kustomizations that carry the given objects, in Git's own words: `namespace/name`. */
export const carriersOf = (changes: readonly RenderedChange[]): readonly string[] => [
  ...new Set(changes.flatMap((c) => [c.before?.owner, c.after?.owner]).filter((o) => typeof o === "string")),
];

/** Those that carry anything of a namespace's policies now. */
export const policyCarriers = (inventory: Inventory, namespace: string): readonly string[] => [
  ...new Set(
    inventory.policies
      .filter((policy) => policy.ref.namespace === namespace)
      .map((policy) => policy.owner)
      .filter((owner) => owner !== null),
  ),
];

/** A Kustomization with everything that has to move before it can. A root that carries itself ends the walk. */
const lineage = <T extends { readonly id: string }>(
  id: string,
  find: (id: string) => T | undefined,
  parentOf: (item: T) => string | null,
): readonly T[] => {
  const line: T[] = [];
  const seen = new Set<string>();
  let at: string | null = id;
  while (at !== null && !seen.has(at)) {
    seen.add(at);
    const item: T | undefined = find(at);
    if (item === undefined) break;
    line.push(item);
    at = parentOf(item);
  }
  return line;
};

/** A Flux Kustomization and all that apply it, itself first. */
export const ancestorsOf = (inventory: Inventory, id: string): readonly FluxKustomization[] => {
  const byId = new Map(inventory.kustomizations.map((k) => [k.id, k]));
  return lineage<FluxKustomization>(
    id,
    (at) => byId.get(at),
    (k) => k.parent,
  );
};

const suspendedSources = (inventory: Inventory): ReadonlySet<string> =>
  new Set(
    inventory.objects
      .filter((o) => o.apiVersion.startsWith("source.toolkit.fluxcd.io/") && dig(o.object, "spec", "suspend") === true)
      .map((o) => `${o.namespace ?? ""}/${o.name}`),
  );

export const standstillInGit = (inventory: Inventory, carriers: readonly string[]): readonly Standstill[] => {
  const sources = suspendedSources(inventory);
  const found = new Set<string>();
  for (const carrier of carriers) {
    const line = ancestorsOf(inventory, carrier);
    for (const k of line) {
      if (k.suspended) found.add(`Kustomization ${k.id}`);
      const source = `${k.source.namespace}/${k.source.name}`;
      if (sources.has(source)) found.add(`source ${source}`);
    }
  }
  return [...found].map((what) => ({ what, seenIn: "Git" }));
};

/** LiveKustomization names its source as `namespace/name`, with or without the kind in front. */
const sameSource = (named: string, id: string): boolean => named === id || named.endsWith(`/${id}`);

/** Suspension is live state: Git alone does not show it (lesson 22). */
export const standstillInCluster = (
  live: { readonly kustomizations: readonly LiveKustomization[]; readonly sources: readonly LiveSource[] },
  carriers: readonly string[],
): readonly Standstill[] => {
  const byId = new Map(live.kustomizations.map((k) => [k.id, k]));
  const found = new Set<string>();
  for (const carrier of carriers) {
    const line = lineage<LiveKustomization>(
      carrier,
      (id) => byId.get(id),
      (k) => k.owner,
    );
    for (const k of line) {
      if (k.suspended) found.add(`Kustomization ${k.id}`);
      for (const source of live.sources)
        if (source.suspended && sameSource(k.source, source.id)) found.add(`source ${source.id}`);
    }
  }
  return [...found].map((what) => ({ what, seenIn: "the cluster" }));
};
