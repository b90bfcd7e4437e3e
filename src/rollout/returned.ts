import { parseAllDocuments } from "yaml";
import { DAY } from "../facts/clock.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { ForgeReader } from "../facts/ports.ts";
import { dig } from "../facts/json.ts";
import type { SoakFacts } from "./soak-facts.ts";

/** A return longer ago than this has served its day many times over. */
const LOOKED_BACK = 2 * DAY;

const isSuspended = (text: string | null, name: string): boolean =>
  text !== null &&
  parseAllDocuments(text).some((document) => {
    if (document.errors.length > 0) return false;
    const object: unknown = document.toJS();
    return dig(object, "metadata", "name") === name && dig(object, "spec", "suspend") === true;
  });

/**
 * Workloads whose Flux Kustomization was resumed lately: a suspended app was left out of drafting, so its return is as
 * new as a new app, whatever was seen of it long ago (lesson 22). Git shows it where suspension is written in Git.
 */
export const returnedWorkloads = async (options: {
  readonly namespace: string;
  readonly now: number;
  readonly inventory: Inventory;
  readonly forge: Pick<ForgeReader, "history" | "tree">;
}): Promise<SoakFacts["newWorkloads"]> => {
  const { namespace, now, inventory, forge } = options;
  const here = inventory.workloads.filter((w) => w.namespace === namespace && !w.suspended);
  const owners = new Set(here.map((w) => w.owner));
  const found: { workload: string; firstSeen: number }[] = [];
  for (const { id, name, origin } of inventory.kustomizations.filter((k) => owners.has(k.id))) {
    const [last, previous] = await forge.history(origin.file);
    if (last === undefined || previous === undefined || last.time < now - LOOKED_BACK) continue;
    const before = (await forge.tree(previous.commit)).read(origin.file);
    const after = (await forge.tree(last.commit)).read(origin.file);
    if (!isSuspended(before, name) || isSuspended(after, name)) continue;
    for (const w of here.filter((workload) => workload.owner === id))
      found.push({ workload: w.name, firstSeen: last.time });
  }
  return found;
};
