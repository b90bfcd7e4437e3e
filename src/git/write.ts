import { isStorable, type FileChange } from "../facts/changeset.ts";
import { OperatorError } from "../facts/errors.ts";
import { foldersOf } from "../facts/tree.ts";
import { gitObject, hashingOf, packOf, treeObject, type GitObject, type Hashing, type TreeRow } from "./objects.ts";
import { git } from "./run.ts";
import type { Entry, Snapshot } from "./tree.ts";

const AUTHOR = "network-operator <network-operator@localhost>";

const unwritable = (dir: string, what: string): OperatorError =>
  new OperatorError("input", `refusing to write ${what}`, {
    where: dir,
    remedy: "Paths are relative, use forward slashes, stay inside the repository and stand where nothing else does.",
  });

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

type Files = ReadonlyMap<string, FileChange>;

/** Nothing changes that was not named: no file is written below another, or over a folder that keeps anything. */
const assertApart = (dir: string, base: Snapshot["entries"], files: Files): void => {
  const taken = (path: string): never => {
    throw unwritable(dir, `over ${JSON.stringify(path)}, which nobody asked to change`);
  };
  const isLeft = (path: string): boolean => {
    const change = files.get(path);
    return change === undefined ? base.has(path) && base.get(path)?.type !== "tree" : change.text !== null;
  };
  for (const [path, { text }] of files) {
    if (text === null) continue;
    const above = foldersOf(path).find(isLeft);
    if (above !== undefined) taken(above);
    const below = [...base.keys(), ...files.keys()].find((other) => other.startsWith(`${path}/`) && isLeft(other));
    if (below !== undefined) taken(below);
  }
  // What a submodule holds is not known here, so that nobody can have judged its going.
  const module = [...files.keys()].find((path) => base.get(path)?.type === "commit");
  if (module !== undefined) taken(module);
  // A path only stands for a name that is no UTF-8: written there, it would be another name.
  const unnamed = [...files.keys()].flatMap((path) => [...foldersOf(path), path]).find((path) => base.get(path)?.raw);
  if (unnamed !== undefined) taken(unnamed);
};

/** The rows of `folder` as they will be, without its folders that change too: those are added when they are made. */
const rowsOf = (base: Snapshot["entries"], changed: ReadonlySet<string>, files: Files): Map<string, TreeRow[]> => {
  const rows = new Map<string, TreeRow[]>([...changed].map((folder) => [folder, []]));
  for (const [path, { mode, id, type, raw }] of base) {
    const isNamed = files.has(path) && type !== "tree";
    if (!isNamed && !changed.has(path)) rows.get(parentOf(path))?.push({ name: raw ?? nameOf(path), mode, id });
  }
  return rows;
};

interface Made {
  readonly root: string;
  readonly objects: readonly GitObject[];
  /** Rows that are new or other than in the base, by path. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Folders that are gone, for nothing was left in them. */
  readonly gone: ReadonlySet<string>;
}

const makeTrees = (base: Snapshot["entries"], files: Files, hashing: Hashing): Made => {
  const changed = new Set(["", ...[...files.keys()].flatMap(foldersOf)]);
  const rows = rowsOf(base, changed, files);
  const objects: GitObject[] = [];
  const entries = new Map<string, Entry>();
  const gone = new Set<string>();
  for (const [path, { mode, text }] of files) {
    if (text === null) continue;
    const blob = gitObject("blob", text, hashing);
    objects.push(blob);
    entries.set(path, { mode, type: "blob", id: blob.id, size: blob.bytes.length, raw: null });
    rows.get(parentOf(path))?.push({ name: nameOf(path), mode, id: blob.id });
  }
  let root = "";
  // Deepest first: a folder's id is known before the folder that holds it is made.
  for (const folder of [...changed].sort((a, b) => b.split("/").length - a.split("/").length || b.length - a.length)) {
    const own = rows.get(folder) ?? [];
    if (own.length === 0 && folder !== "") {
      gone.add(folder);
      continue;
    }
    const tree = treeObject(own, hashing);
    objects.push(tree);
    if (folder === "") root = tree.id;
    else {
      entries.set(folder, { mode: "040000", type: "tree", id: tree.id, size: 0, raw: null });
      rows.get(parentOf(folder))?.push({ name: nameOf(folder), mode: "040000", id: tree.id });
    }
  }
  return { root, objects, entries, gone };
};

const unique = (objects: readonly GitObject[]): readonly GitObject[] => [
  ...new Map(objects.map((object) => [object.id, object])).values(),
];

/**
 * A commit on top of `base` with these files. What is new is worked out here and handed to git as one pack, so that one
 * process writes it, by the repository's own rules, after it has looked at every object (`--strict`).
 */
export const writeCommit = async (request: {
  readonly dir: string;
  readonly base: Snapshot | null;
  readonly files: readonly FileChange[];
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}): Promise<Snapshot> => {
  const { dir, base, message, time } = request;
  for (const { path } of request.files) if (!isStorable(path)) throw unwritable(dir, JSON.stringify(path));
  const files = new Map(request.files.map((file) => [file.path, file]));
  const before = base?.entries ?? new Map<string, Entry>();
  assertApart(dir, before, files);
  const hashing: Hashing =
    base === null
      ? (await git(dir, ["rev-parse", "--show-object-format"])).trim() === "sha256"
        ? "sha256"
        : "sha1"
      : hashingOf(base.commit);
  const { root, objects, entries, gone } = makeTrees(before, files, hashing);
  const signature = `${AUTHOR} ${String(Math.floor(time / 1000))} +0000`;
  const parent = base === null ? "" : `parent ${base.commit}\n`;
  const head = `tree ${root}\n${parent}author ${signature}\ncommitter ${signature}\n`;
  const commit = gitObject("commit", `${head}\n${message}`, hashing);
  await git(dir, ["unpack-objects", "-q", "--strict"], { input: packOf(unique([...objects, commit]), hashing) });

  const left = [...before].filter(([path, { type }]) => !gone.has(path) && !(files.has(path) && type !== "tree"));
  const texts = new Map(base?.texts);
  // As it will be read again: half a character is stored as U+FFFD.
  for (const { type, id, bytes } of objects) if (type === "blob") texts.set(id, bytes.toString("utf8"));
  return { commit: commit.id, entries: new Map([...left, ...entries]), texts };
};
