import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceTree } from "../src/facts/tree.ts";
import type { Edit } from "./incident.ts";

export interface Written {
  readonly path: string;
  /** Null removes the file. */
  readonly text: string | null;
}

/** Edits as an incident writes them down, over what stands: a draft's text where it writes the file, else main's. */
export const writtenOut = (
  incident: { readonly id: string; readonly folder: string },
  edits: readonly Edit[],
  drafted: ReadonlyMap<string, string | null>,
  main: SourceTree,
): readonly Written[] => {
  const texts = new Map<string, string | null>();
  const standing = (path: string): string | null =>
    texts.has(path) ? (texts.get(path) ?? null) : drafted.has(path) ? (drafted.get(path) ?? null) : main.read(path);
  for (const edit of edits) {
    if ("file" in edit) texts.set(edit.path, readFileSync(join(incident.folder, edit.file), "utf8"));
    else if ("remove" in edit) texts.set(edit.path, null);
    else texts.set(edit.path, replaced(incident.id, edit, standing(edit.path), [...drafted.keys()]));
  }
  return [...texts].map(([path, text]) => ({ path, text }));
};

const replaced = (
  id: string,
  { path, replace }: Extract<Edit, { replace: unknown }>,
  standing: string | null,
  drafted: readonly string[],
): string => {
  if (standing === null) throw new Error(`${id}: neither the draft nor main holds ${path}, only ${drafted.join(", ")}`);
  let text = standing;
  for (const { from, to } of replace) {
    if (!text.includes(from)) throw new Error(`${id}: ${path} does not hold ${JSON.stringify(from)}:\n${text}`);
    text = text.replaceAll(from, to);
  }
  return text;
};
