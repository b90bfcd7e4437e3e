import type { Inventory } from "../../facts/inventory.ts";
import { DIRECTIONS } from "../../facts/verdict.ts";
import type { Rule } from "../rule.ts";
import { inPolicy, list } from "./shared.ts";

/** Every Kustomization that this one waits for, however indirectly. */
const waitsFor = (inventory: Inventory, id: string): ReadonlySet<string> => {
  const byId = new Map(inventory.kustomizations.map((k) => [k.id, k]));
  const seen = new Set<string>();
  const next = [...(byId.get(id)?.dependsOn ?? [])];
  for (let one = next.pop(); one !== undefined; one = next.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    next.push(...(byId.get(one)?.dependsOn ?? []));
  }
  return seen;
};

export const defaultDenyDependsOn: Rule = {
  id: "default-deny-before-allows",
  severity: "info",
  lesson: 32,
  about:
    "The default deny and the allows are applied by different Flux Kustomizations, and the lock does not wait: where an allow is refused or late, the lock stands alone.",
  remedy:
    "Give the default deny a Kustomization of its own that `dependsOn` every one that carries the namespace's allows.",
  *check(context) {
    for (const view of context.policies) {
      if (view.namespace === null || view.document.owner === null) continue;
      const locks = view.specs.some(
        (s) =>
          s.subject.terms.length === 1 &&
          DIRECTIONS.some((d) => s.enforces[d]) &&
          s.rules.every((r) => r.deny || r.peers.length === 0),
      );
      if (!locks) continue;
      const { owner } = view.document;
      const waited = waitsFor(context.inventory, owner);
      const early = context.written.filter(
        (p) =>
          p !== view &&
          p.namespace === view.namespace &&
          p.document.owner !== null &&
          p.document.owner !== owner &&
          !waited.has(p.document.owner),
      );
      if (early.length === 0) continue;
      yield inPolicy(view, {
        message: `${owner} locks ${view.namespace} without waiting for the allows that ${list(early.map((p) => p.document.owner ?? ""))} carry. Give the lock a Kustomization of its own that depends on them`,
        key: ["depends on"],
      });
    }
  },
};
