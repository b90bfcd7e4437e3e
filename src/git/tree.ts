import type { FileMode } from "../facts/changeset.ts";
import type { SourceTree } from "../facts/tree.ts";
import { git, gitSync, tryGit } from "./run.ts";

/** Blobs larger than this are read only when somebody asks for them. */
const EAGER_BYTES = 1 << 20;

interface Entry {
  readonly mode: FileMode;
  readonly blob: string;
  readonly size: number;
}

const isMode = (mode: string): mode is FileMode => mode === "100644" || mode === "100755" || mode === "120000";

const listEntries = async (dir: string, commit: string): Promise<Map<string, Entry>> => {
  const listing = await git(dir, ["ls-tree", "-r", "-z", "-l", "--full-tree", commit]);
  const entries = new Map<string, Entry>();
  for (const row of listing.split("\0")) {
    const tab = row.indexOf("\t");
    if (tab < 0) continue;
    const [mode = "", type = "", blob = "", size = "0"] = row.slice(0, tab).split(/ +/);
    // Submodules have no bytes here.
    if (type !== "blob" || !isMode(mode)) continue;
    entries.set(row.slice(tab + 1), { mode, blob, size: Number(size) });
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

/** All files of one commit; small blobs are read at once, which costs one subprocess for a whole repository. */
export const readCommitTree = async (dir: string, commit: string): Promise<SourceTree> => {
  const entries = await listEntries(dir, commit);
  const eager = [...new Set([...entries.values()].filter((e) => e.size <= EAGER_BYTES).map((e) => e.blob))];
  const texts = await readBlobs(dir, eager);
  const paths = [...entries.keys()].sort();
  return {
    commit,
    root: null,
    paths: () => paths,
    read: (path) => {
      const entry = entries.get(path);
      if (entry === undefined) return null;
      const text = texts.get(entry.blob);
      if (text !== undefined) return text;
      const late = gitSync(dir, ["cat-file", "blob", entry.blob]).toString("utf8");
      texts.set(entry.blob, late);
      return late;
    },
    mode: (path) => entries.get(path)?.mode ?? null,
  };
};
