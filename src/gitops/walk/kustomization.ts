import { posix } from "node:path";
import type { Origin } from "../../facts/policy.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { isRecord, type Json, type Path } from "../json.ts";
import { readYaml, type YamlDocument } from "../yaml-file.ts";
import { inOtherCase, letterForTruth, meantBy } from "./fields.ts";

export const KUSTOMIZATION_FILES = ["kustomization.yaml", "kustomization.yml", "Kustomization"] as const;

/** A kustomization file as read, with the folder it stands in. */
export interface KustomizationFile {
  readonly folder: string;
  readonly file: string;
  readonly kind: "Kustomization" | "Component";
  readonly value: Json;
  readonly find: (path: Path) => Origin;
}

export interface FolderProblem {
  readonly what: string;
  readonly origin: Origin;
  readonly remedy: string;
}

/** The path below the root, or null when it leads out of the tree. */
export const resolveIn = (folder: string, entry: string): string | null => {
  if (posix.isAbsolute(entry)) return null;
  const path = posix.normalize(posix.join(folder === "" ? "." : folder, entry)).replace(/\/+$/, "");
  if (path === "..") return null;
  if (path.startsWith("../")) return null;
  return path === "." ? "" : path;
};

export const below = (folder: string, file: string): string => (folder === "" ? file : `${folder}/${file}`);

/** Whether an entry that is no file here is one that kustomize would fetch. */
export const isRemote = (entry: string): boolean =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(entry) ||
  /^[\w.-]+@[\w.-]+:/.test(entry) ||
  /^(?:git::|github\.com\/|gitlab\.com\/|bitbucket\.org\/)/.test(entry) ||
  /[?&]ref=/.test(entry);

/** Where a document begins that is not the file's first, or not its only one. */
const severalDocuments = (source: string): number | null => {
  const lines = source.split("\n");
  const isMarker = (line: string): boolean => /^---(?=\s|$)/.test(line);
  const first = lines.findIndex((line) => !/^\uFEFF?\s*(?:#|$)/.test(line));
  const another = lines.findIndex((line, at) => at > first && isMarker(line));
  return first < 0 || another < 0 ? null : another + 1;
};

/** The kustomization of a folder; null when the folder has none. Several, or one that cannot be read, is a problem. */
export const readKustomization = (
  tree: SourceTree,
  folder: string,
): { readonly file: KustomizationFile | null; readonly problems: readonly FolderProblem[] } => {
  const found = KUSTOMIZATION_FILES.map((name) => below(folder, name)).filter((path) => tree.mode(path) !== null);
  const [file, second] = found;
  if (file === undefined) return { file: null, problems: [] };
  const start: Origin = { file, line: 1, column: 1 };
  const problems: FolderProblem[] = [];
  if (second !== undefined)
    problems.push({
      what: `the folder has two kustomizations, ${second} beside this one`,
      origin: start,
      remedy: "Keep one of them",
    });
  const source = tree.read(file);
  if (source === null) {
    problems.push({
      what: "the kustomization cannot be read",
      origin: start,
      remedy: "It must be a plain text file inside the repository",
    });
    return { file: null, problems };
  }
  const { documents, problems: broken } = readYaml(source);
  for (const { what, line, column } of broken)
    problems.push({ what, origin: { file, line, column }, remedy: "kustomize does not build this; repair the YAML" });
  const another = severalDocuments(source);
  if (another !== null)
    problems.push({
      what: "kustomize reads the first document of this file only, also an empty one",
      origin: { file, line: another, column: 1 },
      remedy: "Write one document, and no `---` but at its head",
    });
  const [document] = documents;
  if (document === undefined || !isRecord(document.value)) {
    // An empty kustomization is an error for kustomize, too.
    problems.push({
      what: "the kustomization is empty",
      origin: start,
      remedy: "List what it should apply, or remove it",
    });
    return { file: null, problems };
  }
  const read = asFile(folder, file, document, document.value);
  const said = [caseProblem(document.value, read.find), truthProblem(document.value, read.find)];
  return { file: read, problems: [...problems, ...said.filter((problem) => problem !== null)] };
};

/** The kustomizations among files that a build reaches, with their folders; null for one that cannot be read. */
export const kustomizationsAmong = (
  tree: SourceTree,
  files: Iterable<string>,
): readonly { readonly folder: string; readonly kustomization: KustomizationFile | null }[] =>
  [...files].flatMap((file) => {
    const name = KUSTOMIZATION_FILES.find((n) => file === n || file.endsWith(`/${n}`));
    if (name === undefined) return [];
    const folder = file === name ? "" : file.slice(0, -name.length - 1);
    return [{ folder, kustomization: readKustomization(tree, folder).file }];
  });

/** A field that kustomize would follow and this reading would not, for its name is written in another case. */
export const caseProblem = (value: unknown, find: (path: Path) => Origin): FolderProblem | null => {
  const path = inOtherCase(value);
  if (path === null) return null;
  const name = String(path.at(-1));
  return {
    what: `kustomize takes ${name} for ${meantBy(name) ?? name}, and this reading does not`,
    origin: find(path),
    remedy: "Write the field's name in its own case",
  };
};

/** `y` and `n` are truths to kustomize's reader of this one file, and text to every other. */
const truthProblem = (value: unknown, find: (path: Path) => Origin): FolderProblem | null => {
  const path = letterForTruth(value);
  return path === null
    ? null
    : { what: "a single letter stands for a truth", origin: find(path), remedy: "Write true or false" };
};

const asFile = (folder: string, file: string, document: YamlDocument, value: Json): KustomizationFile => ({
  folder,
  file,
  kind: value["kind"] === "Component" ? "Component" : "Kustomization",
  value,
  find: (path) => {
    const { line, column } = document.find(path);
    return { file, line, column };
  },
});
