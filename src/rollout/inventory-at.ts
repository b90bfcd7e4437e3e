import type { Inventory } from "../facts/inventory.ts";
import type { SourceTree } from "../facts/tree.ts";

/** Pure over the tree's bytes. */
export type ReadInventory = (tree: SourceTree) => Inventory;

const KEPT = 4;
const inventories = new WeakMap<ReadInventory, Map<string, Inventory>>();

/** A commit's bytes never change, so what was read from them may be kept: a few commits per reader. */
export const inventoryAt = (readInventory: ReadInventory, tree: SourceTree): Inventory => {
  if (tree.commit === null) return readInventory(tree);
  const kept = inventories.get(readInventory) ?? new Map<string, Inventory>();
  inventories.set(readInventory, kept);
  const inventory = kept.get(tree.commit) ?? readInventory(tree);
  kept.delete(tree.commit);
  kept.set(tree.commit, inventory);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return inventory;
};
