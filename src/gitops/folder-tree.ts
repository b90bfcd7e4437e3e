import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { OperatorError } from "../facts/errors.ts";
import type { FileMode } from "../facts/changeset.ts";
import type { SourceTree } from "../facts/tree.ts";

/** Larger files are no manifests anybody wrote; they are listed and not read. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 200_000;
const SKIPPED = new Set([".git", "node_modules", ".network-operator"]);

export interface FolderTree extends SourceTree {
  /** What was left out, and why: a link out of the folder, a file too large, a file that cannot be read. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

interface Entry {
  readonly mode: FileMode;
  /** Null: listed, and not to be read. */
  readonly absolute: string | null;
}

const inside = (root: string, target: string): boolean => target === root || target.startsWith(root + sep);

/** A symlink is followed only to a file inside the folder; kustomize's own restriction. */
const linkTarget = (root: string, absolute: string): { readonly target: string } | { readonly why: string } => {
  try {
    const target = realpathSync(absolute);
    if (!inside(root, target)) return { why: "a symbolic link that leads out of the folder" };
    return statSync(target).isFile() ? { target } : { why: "a symbolic link to a folder" };
  } catch {
    return { why: "a symbolic link that leads nowhere" };
  }
};

const scan = (root: string): { entries: Map<string, Entry>; leftOut: { path: string; why: string }[] } => {
  const entries = new Map<string, Entry>();
  const leftOut: { path: string; why: string }[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const found of readdirSync(folder, { withFileTypes: true })) {
      const absolute = join(folder, found.name);
      const path = relative(root, absolute).split(sep).join("/");
      if (found.isDirectory()) {
        if (!SKIPPED.has(found.name)) folders.push(absolute);
      } else if (found.isSymbolicLink()) {
        const link = linkTarget(root, absolute);
        entries.set(path, { mode: "120000", absolute: "target" in link ? link.target : null });
        if ("why" in link) leftOut.push({ path, why: link.why });
      } else if (found.isFile()) {
        entries.set(path, { mode: "100644", absolute });
      }
      if (entries.size > MAX_FILES)
        throw new OperatorError("input", `the folder holds more than ${MAX_FILES} files`, {
          where: root,
          remedy: "Name the folder of the cluster's manifests instead",
        });
    }
  }
  return { entries, leftOut };
};

/**
 * The files under a folder, read when asked for. `.git` and `node_modules` are skipped, symbolic links out of the folder
 * and files over 4 MiB are listed but never read.
 *
 * @throws OperatorError("input") when there is no such folder or it cannot be listed
 */
export const folderTree = (dir: string): FolderTree => {
  const given = resolve(dir);
  let root: string;
  try {
    root = realpathSync(given);
    if (!statSync(root).isDirectory()) throw new Error("not a directory");
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new OperatorError("input", missing ? "there is no such folder" : "this is not a folder that can be read", {
      where: dir,
      remedy: "Name the folder of a Flux or kustomize repository",
      cause,
    });
  }
  let scanned: ReturnType<typeof scan>;
  try {
    scanned = scan(root);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError("input", "a folder below cannot be listed", {
      where: dir,
      remedy: "Check its permissions",
      cause,
    });
  }
  const { entries, leftOut } = scanned;
  const paths = [...entries.keys()].sort();
  const texts = new Map<string, string | null>();
  const readText = (path: string, entry: Entry): string | null => {
    if (entry.absolute === null) return null;
    try {
      const { size } = statSync(entry.absolute);
      if (size <= MAX_FILE_BYTES) return readFileSync(entry.absolute, "utf8");
      leftOut.push({ path, why: `a file of ${Math.round(size / 1_048_576)} MiB` });
    } catch {
      leftOut.push({ path, why: "a file that cannot be read" });
    }
    return null;
  };
  return {
    commit: null,
    root,
    leftOut,
    paths: () => paths,
    read: (path) => {
      const before = texts.get(path);
      if (before !== undefined) return before;
      const entry = entries.get(path);
      if (entry === undefined) return null;
      const text = readText(path, entry);
      texts.set(path, text);
      return text;
    },
    mode: (path) => {
      const entry = entries.get(path);
      if (entry === undefined) return null;
      if (entry.mode === "120000" || entry.absolute === null) return entry.mode;
      return (lstatSync(entry.absolute).mode & 0o111) === 0 ? "100644" : "100755";
    },
  };
};
