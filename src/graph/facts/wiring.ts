import type { Inventory } from "../../facts/inventory.ts";
import { canonical, record } from "../../facts/json.ts";
import { isFluxKustomization, nameOfObject, objectsIn } from "../../rollout/rendered-diff.ts";
import type { RenderedChange } from "../../rollout/rendered-diff.ts";
import { differingKeys } from "./files.ts";

/** What a Kustomization that carries policies needs to say; the rest only as its siblings already say it. */
const PLAIN: ReadonlySet<string> = new Set([
  "interval",
  "retryInterval",
  "timeout",
  "path",
  "prune",
  "wait",
  "targetNamespace",
  "dependsOn",
]);

const specsInUse = (before: Inventory): readonly Readonly<Record<string, unknown>>[] =>
  objectsIn(before)
    .filter(isFluxKustomization)
    .map((o) => record(o.object["spec"]));

const faultOfNew = ({ object }: RenderedChange, before: Inventory, after: Inventory): string | null => {
  const name = nameOfObject(object);
  const kustomization = after.kustomizations.find((k) => k.id === `${object.namespace ?? ""}/${object.name}`);
  if (kustomization === undefined || kustomization.objects.length === 0)
    return `${name} applies nothing that can be read here`;
  const source = canonical(kustomization.source);
  if (!before.kustomizations.some((k) => canonical(k.source) === source))
    return `${name} takes from a source that nothing here uses`;
  const inUse = specsInUse(before);
  for (const [key, value] of Object.entries(record(object.object["spec"]))) {
    if (PLAIN.has(key) || key === "sourceRef") continue;
    const said = canonical(value);
    if (!inUse.some((other) => canonical(other[key]) === said))
      return `${name} sets spec.${key} as nothing else here does`;
  }
  return null;
};

/**
 * Why a changed Flux Kustomization is more than wiring for policies; null when it is not. Whoever may point one at
 * another source, identity or cluster could apply anything.
 */
export const wiringFault = (change: RenderedChange, before: Inventory, after: Inventory): string | null => {
  if (!isFluxKustomization(change.object)) return null;
  if (change.before === null) return faultOfNew(change, before, after);
  if (change.after === null) return null;
  const moved = differingKeys(change.before.object, change.after.object).filter((key) => key !== "spec.dependsOn");
  return moved.length === 0 ? null : `${nameOfObject(change.object)} changes ${moved.join(", ")}`;
};
