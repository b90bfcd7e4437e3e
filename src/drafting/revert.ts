import { posix } from "node:path";
import { OperatorError } from "../facts/errors.ts";
import type { FileChange } from "../facts/changeset.ts";
import type { AppliedPolicy, Inventory } from "../facts/inventory.ts";
import { isRecord } from "../facts/json.ts";
import { overlay, type SourceTree } from "../facts/tree.ts";
import type { Writer } from "../facts/writer.ts";
import { documentsIn } from "./components.ts";

const KUSTOMIZATION = /(^|\/)(kustomization\.ya?ml|Kustomization)$/;
const LISTS = ["components", "resources"] as const;

/** One line of a kustomization that brings something in. */
interface Entry {
  readonly file: string;
  readonly list: (typeof LISTS)[number];
  readonly entry: string;
  /** What it names: a file or a folder. */
  readonly target: string;
}

const entriesOf = (tree: SourceTree): readonly Entry[] =>
  tree
    .paths()
    .filter((path) => KUSTOMIZATION.test(path))
    .flatMap((file) => {
      const head = documentsIn(tree.read(file) ?? "")[0];
      if (!isRecord(head)) return [];
      return LISTS.flatMap((list) => {
        const listed = head[list];
        return (Array.isArray(listed) ? (listed as readonly unknown[]) : []).flatMap((entry) =>
          typeof entry === "string"
            ? [{ file, list, entry, target: posix.join(posix.dirname(file), entry).replace(/\/$/, "") }]
            : [],
        );
      });
    });

/** Every entry by which a file gets in, from the one that names it upwards. */
const waysIn = (entries: readonly Entry[], file: string): readonly Entry[] => {
  const found: Entry[] = [];
  const seen = new Set<string>();
  for (let level = [file]; level.length > 0;) {
    const next: string[] = [];
    for (const target of level) {
      if (seen.has(target)) continue;
      seen.add(target);
      for (const entry of entries.filter((e) => e.target === target)) {
        found.push(entry);
        next.push(posix.dirname(entry.file));
      }
    }
    level = next;
  }
  return found;
};

const without = (tree: SourceTree, { file, list, entry }: Entry, writer: Writer): FileChange => ({
  path: file,
  mode: tree.mode(file) ?? "100644",
  text: writer.removeFromList(tree.read(file) ?? "", list, entry, file),
});

const gone = (path: string): FileChange => ({ path, mode: "100644", text: null });

/** A Kustomization of its own goes with its file, its place in the list and the folder that nobody else builds. */
const withOwnKustomization = (
  tree: SourceTree,
  inventory: Inventory,
  owner: string | null,
  writer: Writer,
): readonly FileChange[] | null => {
  const flux = inventory.kustomizations.find((k) => k.id === owner);
  if (flux === undefined || flux.objects.length !== 1) return null;
  const { file } = flux.origin;
  if (documentsIn(tree.read(file) ?? "").length !== 1) return null;
  const entries = entriesOf(tree);
  const listed = entries.filter((e) => e.target === file || e.target === posix.dirname(file));
  const [only] = listed;
  if (only === undefined || listed.length > 1) return null;
  const folder = posix.normalize(flux.path.replace(/^\.\//, "")).replace(/\/$/, "");
  const inside = (path: string): boolean => path.startsWith(`${folder}/`);
  const shared =
    entries.some((e) => !inside(e.file) && (e.target === folder || inside(e.target))) ||
    inventory.kustomizations.some((k) => k.id !== owner && inside(`${posix.normalize(k.path.replace(/^\.\//, ""))}/`));
  const built = shared || folder === "." ? [] : tree.paths().filter(inside);
  return [gone(file), ...built.map(gone), without(tree, only, writer)];
};

/**
 * Ways to take one lock out of Git, likeliest first. Whether a way takes exactly the lock and nothing else is for whoever
 * renders it to say: a component that two namespaces share looks the same from here.
 */
const waysOut = (
  tree: SourceTree,
  inventory: Inventory,
  lock: AppliedPolicy,
  writer: Writer,
): readonly (() => readonly FileChange[] | null)[] => {
  const folder = inventory.namespaces.find((ns) => ns.name === lock.ref.namespace)?.folder ?? null;
  const ways = lock.origin === null ? [] : waysIn(entriesOf(tree), lock.origin.file);
  const home = (e: Entry): boolean => folder !== null && `${posix.dirname(e.file)}/`.startsWith(`${folder}/`);
  return [
    () => withOwnKustomization(tree, inventory, lock.owner, writer),
    ...[...ways.filter(home), ...ways.filter((e) => !home(e))]
      .slice(0, 6)
      .map((entry) => () => [without(tree, entry, writer)]),
  ];
};

/**
 * The change that takes locks out of Git, each with what brought it; null where none was found that takes them and
 * nothing else. `isPure` renders and tells.
 */
export const draftRevert = (options: {
  readonly tree: SourceTree;
  readonly inventory: Inventory;
  readonly locks: readonly AppliedPolicy[];
  readonly writer: Writer;
  readonly isPure: (tree: SourceTree, lock: AppliedPolicy) => boolean;
}): readonly FileChange[] | null => {
  const { inventory, writer } = options;
  let { tree } = options;
  const changed = new Map<string, FileChange>();
  for (const lock of options.locks) {
    const files = waysOut(tree, inventory, lock, writer)
      .values()
      .map((way) => {
        try {
          return way();
        } catch (error) {
          // A file that cannot be edited alone is no way out; the next may be.
          if (error instanceof OperatorError) return null;
          throw error;
        }
      })
      .find((way) => way !== null && options.isPure(overlay(tree, way), lock));
    if (files === undefined || files === null) return null;
    for (const file of files) changed.set(file.path, file);
    tree = overlay(tree, files);
  }
  return [...changed.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
};
