import type { FileMode } from "../facts/changeset.ts";
import type { SourceTree } from "../facts/tree.ts";
import { git, gitSync, tryGit } from "./run.ts";

/** Blobs larger than this are read only when somebody asks for them. */
const EAGER_BYTES = 1 << 20;

/** One row of a tree: a file, a folder (`tree`) or a submodule (`commit`). */
export interface Entry {
  /** As git writes it: six digits. */
  readonly mode: string;
  readonly type: string;
  readonly id: string;
  /** Bytes of a file, else 0. */
  readonly size: number;
}

/** One commit: every row of every tree by path, and the texts of its files by blob id. */
export interface Snapshot {
  readonly commit: string;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly texts: Map<string, string>;
}

const isMode = (mode: string): mode is FileMode => mode === "100644" || mode === "100755" || mode === "120000";

const isFile = ({ mode, type }: Entry): boolean => type === "blob" && isMode(mode);

const listEntries = async (dir: string, commit: string): Promise<Map<string, Entry>> => {
  const listing = await git(dir, ["ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit]);
  const entries = new Map<string, Entry>();
  for (const row of listing.split("\0")) {
    const tab = row.indexOf("\t");
    if (tab < 0) continue;
    const [mode = "", type = "", id = "", size = "0"] = row.slice(0, tab).split(/ +/);
    entries.set(row.slice(tab + 1), { mode, type, id, size: type === "blob" ? Number(size) : 0 });
  }
  return entries;
};

/** `cat-file --batch` answers `<id> blob <size>\n<bytes>\n` for each id asked, in order. */
const readBlobs = async (dir: string, ids: readonly string[]): Promise<Map<string, string>> => {
  const texts = new Map<string, string>();
  if (ids.length === 0) return texts;
  const { stdout } = await tryGit(dir, ["cat-file", "--batch"], { input: `${ids.join("\n")}\n` });
  let at = 0;
  while (at < stdout.length) {
    const end = stdout.indexOf(10, at);
    const [id = "", type = "", size = "0"] = stdout.toString("latin1", at, end).split(" ");
    at = end + 1;
    if (type !== "blob") continue;
    texts.set(id, stdout.toString("utf8", at, at + Number(size)));
    at += Number(size) + 1;
  }
  return texts;
};

/** Whether all its files were read: then nothing about it needs the repository any more. */
export const isWhole = ({ entries, texts }: Snapshot): boolean =>
  [...entries.values()].every((entry) => !isFile(entry) || texts.has(entry.id));

/**
 * All files of one commit; small blobs are read at once, which costs one subprocess for a whole repository, and none for
 * what `known` holds already: most of a repository is the same in the next commit.
 */
export const readSnapshot = async (dir: string, commit: string, known: readonly Snapshot[]): Promise<Snapshot> => {
  const entries = await listEntries(dir, commit);
  const texts = new Map<string, string>();
  const missing = new Set<string>();
  for (const entry of entries.values()) {
    if (!isFile(entry) || entry.size > EAGER_BYTES) continue;
    const text = known.find((other) => other.texts.has(entry.id))?.texts.get(entry.id);
    if (text === undefined) missing.add(entry.id);
    else texts.set(entry.id, text);
  }
  for (const [id, text] of await readBlobs(dir, [...missing])) texts.set(id, text);
  return { commit, entries, texts };
};

/** The files of a commit; submodules have no bytes here. Large blobs are read from `dir` when somebody asks. */
export const treeOf = (dir: string, { commit, entries, texts }: Snapshot): SourceTree => {
  const paths = [...entries].flatMap(([path, entry]) => (isFile(entry) ? [path] : [])).sort();
  const fileAt = (path: string): Entry | null => {
    const entry = entries.get(path);
    return entry !== undefined && isFile(entry) ? entry : null;
  };
  return {
    commit,
    root: null,
    paths: () => paths,
    read: (path) => {
      const entry = fileAt(path);
      if (entry === null) return null;
      const text = texts.get(entry.id);
      if (text !== undefined) return text;
      const late = gitSync(dir, ["cat-file", "blob", entry.id]).toString("utf8");
      texts.set(entry.id, late);
      return late;
    },
    mode: (path) => {
      const mode = fileAt(path)?.mode;
      return mode !== undefined && isMode(mode) ? mode : null;
    },
  };
};
