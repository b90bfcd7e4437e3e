import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../facts/errors.ts";
import { Kept } from "../facts/kept.ts";
import type { Origin } from "../facts/policy.ts";
import type { SourceTree } from "../facts/tree.ts";
import { isRecord, list, type Json } from "./json.ts";
import { inWords, kustomizeBinary, materialise, runKustomize } from "./kustomize-binary.ts";
import { differenceOf } from "./kustomize-compare.ts";
import { needsNoSchema, writeAround } from "./kustomize-schema.ts";
import { followLinks } from "./links.ts";
import { caseProblem, isRemote, kustomizationsAmong, resolveIn } from "./walk/kustomization.ts";
import { KustomizeWalk, type Build } from "./walk/walk.ts";
import { readYaml } from "./yaml-file.ts";

export type KustomizeResult =
  | { readonly built: true; readonly objects: readonly Json[]; readonly text: string }
  /** `where` is the best place we know: our own walk's, else the folder's kustomization. */
  | { readonly built: false; readonly what: string; readonly where: Origin; readonly remedy: string };

/** Fields of a kustomization that name files or folders. */
const PATH_FIELDS = new Set(
  (
    "resources bases components crds configurations generators transformers validators patchesStrategicMerge files envs " +
    "env path paths openapi"
  ).split(" "),
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

/** Plugins that are written into the kustomization itself, each with fields of its own that name files. */
const inlined = (value: Json): readonly unknown[] =>
  ["generators", "transformers", "validators"].flatMap((field) =>
    list(value[field]).flatMap((entry) =>
      typeof entry === "string" && entry.includes("\n") ? readYaml(entry).documents.map((d) => d.value) : [],
    ),
  );

/** Everything that kustomize would fetch, run, or read from outside the tree; nothing of it is allowed. */
const forbidden = (tree: SourceTree, files: Iterable<string>): Extract<KustomizeResult, { built: false }> | null => {
  for (const { folder, kustomization } of kustomizationsAmong(tree, files)) {
    if (kustomization === null) continue;
    for (const field of ["helmCharts", "helmChartInflationGenerator"])
      if (kustomization.value[field] !== undefined)
        return {
          built: false,
          what: "a chart would have to be fetched",
          where: kustomization.find([field]),
          remedy: "Use a HelmRelease, or commit the rendered chart",
        };
    // Under a name in another case kustomize would find paths that were not looked at here.
    const written = [kustomization.value, ...inlined(kustomization.value)];
    const odd = written.map((value) => caseProblem(value, kustomization.find)).find((problem) => problem !== null);
    if (odd !== undefined) return { built: false, what: odd.what, where: odd.origin, remedy: odd.remedy };
    for (const { entry, at } of written.flatMap((value) => pathsIn(value, false, []))) {
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

/** How many builds are remembered, and how many characters one of them may have. */
const REMEMBERED = { builds: 128, text: 500_000 } as const;
const remembered = new Kept<Extract<KustomizeResult, { built: true }>>(REMEMBERED.builds);

/** Everything that decides what kustomize makes of a folder: the binary, the folder, and each file that it reaches. */
const inputDigest = (tree: SourceTree, files: Iterable<string>, folder: string, binary: string): string => {
  const hash = createHash("sha256").update(JSON.stringify([binary, folder]));
  for (const file of [...files].sort()) hash.update(JSON.stringify([file, tree.read(file)]));
  return hash.digest("hex");
};

type Failed = Extract<KustomizeResult, { built: false }>;

/** A folder that may be handed to the binary, and what our own walk has to say of it. */
interface Job extends Build {
  readonly tree: SourceTree;
  readonly folder: string;
  readonly binary: string;
  readonly start: Origin;
  readonly key: string;
}

const startOf = (folder: string): Origin => ({
  file: folder === "" ? "kustomization.yaml" : `${folder}/kustomization.yaml`,
  line: 1,
  column: 1,
});

const jobOf = (tree: SourceTree, folder: string, binary: string): Job | Failed => {
  const walked = new KustomizeWalk(tree).build(folder);
  const start = startOf(folder);
  if (walked === null)
    return {
      built: false,
      what: "the folder has no kustomization",
      where: start,
      remedy: "Add one, or name another folder",
    };
  const { files } = walked;
  const refused = forbidden(tree, files);
  return refused ?? { ...walked, tree, folder, binary, start, key: inputDigest(tree, files, folder, binary) };
};

const failureOf = ({ start, problems }: Job, stderr: string, home: string): Failed => {
  const [ours] = problems;
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
};

const inHome = async <T>(work: (home: string) => Promise<T>): Promise<T> => {
  const home = mkdtempSync(join(tmpdir(), "kustomize-"));
  try {
    return await work(home);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
};

const buildArgs = (folder: string): readonly string[] => ["build", folder, "--load-restrictor", "LoadRestrictionsNone"];

/** Standard output of the build, or null when it fails: then the build with everything says why. */
const withoutSchema = (job: Job): Promise<string | null> =>
  inHome(async (home) => {
    const around = writeAround(home, job);
    const { failed, stdout } = await runKustomize(job.binary, buildArgs(around), home);
    return failed ? null : stdout;
  });

const withSchema = (job: Job): Promise<string | Failed> =>
  inHome(async (home) => {
    materialise(job.tree, job.files, home);
    const { failed, stdout, stderr } = await runKustomize(job.binary, buildArgs(join(home, job.folder)), home);
    return failed ? failureOf(job, stderr, home) : stdout;
  });

const alone = async (job: Job): Promise<KustomizeResult> => {
  const known = remembered.get(job.key);
  if (known !== null) return known;
  const quick = needsNoSchema(job.tree, job.files) ? await withoutSchema(job) : null;
  const text = quick ?? (await withSchema(job));
  if (typeof text !== "string") return text;
  const objects = readYaml(text).documents.flatMap((d) => (isRecord(d.value) ? [d.value] : []));
  const result = { built: true, text, objects } as const;
  return text.length > REMEMBERED.text ? result : remembered.of(job.key, () => result);
};

const missing = (folder: string): OperatorError =>
  new OperatorError("outside", "there is no kustomize here to ask", {
    where: folder,
    remedy: "Install kustomize, or run on Linux x64, where it comes along",
  });

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
  if (binary === null) throw missing(folder);
  const job = jobOf(followLinks(source), folder, binary);
  return "built" in job ? job : alone(job);
};

/** Where our walk is sure of itself and says something else than the binary, nobody knows what was judged. */
const readOtherwise = ({ resources, problems, start }: Job, objects: readonly Json[]): Failed | null => {
  const difference = problems.length > 0 ? null : differenceOf(resources, objects);
  return difference === null
    ? null
    : {
        built: false,
        what: difference.what,
        where: difference.where ?? start,
        remedy: "Write it in a plainer way, and report this: what gates judge must be what is applied",
      };
};

/**
 * Which of the folders do not build, or to something else than our walk reads there, and why; the others are as they
 * were judged.
 *
 * @throws OperatorError("outside") when there is no kustomize on this machine
 */
export const kustomizeFailures = async (
  source: SourceTree,
  folders: readonly string[],
  binary: string | null = kustomizeBinary(),
): Promise<ReadonlyMap<string, Failed>> => {
  const [first] = folders;
  if (first === undefined) return new Map();
  if (binary === null) throw missing(first);
  const tree = followLinks(source);
  const results = await Promise.all(
    folders.map(async (folder): Promise<readonly [string, Failed | null]> => {
      const job = jobOf(tree, folder, binary);
      const result = "built" in job ? job : await alone(job);
      return [folder, "built" in job ? job : result.built ? readOtherwise(job, result.objects) : result];
    }),
  );
  return new Map(results.flatMap(([folder, failed]) => (failed === null ? [] : [[folder, failed] as const])));
};
