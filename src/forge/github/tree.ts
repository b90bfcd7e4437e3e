import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobId, type FileMode } from "../../facts/changeset.ts";
import { OperatorError } from "../../facts/errors.ts";
import { differences, type SourceTree } from "../../facts/tree.ts";
import { call, type GitHubClient, type GitHubPlace } from "./client.ts";

const CONCURRENT = 8;
/** What manifests are made of; anything else is listed and not fetched. */
const TEXT =
  /\.(ya?ml|json|toml|md|txt|env|conf|ini|properties|sh|cue|jsonnet|sops)$|(^|\/)(kustomization|CODEOWNERS|\.[a-z][\w.-]*)$/i;
const LARGEST = 4 << 20;

/** Blobs by id, kept on disk: their names are their contents' hashes, so that a kept one can never be stale or forged. */
const blobCache = (folder: string) => ({
  get: async (id: string): Promise<string | null> => {
    try {
      const text = await readFile(join(folder, id.slice(0, 2), id), "utf8");
      return blobId(text) === id ? text : null;
    } catch {
      return null;
    }
  },
  put: async (id: string, bytes: Buffer): Promise<void> => {
    await mkdir(join(folder, id.slice(0, 2)), { recursive: true });
    const target = join(folder, id.slice(0, 2), id);
    const part = `${target}.${process.pid}.part`;
    await writeFile(part, bytes);
    await rename(part, target);
  },
});

interface Entry {
  readonly mode: FileMode;
  readonly blob: string;
  readonly size: number;
}

interface Reach {
  readonly client: GitHubClient;
  readonly place: GitHubPlace;
  /** Folder for blobs that were read once. */
  readonly cache: string;
}

const listEntries = async ({ client, place }: Reach, commit: string): Promise<ReadonlyMap<string, Entry>> => {
  const listing = await call(place, `read the tree of ${commit.slice(0, 12)}`, () =>
    client.rest.git.getTree({ owner: place.owner, repo: place.name, tree_sha: commit, recursive: "true" }),
  );
  if (listing.data.truncated)
    throw new OperatorError("outside", "the repository has more files than GitHub lists at once", {
      where: `${place.owner}/${place.name}`,
      remedy: "Set repository.path to a local clone.",
    });
  const entries = new Map<string, Entry>();
  for (const item of listing.data.tree) {
    const { path, sha, mode } = item;
    if (item.type !== "blob" || path === undefined || sha === undefined) continue;
    if (mode === "100644" || mode === "100755" || mode === "120000")
      entries.set(path, { mode, blob: sha, size: item.size ?? 0 });
  }
  return entries;
};

/** Blobs by id as text; bytes that are no UTF-8 come back as U+FFFD. Only those never seen before are fetched. */
const fetchTexts = async (
  { client, place, cache: folder }: Reach,
  ids: ReadonlySet<string>,
): Promise<Map<string, string>> => {
  const cache = blobCache(folder);
  const texts = new Map<string, string>();
  const fetchOne = async (id: string): Promise<void> => {
    const kept = await cache.get(id);
    if (kept !== null) {
      texts.set(id, kept);
      return;
    }
    const answer = await call(place, `read blob ${id.slice(0, 12)}`, () =>
      client.rest.git.getBlob({ owner: place.owner, repo: place.name, file_sha: id }),
    );
    const bytes = Buffer.from(answer.data.content, answer.data.encoding === "base64" ? "base64" : "utf8");
    if (blobId(bytes) !== id)
      throw new OperatorError("outside", `GitHub sent other bytes than blob ${id.slice(0, 12)} has`, {
        where: `${place.owner}/${place.name}`,
        remedy: "Try again; nothing was kept.",
      });
    await cache.put(id, bytes);
    texts.set(id, bytes.toString("utf8"));
  };
  const queue = ids.values();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      for (const id of queue) await fetchOne(id);
    }),
  );
  return texts;
};

const treeOf = (
  commit: string | null,
  entries: ReadonlyMap<string, Entry>,
  texts: ReadonlyMap<string, string>,
): SourceTree => {
  const paths = [...entries.keys()].sort();
  return {
    commit,
    root: null,
    paths: () => paths,
    read: (path) => {
      const entry = entries.get(path);
      return entry === undefined ? null : (texts.get(entry.blob) ?? null);
    },
    mode: (path) => entries.get(path)?.mode ?? null,
  };
};

/** One commit's files through GitHub's git data API. */
export const githubTree = async (options: Reach & { readonly commit: string }): Promise<SourceTree> => {
  const { commit } = options;
  const entries = await listEntries(options, commit);
  const wanted = [...entries].filter(([path, { size }]) => TEXT.test(path) && size <= LARGEST);
  return treeOf(commit, entries, await fetchTexts(options, new Set(wanted.map(([, { blob }]) => blob))));
};

/** What differs between two commits, whatever a file is called: a manifest may have any name. */
export const githubDifferences = async (
  reach: Reach,
  before: string,
  after: string,
): Promise<ReturnType<typeof differences>> => {
  const [old, now] = await Promise.all([listEntries(reach, before), listEntries(reach, after)]);
  const changed = (path: string): boolean =>
    old.get(path)?.blob !== now.get(path)?.blob || old.get(path)?.mode !== now.get(path)?.mode;
  const only = (entries: ReadonlyMap<string, Entry>): Map<string, Entry> =>
    new Map([...entries].filter(([path]) => changed(path)));
  const [gone, come] = [only(old), only(now)];
  const wanted = [...gone.values(), ...come.values()].filter(({ size }) => size <= LARGEST);
  const texts = await fetchTexts(reach, new Set(wanted.map(({ blob }) => blob)));
  return differences(treeOf(null, gone, texts), treeOf(null, come, texts));
};

/** A commit never changes, so its tree is read once; a few are kept for the base and what is compared with it. */
const KEPT = 8;

export const keptTrees = (
  read: (commit: string) => Promise<SourceTree>,
): { of(commit: string): Promise<SourceTree> } => {
  const kept = new Map<string, Promise<SourceTree>>();
  return {
    of: (commit) => {
      const found = kept.get(commit);
      if (found !== undefined) return found;
      const tree = read(commit);
      kept.set(commit, tree);
      tree.catch(() => kept.delete(commit));
      const [oldest] = kept.keys();
      if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
      return tree;
    },
  };
};
