import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { Kept } from "../../facts/kept.ts";
import { buildFolders, type BuildRequest, type Built } from "./build.ts";
import { inputDigest, readCommit, type CommitFiles } from "./inputs.ts";
import { asObject, isFluxKustomization, specOf } from "./objects.ts";

/** The objects of one commit, as the real kustomize binary makes them. */
export interface Rendering {
  build(requests: readonly BuildRequest[]): Promise<ReadonlyMap<string, Built>>;
}

/** What was built, by the digest of all it was made from; worlds in one process share it. A cluster has tens of them. */
const built = new Kept<Built>(512);
/** Digests of requests, by the commit that they are put to. */
const digests = new WeakMap<CommitFiles, Map<string, string>>();

/**
 * Builds a commit's Flux Kustomizations and keeps each result in `cache` under a digest of all it was made from: the
 * binary takes half a second to start, and most of a repository is the same in the next commit. What was built or read once
 * is held: the world is folded anew from its beginning whenever something is done to it.
 */
export const renderCommit = async (remote: string, commit: string, cache: string): Promise<Rendering> => {
  const files = await readCommit(remote, commit);
  await mkdir(cache, { recursive: true });
  const there = new Set(await readdir(cache));

  /** From memory or the cache; the cache gets what only memory had, for the next process. */
  const kept = async (request: BuildRequest): Promise<Built | null> => {
    const digest = digestOf(files, request);
    const name = `${digest}.json`;
    const known = built.get(digest);
    if (known !== null) {
      if (!there.has(name)) await keepResult(join(cache, name), known);
      there.add(name);
      return known;
    }
    const read = there.has(name) ? await readResult(join(cache, name)) : null;
    return read === null ? null : remember(digest, read);
  };

  return {
    build: async (requests) => {
      const results = new Map<string, Built>();
      const missing: BuildRequest[] = [];
      for (const request of requests) {
        const result = await kept(request);
        if (result === null) missing.push(request);
        else results.set(request.id, result);
      }
      if (missing.length === 0) return results;
      const guesses: BuildRequest[] = [];
      for (const guess of guessRequests(files)) {
        if (missing.some((m) => m.id === guess.id) || (await kept(guess)) !== null) continue;
        guesses.push(guess);
      }
      for (const [request, result] of await buildFolders(remote, commit, missing, guesses)) {
        const digest = digestOf(files, request);
        await keepResult(join(cache, `${digest}.json`), result);
        there.add(`${digest}.json`);
        remember(digest, result);
        if (missing.includes(request)) results.set(request.id, result);
      }
      return results;
    },
  };
};

/** What did not build may have failed for a reason that no digest knows. */
const remember = (digest: string, result: Built): Built => (result.ok ? built.of(digest, () => result) : result);

const digestOf = (files: CommitFiles, { id, path, targetNamespace }: BuildRequest): string => {
  const known = digests.get(files) ?? new Map<string, string>();
  digests.set(files, known);
  const request = JSON.stringify([VERSION, id, path, targetNamespace]);
  const digest =
    known.get(request) ??
    createHash("sha256")
      .update(JSON.stringify([request, inputDigest(files, path)]))
      .digest("hex");
  known.set(request, digest);
  return digest;
};

/** Of what a result looks like; another number makes old results unknown. */
const VERSION = 1;

/** A damaged result is no result. */
const readResult = async (file: string): Promise<Built | null> => {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Built;
  } catch {
    return null;
  }
};

const keepResult = async (file: string, built: Built): Promise<void> => {
  // Two worlds of one process may be at the same.
  const scratch = `${file}.${randomUUID()}`;
  await writeFile(scratch, JSON.stringify(built));
  await rename(scratch, file);
};

/** What the files say will be asked for next; wrong guesses cost nothing, right ones save a process per level. */
const guessRequests = (files: CommitFiles): BuildRequest[] => {
  const guesses = new Map<string, BuildRequest>();
  for (const text of files.fluxFiles) {
    for (const document of parseAllDocuments(text, { uniqueKeys: false })) {
      if (document.errors.length > 0) continue;
      const object = asObject(document.toJS());
      if (object === null || !isFluxKustomization(object)) continue;
      const { path, targetNamespace, suspend } = specOf(object);
      const namespace = object.metadata.namespace ?? targetNamespace;
      if (typeof path !== "string" || typeof namespace !== "string" || suspend === true) continue;
      const id = `${namespace}/${object.metadata.name}`;
      guesses.set(id, { id, path, targetNamespace: typeof targetNamespace === "string" ? targetNamespace : null });
    }
  }
  return [...guesses.values()];
};
