/**
 * What others wrote (labels, names, manifests) in a body that a forge renders: it starts no markup, link, mention, HTML
 * or new row. Identifiers go into code spans, prose through `prose`.
 */

const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** Mentions and references are found after rendering, so a backslash does not stop them; an empty character does. */
const disarm = (text: string): string =>
  text
    .replace(/[\\`*_{}[\]<>|~!$]/g, (mark) => (mark === "<" ? "&lt;" : mark === ">" ? "&gt;" : `\\${mark}`))
    .replace(/&(?!(lt|gt);)/g, "&amp;")
    .replace(/@/g, "@&#8203;")
    .replace(/#(?=\d)/g, "#&#8203;")
    .replace(/(https?|ftp|www)(?=[:.])/gi, "$1&#8203;");

/** Prose by somebody else, on one line. */
export const prose = (text: string, most = 300): string =>
  disarm(short(oneLine(text), most))
    .replace(/^(\d+)([.)])(?=\s)/, "$1\\$2")
    .replace(/^([-+=])/, "\\$1");

/** A code span, whatever it holds. */
export const code = (text: string, most = 200): string => {
  const content = short(oneLine(text), most);
  if (content === "") return "` `";
  const longest = Math.max(0, ...[...content.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = content.startsWith("`") || content.endsWith("`") ? " " : "";
  return `${fence}${pad}${content}${pad}${fence}`;
};

/** A code span inside a table: a bar would end the cell even there. */
export const codeCell = (text: string, most = 120): string => code(text, most).replaceAll("|", "\\|");

/** A label of a Mermaid node or edge, for use inside double quotes. */
export const mermaidLabel = (text: string, most = 60): string =>
  short(oneLine(text), most).replace(/["#<>`;&\\{}[\]()|]/g, (mark) => `#${mark.charCodeAt(0)};`);

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string => `| ${cells.map((c) => (c === "" ? "–" : c)).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
};

export const bullets = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");
