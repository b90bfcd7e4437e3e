import { isStorable, type FileChange, type FileMode } from "./changeset.ts";

/** Files of one commit or folder, read as text. Paths are POSIX and relative to the root. */
export interface SourceTree {
  /** The commit, or null for a folder that is no git repository. */
  readonly commit: string | null;
  /** The folder on disk, or null when it lives in git's object store or in memory. */
  readonly root: string | null;
  paths(): readonly string[];
  /** Null when there is no such file. Bytes that are no UTF-8 come back as U+FFFD. */
  read(path: string): string | null;
  mode(path: string): FileMode | null;
}

/** The tree as it will be once the changes are merged. */
export const overlay = (base: SourceTree, files: readonly FileChange[]): SourceTree => {
  const changed = new Map(files.map((f) => [f.path, f]));
  return {
    commit: null,
    root: null,
    paths: () => {
      const kept = base.paths().filter((p) => !changed.has(p));
      for (const f of files) if (f.text !== null) kept.push(f.path);
      return kept.sort();
    },
    read: (path) => {
      const f = changed.get(path);
      return f === undefined ? base.read(path) : f.text;
    },
    mode: (path) => {
      const f = changed.get(path);
      if (f === undefined) return base.mode(path);
      return f.text === null ? null : f.mode;
    },
  };
};

/** Files that differ, as they stand in `after`, sorted by path. What is no UTF-8 text is named and not carried. */
export const differences = (
  before: SourceTree,
  after: SourceTree,
): { readonly files: readonly FileChange[]; readonly unread: readonly string[] } => {
  const files: FileChange[] = [];
  const unread: string[] = [];
  for (const path of [...new Set([...before.paths(), ...after.paths()])].sort()) {
    const mode = after.mode(path);
    const text = after.read(path);
    if (mode === before.mode(path) && text === before.read(path)) continue;
    if (mode === null) files.push({ path, mode: before.mode(path) ?? "100644", text: null });
    else if (text === null || text.includes("\uFFFD")) unread.push(path);
    else files.push({ path, mode, text });
  }
  return { files, unread };
};

export const memoryTree = (files: Readonly<Record<string, string>>, commit: string | null = null): SourceTree => ({
  commit,
  root: null,
  paths: () => Object.keys(files).sort(),
  read: (path) => (Object.hasOwn(files, path) ? (files[path] ?? null) : null),
  mode: (path) => (Object.hasOwn(files, path) ? "100644" : null),
});

/** The folders that a path lies in, outermost first. */
export const foldersOf = (path: string): string[] => {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
};

/**
 * Why git would store something else than was judged, or null. A file written below another file takes its place and a
 * file written over a folder takes the folder away: the overlay shows neither. Half a character is stored as U+FFFD.
 */
export const storageFault = (base: SourceTree, files: readonly FileChange[]): string | null => {
  const stored = overlay(base, files).paths();
  const all = new Set(stored);
  const folders = new Set(stored.flatMap(foldersOf));
  for (const { path, text } of files) {
    const name = JSON.stringify(path);
    if (!isStorable(path)) return `${name} is no path inside a repository`;
    if (text === null) continue;
    if (!text.isWellFormed()) return `${name} holds half a character, which no file can`;
    const file = foldersOf(path).find((folder) => all.has(folder) || base.mode(folder) !== null);
    if (file !== undefined) return `${name} would take the place of the file ${JSON.stringify(file)}`;
    if (folders.has(path)) return `${name} would take the place of a folder`;
  }
  return null;
};
