import { createHash } from "node:crypto";
import { posix } from "node:path";
import { parse } from "yaml";
import { Kept } from "../../facts/kept.ts";
import { git } from "../git.ts";

/** The files of one commit by path, with the texts of its kustomization files. */
export interface CommitFiles {
  readonly blobs: ReadonlyMap<string, string>;
  /** Folder to the text of its kustomization file. */
  readonly kustomizations: ReadonlyMap<string, string>;
  /** Texts of manifests that may hold Flux Kustomizations. */
  readonly fluxFiles: readonly string[];
}

const IS_KUSTOMIZATION = /(^|\/)(kustomization\.ya?ml|Kustomization)$/;
const MAY_HOLD_FLUX = /\.ya?ml$/;

/**
 * By commit id, which names every byte, so that worlds in one process share them: each opening asks for all of main's
 * history, and git takes four processes to tell one commit.
 */
const commits = new Kept<Promise<CommitFiles>>(16);

export const readCommit = async (remote: string, commit: string): Promise<CommitFiles> => {
  const files = commits.of(commit, () => readFiles(remote, commit));
  // A repository that could not be read now may be readable later.
  files.catch(() => commits.forget(commit));
  return files;
};

const readFiles = async (remote: string, commit: string): Promise<CommitFiles> => {
  const listing = await git(["ls-tree", "-r", "-z", commit], { cwd: remote });
  const blobs = new Map<string, string>();
  for (const line of listing.split("\0")) {
    const [meta = "", path = ""] = line.split("\t");
    const [, type, id = ""] = meta.split(" ");
    if (type === "blob") blobs.set(path, id);
  }
  const folders = [...blobs.keys()].filter((path) => IS_KUSTOMIZATION.test(path));
  const texts = await readBlobs(
    remote,
    folders.map((path) => blobs.get(path) ?? ""),
  );
  const kustomizations = new Map(folders.map((path, i) => [posix.dirname(path), texts[i] ?? ""]));
  const grep = await git(["grep", "-l", "-z", "-F", "kustomize.toolkit.fluxcd.io/", commit, "--", "*.yaml", "*.yml"], {
    cwd: remote,
  }).catch(() => "");
  const fluxPaths = grep
    .split("\0")
    .map((name) => name.slice(name.indexOf(":") + 1))
    .filter((path) => MAY_HOLD_FLUX.test(path));
  const fluxFiles = await readBlobs(
    remote,
    fluxPaths.map((path) => blobs.get(path) ?? ""),
  );
  return { blobs, kustomizations, fluxFiles };
};

/** Contents in the order asked for; ids are object ids from the same repository. */
const readBlobs = async (remote: string, ids: readonly string[]): Promise<string[]> => {
  if (ids.length === 0) return [];
  const output = await git(["cat-file", "--batch"], { cwd: remote, input: `${ids.join("\n")}\n`, keepEnd: true });
  const bytes = Buffer.from(output, "utf8");
  const texts: string[] = [];
  let at = 0;
  for (const _ of ids) {
    const end = bytes.indexOf(10, at);
    const size = Number(bytes.subarray(at, end).toString("utf8").split(" ")[2] ?? "0");
    texts.push(bytes.subarray(end + 1, end + 1 + size).toString("utf8"));
    at = end + 1 + size + 1;
  }
  return texts;
};

/**
 * A digest of everything that a build of `folder` can read: its kustomization file, and whatever any string in it names,
 * folders in turn. Too much may be counted, never too little; a folder without a kustomization counts with all below.
 */
export const inputDigest = (files: CommitFiles, folder: string): string => {
  const inputs = new Set<string>();
  const seen = new Set<string>();
  const addTree = (prefix: string): void => {
    for (const [path, id] of files.blobs) if (path.startsWith(`${prefix}/`)) inputs.add(`${path} ${id}`);
  };
  const visit = (at: string): void => {
    if (seen.has(at)) return;
    seen.add(at);
    const text = files.kustomizations.get(at);
    if (text === undefined) return addTree(at);
    inputs.add(`${at} ${text}`);
    for (const name of stringsIn(text)) {
      for (const candidate of [name, name.slice(name.indexOf("=") + 1)]) {
        const path = posix.normalize(posix.join(at, candidate)).replace(/\/$/, "");
        const blob = files.blobs.get(path);
        if (blob !== undefined) inputs.add(`${path} ${blob}`);
        else if (path !== at && isFolder(files, path)) visit(path);
      }
    }
  };
  visit(posix.normalize(folder).replace(/\/$/, ""));
  return createHash("sha256")
    .update([...inputs].sort().join("\n"))
    .digest("hex");
};

const isFolder = (files: CommitFiles, path: string): boolean =>
  files.kustomizations.has(path) || [...files.blobs.keys()].some((other) => other.startsWith(`${path}/`));

/** Every string anywhere in the file; a file that is no YAML names nothing and fails its build anyway. */
const stringsIn = (text: string): string[] => {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === "string") found.push(...value.split("\n").filter((line) => line.length < 500));
    else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) walk(item);
  };
  try {
    walk(parse(text));
  } catch {
    return [];
  }
  return found;
};
