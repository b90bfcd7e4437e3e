import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Checkout or package, run from source or from `dist/`: prompts lie beside the nearest package.json above. */
const packageRoot = (from: string): string => {
  const up = dirname(from);
  return existsSync(join(from, "package.json")) || up === from ? from : packageRoot(up);
};

const texts = new Map<string, string>();

/** A prompt, or a text that people read: one Markdown file each under `prompts/`. */
export const prompt = (name: string): string => {
  const known = texts.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(join(packageRoot(import.meta.dirname), "prompts", `${name}.md`), "utf8").trimEnd();
  texts.set(name, text);
  return text;
};

/**
 * What somebody else wrote, as one line of Markdown that starts no markup, link or HTML. Signs that mean nothing inside a
 * line stay as they are, because a terminal shows the text raw.
 */
export const plain = (text: string): string =>
  text
    .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ")
    .replaceAll(/[\\`*[\]<>|]|~~|(?<!\w)_|_(?!\w)/g, (mark) => `\\${mark}`)
    .trim();

/** As a code span; a backtick inside would end it, so there is none. */
export const code = (text: string): string => `\`${text.replaceAll(/[`\s\p{Cc}\p{Cf}]+/gu, " ").trim()}\``;

/** `{{name}}` becomes the value as given: what others wrote goes through `plain` or `code` first. */
export const fill = (name: string, values: Readonly<Record<string, string>>): string =>
  prompt(name)
    .replaceAll(/\{\{(\w+)\}\}/g, (_whole, key: string) => (Object.hasOwn(values, key) ? (values[key] ?? "") : ""))
    .trim();
