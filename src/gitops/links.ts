import { posix } from "node:path";
import type { SourceTree } from "../facts/tree.ts";
import { resolveIn } from "./walk/kustomization.ts";

/**
 * A tree in which a symbolic link reads as the file it leads to. A folder on disk follows its links itself; git keeps the
 * link's text, so that the same commit would read differently. Links out of the tree, or to another link, read as nothing.
 */
export const followLinks = (tree: SourceTree): SourceTree => ({
  ...tree,
  read: (path) => {
    const text = tree.read(path);
    if (text === null || tree.root !== null || tree.mode(path) !== "120000" || /[\n:]/.test(text)) return text;
    const folder = posix.dirname(path);
    const target = resolveIn(folder === "." ? "" : folder, text);
    return target === null || tree.mode(target) === "120000" ? null : tree.read(target);
  },
});
