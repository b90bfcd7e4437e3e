import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { buildFolders, type BuildRequest, type Built } from "./build.ts";
import { inputDigest, readCommit, type CommitFiles } from "./inputs.ts";
import { asObject, isFluxKustomization, specOf } from "./objects.ts";

/** The objects of one commit, as the real kustomize binary makes them. */
export interface Rendering {
  build(requests: readonly BuildRequest[]): Promise<ReadonlyMap<string, Built>>;
}

/**
 * Builds a commit's Flux Kustomizations and keeps each result in `cache` under a digest of all it was made from: the
 * binary takes half a second to start, and most of a repository is the same in the next commit. What was built or read once
 * is held as long as the rendering: the world is folded anew from its beginning whenever something is done to it.
 */
export const renderCommit = async (remote: string, commit: string, cache: string): Promise<Rendering> => {
  const files = await readCommit(remote, commit);
  await mkdir(cache, { recursive: true });
  const fileOf = (request: BuildRequest): string => join(cache, `${cacheKey(files, request)}.json`);
  const held = new Map<string, Built>();

  return {
    build: async (requests) => {
      const results = new Map<string, Built>();
      const missing: BuildRequest[] = [];
      for (const request of requests) {
        const kept = held.get(keyOf(request)) ?? (await readResult(fileOf(request)));
        if (kept === null) missing.push(request);
        else {
          held.set(keyOf(request), kept);
          results.set(request.id, kept);
        }
      }
      if (missing.length === 0) return results;
      const guesses: BuildRequest[] = [];
      for (const guess of guessRequests(files)) {
        if (missing.some((m) => m.id === guess.id) || (await readResult(fileOf(guess))) !== null) continue;
        guesses.push(guess);
      }
      for (const [request, built] of await buildFolders(remote, commit, missing, guesses)) {
        await keepResult(fileOf(request), built);
        held.set(keyOf(request), built);
        if (missing.includes(request)) results.set(request.id, built);
      }
      return results;
    },
  };
};

const keyOf = ({ id, path, targetNamespace }: BuildRequest): string => JSON.stringify([id, path, targetNamespace]);

const cacheKey = (files: CommitFiles, { id, path, targetNamespace }: BuildRequest): string =>
  createHash("sha256")
    .update(JSON.stringify([VERSION, id, path, targetNamespace, inputDigest(files, path)]))
    .digest("hex");

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
  const scratch = `${file}.${String(process.pid)}`;
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
