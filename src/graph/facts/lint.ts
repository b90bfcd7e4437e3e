import { posix } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";
import type { FileChange } from "../../facts/changeset.ts";
import type { Inventory } from "../../facts/inventory.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { renderedDiff } from "../../rollout/rendered-diff.ts";
import type { LintFacts, LintProblem } from "../gate.ts";

/** `kustomize build` of folders of a tree by the real binary: by folder, the problem in one line where it does not build. */
export type Build = (tree: SourceTree, folders: readonly string[]) => Promise<ReadonlyMap<string, string>>;

const MOST = 1_000_000;

const yamlProblems = ({ path, text }: FileChange): readonly LintProblem[] => {
  if (text === null || !/\.ya?ml$|(^|\/)Kustomization$/.test(path)) return [];
  if (text.length > MOST) return [{ file: path, line: 1, message: "is larger than a manifest can be" }];
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) =>
    [...document.errors, ...document.warnings].map((problem) => ({
      file: path,
      line: lines.linePos(problem.pos[0]).line,
      message: problem.message.split("\n")[0] ?? "it is no YAML",
    })),
  );
};

/** The repository's own configuration decides, where it has one; line length is nobody's business by default. */
const markdownConfig = (tree: SourceTree): Record<string, unknown> => {
  for (const name of [".markdownlint.json", ".markdownlint.yaml", ".markdownlint.yml"]) {
    const text = tree.read(name);
    if (text === null) continue;
    const [document] = parseAllDocuments(text);
    const config: unknown = document !== undefined && document.errors.length === 0 ? document.toJS() : null;
    if (typeof config === "object" && config !== null) return { ...config, extends: null };
  }
  return { default: true, MD013: false };
};

const markdownProblems = async (tree: SourceTree, files: readonly FileChange[]): Promise<readonly LintProblem[]> => {
  const strings: Record<string, string> = {};
  for (const { path, text } of files) if (text !== null && path.endsWith(".md")) strings[path] = text;
  if (Object.keys(strings).length === 0) return [];
  const { lint: markdownlint } = await import("markdownlint/promise");
  const results = await markdownlint({ strings, config: markdownConfig(tree) });
  return Object.entries(results).flatMap(([file, problems]) =>
    problems.map((p) => ({ file, line: p.lineNumber, message: `${p.ruleNames[0] ?? ""} ${p.ruleDescription}`.trim() })),
  );
};

const folderOf = (path: string): string => posix.normalize(path).replace(/\/$/, "");

/** Flux makes a kustomization where a folder has none: such a folder is its manifests. */
const isKustomized = (tree: SourceTree, folder: string): boolean =>
  ["kustomization.yaml", "kustomization.yml", "Kustomization"].some(
    (name) => tree.read(posix.join(folder, name)) !== null,
  );

/** Flux Kustomizations whose input the changeset changes: files below their folder, or objects that come out otherwise. */
const touchedFolders = (before: Inventory, after: Inventory, files: readonly FileChange[]): readonly string[] => {
  const owners = new Set(renderedDiff(before, after).flatMap((c) => [c.before?.owner, c.after?.owner]));
  const folders = after.kustomizations
    .filter((k) => owners.has(k.id) || files.some((f) => f.path.startsWith(`${folderOf(k.path)}/`)))
    .map((k) => folderOf(k.path));
  return [...new Set(folders)].sort();
};

export const lintFacts = async (options: {
  readonly tree: { readonly before: SourceTree; readonly after: SourceTree };
  readonly inventory: { readonly before: Inventory; readonly after: Inventory };
  readonly files: readonly FileChange[];
  readonly build: Build;
}): Promise<LintFacts> => {
  const { tree, inventory, files, build } = options;
  const folders = touchedFolders(inventory.before, inventory.after, files);
  const kustomized = folders.filter((folder) => isKustomized(tree.after, folder));
  const [markdown, problems] = await Promise.all([markdownProblems(tree.before, files), build(tree.after, kustomized)]);
  return {
    yaml: files.flatMap(yamlProblems),
    markdown,
    builds: folders.map((path) => ({ path, problem: problems.get(path) ?? null })),
  };
};
