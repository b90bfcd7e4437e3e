import type { FileChange } from "../facts/changeset.ts";
import type { Origin } from "../facts/policy.ts";
import type { SourceTree } from "../facts/tree.ts";

/** A change of a few characters that keeps every comment and every other line as it stands. */
export type Edit =
  /** The scalar that stands at or after this place on its line. */
  | { readonly kind: "replace"; readonly at: Origin; readonly from: string; readonly to: string }
  /** The key or list item that begins here, with everything indented under it. */
  | { readonly kind: "remove"; readonly at: Origin };

const indentOf = (line: string): number => line.length - line.trimStart().length;
const isBlank = (line: string): boolean => line.trim() === "" || line.trimStart().startsWith("#");

/** The line after the block that begins on `start`; comments that trail the block stay with what follows. */
const blockEnd = (lines: readonly string[], start: number): number => {
  const first = lines[start] ?? "";
  const indent = indentOf(first);
  const isItem = first.trimStart().startsWith("- ");
  let end = start + 1;
  for (let i = start + 1; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (isBlank(line)) continue;
    if (/^(---|\.\.\.)/.test(line)) break;
    const deeper = indentOf(line) > indent;
    // A list may stand at the indentation of the key that holds it.
    const heldList = !isItem && indentOf(line) === indent && line.trimStart().startsWith("- ");
    if (!deeper && !heldList) break;
    end = i + 1;
  }
  return end;
};

/** What an edit takes out and puts in; lines and columns from 1, the end exclusive. */
export interface Region {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
}

/** Only a key or list item that opens its own line can be taken out; one inside `[a, b]` needs a person. */
const opensItsLine = (line: string, column: number): boolean => {
  const before = line.slice(0, column - 1).trim();
  return before === "" || before === "-";
};

const replaced = (line: string, edit: Extract<Edit, { kind: "replace" }>): Region | null => {
  const found = line.indexOf(edit.from, Math.max(0, edit.at.column - 1));
  if (found < 0) return null;
  return {
    startLine: edit.at.line,
    startColumn: found + 1,
    endLine: edit.at.line,
    endColumn: found + 1 + edit.from.length,
    text: edit.to,
  };
};

/** A key whose last entry goes would become null, which is another meaning; it goes too, and so may the key above it. */
const withEmptyParents = (lines: readonly string[], start: number, end: number): number => {
  let parent = start - 1;
  while (parent >= 0 && isBlank(lines[parent] ?? "")) parent -= 1;
  const text = lines[parent];
  if (text === undefined || !/^\s*(- )?[\w./-]+:\s*(#.*)?$/.test(text)) return start;
  let next = end;
  while (next < lines.length && isBlank(lines[next] ?? "")) next += 1;
  const following = lines[next];
  const indent = indentOf(text);
  const held =
    following !== undefined &&
    !/^(---|\.\.\.)/.test(following) &&
    (indentOf(following) > indent || (indentOf(following) === indent && following.trimStart().startsWith("- ")));
  // A key that opens a list item holds the item together; a person decides what becomes of it.
  if (held || text.trimStart().startsWith("- ")) return start;
  return withEmptyParents(lines, parent, end);
};

const removed = (lines: readonly string[], edit: Edit): Region | null => {
  const index = edit.at.line - 1;
  if (!opensItsLine(lines[index] ?? "", edit.at.column)) return null;
  const end = blockEnd(lines, index);
  const start = withEmptyParents(lines, index, end);
  return { startLine: start + 1, startColumn: 1, endLine: end + 1, endColumn: 1, text: "" };
};

/** Where an edit falls in this text; null when it no longer fits what stands there. */
export const regionOf = (edit: Edit, lines: readonly string[]): Region | null => {
  const line = lines[edit.at.line - 1];
  if (line === undefined) return null;
  return edit.kind === "replace" ? replaced(line, edit) : removed(lines, edit);
};

const spliced = (lines: readonly string[], region: Region): string[] => {
  const before = lines.slice(0, region.startLine - 1);
  if (region.text === "" && region.startColumn === 1 && region.endColumn === 1)
    return [...before, ...lines.slice(region.endLine - 1)];
  const first = (lines[region.startLine - 1] ?? "").slice(0, region.startColumn - 1);
  const last = (lines[region.endLine - 1] ?? "").slice(region.endColumn - 1);
  return [...before, first + region.text + last, ...lines.slice(region.endLine)];
};

const editKey = (edit: Edit): string =>
  edit.kind === "replace"
    ? `r ${edit.at.line}:${edit.at.column} ${edit.from} ${edit.to}`
    : `x ${edit.at.line}:${edit.at.column}`;

export interface Edited {
  readonly files: readonly FileChange[];
  /** Edits that no longer fit their place. */
  readonly skipped: number;
}

/**
 * The files as they stand after the edits, computed from their text alone. Edits are taken from the end of each file, so
 * that none moves another; one that no longer fits is skipped and counted.
 */
export const applyEdits = (edits: readonly Edit[], tree: Pick<SourceTree, "read" | "mode">): Edited => {
  const files: FileChange[] = [];
  let skipped = 0;
  for (const [path, all] of Map.groupBy(edits, (edit) => edit.at.file)) {
    const text = tree.read(path);
    if (text === null) {
      skipped += all.length;
      continue;
    }
    const unique = [...new Map(all.map((edit) => [editKey(edit), edit])).values()];
    unique.sort((a, b) => b.at.line - a.at.line || b.at.column - a.at.column);
    let lines: readonly string[] = text.split("\n");
    for (const edit of unique) {
      const region = regionOf(edit, lines);
      if (region === null) skipped += 1;
      else lines = spliced(lines, region);
    }
    const changed = lines.join("\n");
    if (changed !== text) files.push({ path, mode: tree.mode(path) ?? "100644", text: changed });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, skipped };
};
