import type { Writer } from "../../src/facts/writer.ts";

/** Adds a line at the end of a block list, or the list at the end of the file. Enough for tests of drafting alone. */
export const plainWriter: Writer = {
  addToList: (text, list, entry) => {
    const lines = text.split("\n");
    const bare = (line: string): string => line.trim().replace(/^- /, "").replace(/^\.\//, "");
    if (lines.some((line) => line.trim().startsWith("- ") && bare(line) === entry.replace(/^\.\//, ""))) return text;
    const head = lines.findIndex((line) => line.trimEnd() === `${list}:`);
    if (head < 0) return `${text.trimEnd()}\n${list}:\n  - ${entry}\n`;
    let last = head;
    for (let at = head + 1; at < lines.length && /^\s*(-|#)/.test(lines[at] ?? ""); at += 1) last = at;
    return [...lines.slice(0, last + 1), `  - ${entry}`, ...lines.slice(last + 1)].join("\n");
  },
};
