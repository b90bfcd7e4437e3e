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

const replaceOnLine = (line: string, column: number, from: string, to: string): string | null => {
  const found = line.indexOf(from, Math.max(0, column - 1));
  if (found < 0) return null;
  return line.slice(0, found) + to + line.slice(found + from.length);
};

/** Only a key or list item that opens its own line can be taken out; one inside `[a, b]` needs a person. */
const opensItsLine = (line: string, column: number): boolean => {
  const before = line.slice(0, column - 1).trim();
  return before === "" || before === "-";
};

const apply = (lines: string[], edit: Edit): boolean => {
  const index = edit.at.line - 1;
  const line = lines[index];
  if (line === undefined) return false;
  if (edit.kind === "replace") {
    const changed = replaceOnLine(line, edit.at.column, edit.from, edit.to);
    if (changed === null) return false;
    lines[index] = changed;
    return true;
  }
  if (!opensItsLine(line, edit.at.column)) return false;
  lines.splice(index, blockEnd(lines, index) - index);
  removeEmptyParent(lines, index);
  return true;
};

/** A key whose last entry went would become null, which is another meaning; it goes too. */
const removeEmptyParent = (lines: string[], removedAt: number): void => {
  let parent = removedAt - 1;
  while (parent >= 0 && isBlank(lines[parent] ?? "")) parent -= 1;
  const text = lines[parent];
  if (text === undefined || !/^\s*[\w./-]+:\s*(#.*)?$/.test(text)) return;
  let next = removedAt;
  while (next < lines.length && isBlank(lines[next] ?? "")) next += 1;
  const following = lines[next];
  const indent = indentOf(text);
  const held =
    following !== undefined &&
    !/^(---|\.\.\.)/.test(following) &&
    (indentOf(following) > indent || (indentOf(following) === indent && following.trimStart().startsWith("- ")));
  if (held) return;
  lines.splice(parent, 1);
  removeEmptyParent(lines, parent);
};

const editKey = (edit: Edit): string =>
  edit.kind === "replace"
    ? `r ${edit.at.line}:${edit.at.column} ${edit.from} ${edit.to}`
    : `x ${edit.at.line}:${edit.at.column}`;

/**
 * The files as they stand after the edits, computed from their text alone. Edits are taken from the end of each file, so
 * that none moves another; an edit that no longer fits its line is skipped and counted.
 */
export const applyEdits = (
  edits: readonly Edit[],
  tree: Pick<SourceTree, "read" | "mode">,
): { readonly files: readonly FileChange[]; readonly skipped: number } => {
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
    const lines = text.split("\n");
    for (const edit of unique) if (!apply(lines, edit)) skipped += 1;
    const changed = lines.join("\n");
    if (changed !== text) files.push({ path, mode: tree.mode(path) ?? "100644", text: changed });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, skipped };
};
