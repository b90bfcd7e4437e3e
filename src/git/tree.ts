import type { FileMode } from "../facts/changeset.ts";
import { OperatorError } from "../facts/errors.ts";
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
  /** The name as git keeps it, where it is no UTF-8: its path here only stands for it. */
  readonly raw: Buffer | null;
}

/** One commit: every row of every tree by path, and the texts of its files by blob id. */
export interface Snapshot {
  readonly commit: string;
  readonly entries: ReadonlyMap<string, Entry>;
  readonly texts: Map<string, string>;
}

/** What stands for bytes that are no UTF-8. */
const LOST = "\uFFFD";
const BEYOND_ASCII = /[\x80-\xff]/;

const isMode = (mode: string): mode is FileMode => mode === "100644" || mode === "100755" || mode === "120000";

const isFile = ({ mode, type }: Entry): boolean => type === "blob" && isMode(mode);

/** A path, also of a name that is no UTF-8: each of its bytes stands apart, so that two names are never one path. */
const pathOf = (bytes: Buffer): string => {
  const text = bytes.toString("utf8");
  if (!text.includes(LOST) || Buffer.from(text, "utf8").equals(bytes)) return text;
  return bytes.toString("latin1").replace(/[\x80-\xff]/g, (byte) => `${LOST}${byte.charCodeAt(0).toString(16)}`);
};

const rawOf = (bytes: Buffer): Buffer | null => {
  const name = bytes.subarray(bytes.lastIndexOf(0x2f) + 1);
  return Buffer.from(name.toString("utf8"), "utf8").equals(name) ? null : name;
};

const listEntries = async (dir: string, commit: string): Promise<Map<string, Entry>> => {
  const listing = await git(dir, ["ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit], { bytes: "latin1" });
  const entries = new Map<string, Entry>();
  for (const row of listing.split("\0")) {
    const tab = row.indexOf("\t");
    if (tab < 0) continue;
    const [mode = "", type = "", id = "", size = "0"] = row.slice(0, tab).split(/ +/);
    const written = row.slice(tab + 1);
    const bytes = BEYOND_ASCII.test(written) ? Buffer.from(written, "latin1") : null;
    const path = bytes === null ? written : pathOf(bytes);
    const raw = bytes === null ? null : rawOf(bytes);
    if (entries.has(path))
      throw new OperatorError("input", `two names of the commit read as ${JSON.stringify(path)}`, {
        where: dir,
        remedy: "Rename one of them: every name a tree holds must stand there once.",
      });
    entries.set(path, { mode, type, id, size: type === "blob" ? Number(size) : 0, raw });
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
