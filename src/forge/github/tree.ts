import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobId, type FileMode } from "../../facts/changeset.ts";
import { OperatorError } from "../../facts/errors.ts";
import type { SourceTree } from "../../facts/tree.ts";
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
    await writeFile(`${target}.part`, bytes);
    await rename(`${target}.part`, target);
  },
});

interface Entry {
  readonly mode: FileMode;
  readonly blob: string;
  readonly size: number;
}

/** One commit's files through GitHub's git data API; only blobs never seen before are fetched. */
export const githubTree = async (options: {
  readonly client: GitHubClient;
  readonly place: GitHubPlace;
  readonly commit: string;
  readonly cache: string;
}): Promise<SourceTree> => {
  const { client, place, commit } = options;
  const at = { owner: place.owner, repo: place.name };
  const listing = await call(place, `read the tree of ${commit.slice(0, 12)}`, () =>
    client.rest.git.getTree({ ...at, tree_sha: commit, recursive: "true" }),
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
  const cache = blobCache(options.cache);
  const texts = new Map<string, string>();
  const wanted = [
    ...new Set([...entries].filter(([path, e]) => TEXT.test(path) && e.size <= LARGEST).map(([, e]) => e.blob)),
  ];
  const fetchOne = async (id: string): Promise<void> => {
    const kept = await cache.get(id);
    if (kept !== null) {
      texts.set(id, kept);
      return;
    }
    const answer = await call(place, `read blob ${id.slice(0, 12)}`, () =>
      client.rest.git.getBlob({ ...at, file_sha: id }),
    );
    const bytes = Buffer.from(answer.data.content, answer.data.encoding === "base64" ? "base64" : "utf8");
    await cache.put(id, bytes);
    texts.set(id, bytes.toString("utf8"));
  };
  const queue = wanted.values();
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      for (const id of queue) await fetchOne(id);
    }),
  );
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
