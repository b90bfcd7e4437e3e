import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { COMMIT_ID } from "./trees.ts";

/**
 * Refs by the files that git keeps them in: a loose one comes before a packed one. Starting git costs more than most
 * questions do, and the more so the larger the asking process. Whatever does not look as expected is git's to answer:
 * every function here says `null` then.
 */
const BRANCH = /^refs\/heads\/[\w][\w./-]*$/;

/**
 * The folder with the refs; null where they lie elsewhere (a worktree) or in a table. `.git` comes first, as for git: what is
 * checked out beside it may be called `objects` and `refs` too.
 */
export const refFolder = async (dir: string): Promise<string | null> => {
  const kindOf = async (path: string): Promise<"folder" | "file" | null> =>
    stat(path).then(
      (found) => (found.isDirectory() ? "folder" : "file"),
      () => null,
    );
  const inside = join(dir, ".git");
  const kind = await kindOf(inside);
  if (kind === "file") return null;
  const folder = kind === null ? dir : inside;
  const [head, objects, heads, table] = await Promise.all(
    ["HEAD", "objects", "refs/heads", "reftable"].map((name) => kindOf(join(folder, name))),
  );
  return head === "file" && objects === "folder" && heads === "folder" && table === null ? folder : null;
};

const absent = (error: unknown): null => {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
  throw error;
};

/** Rows `<id> <ref>`; a row that begins with `^` is what the tag above it points to. */
const packedRefs = async (folder: string): Promise<Map<string, string>> => {
  const text = (await readFile(join(folder, "packed-refs"), "utf8").catch(absent)) ?? "";
  const refs = new Map<string, string>();
  for (const row of text.split("\n")) {
    const [id = "", ref = ""] = row.split(" ");
    if (COMMIT_ID.test(id) && ref.startsWith("refs/")) refs.set(ref, id);
  }
  return refs;
};

/** A branch's commit, or that there is no such branch. */
export const readBranch = async (dir: string, ref: string): Promise<{ readonly commit: string | null } | null> => {
  if (!BRANCH.test(ref) || ref.includes("..")) return null;
  try {
    const folder = await refFolder(dir);
    if (folder === null) return null;
    const loose = await readFile(join(folder, ref), "utf8").catch((error: unknown) =>
      // A folder of refs is no ref.
      error instanceof Error && "code" in error && error.code === "EISDIR" ? null : absent(error),
    );
    if (loose !== null) return COMMIT_ID.test(loose.trim()) ? { commit: loose.trim() } : null;
    return { commit: (await packedRefs(folder)).get(ref) ?? null };
  } catch {
    return null;
  }
};

/** Every ref and what it points to. */
export const readRefs = async (dir: string): Promise<ReadonlyMap<string, string> | null> => {
  try {
    const folder = await refFolder(dir);
    if (folder === null) return null;
    // Packed after loose: what is packed meanwhile is then seen twice rather than not at all.
    const loose = await looseRefs(folder);
    if (loose === null) return null;
    const all = [...new Map([...(await packedRefs(folder)), ...loose])];
    return new Map(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  } catch {
    return null;
  }
};

const looseRefs = async (folder: string): Promise<Map<string, string> | null> => {
  const refs = new Map<string, string>();
  for (const entry of await readdir(join(folder, "refs"), { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory() || entry.name.endsWith(".lock")) continue;
    const path = join(entry.parentPath, entry.name);
    const id = (await readFile(path, "utf8").catch(absent))?.trim();
    if (id === undefined) continue;
    if (!COMMIT_ID.test(id)) return null;
    refs.set(path.slice(folder.length + 1), id);
  }
  return refs;
};
