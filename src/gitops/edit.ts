import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import type { Document, Pair, YAMLMap, YAMLSeq } from "yaml";
import { OperatorError } from "../facts/errors.ts";
import type { Writer } from "../facts/writer.ts";

const refuse = (path: string, what: string, line = 1): OperatorError =>
  new OperatorError("input", what, { where: `${path}:${line}`, remedy: "Edit this file by hand, then ask again" });

/** A text as lines that still carry their line ends, so that nothing but what is inserted changes. */
class Lines {
  readonly end: string;
  readonly #lines: readonly string[];
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.end = text.includes("\r\n") ? "\r\n" : "\n";
    this.#lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    let start = 0;
    this.#starts = this.#lines.map((line) => (start += line.length) - line.length);
  }

  /** 0-based. */
  lineOf(offset: number): number {
    return this.#starts.findLastIndex((start) => start <= offset);
  }

  text(line: number): string {
    return (this.#lines[line] ?? "").replace(/\r?\n$/, "");
  }

  /** The text with lines put in front of line `at`; a last line without its end keeps being without. */
  insert(at: number, added: readonly string[]): string {
    const before = this.#lines.slice(0, at);
    const after = this.#lines.slice(at);
    const last = before.at(-1);
    const isOpen = last !== undefined && !last.endsWith("\n");
    const made = added.map((line) => `${line}${this.end}`);
    if (!isOpen) return [...before, ...made, ...after].join("");
    return [...before, this.end, ...made.slice(0, -1), added.at(-1) ?? "", ...after].join("");
  }
}

/** Lines `from` to `to`, both included, taken out. */
const withoutLines = (text: string, from: number, to: number): string =>
  (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).filter((_, i) => i < from || i > to).join("");

interface Kustomization {
  readonly document: Document;
  readonly map: YAMLMap;
  readonly lines: Lines;
}

const isEmpty = ({ contents }: Document): boolean =>
  contents === null || (isScalar(contents) && contents.value === null);

const open = (text: string, path: string): Kustomization => {
  const documents = parseAllDocuments(text, { prettyErrors: false, logLevel: "silent" }) as readonly Document[];
  const [document, ...more] = documents.filter((d) => !isEmpty(d) || d.errors.length > 0);
  const lines = new Lines(text);
  const error = documents.flatMap((d) => d.errors)[0];
  if (error !== undefined) throw refuse(path, "this is broken YAML", lines.lineOf(error.pos[0]) + 1);
  if (document === undefined || !isMap(document.contents)) throw refuse(path, "this is no kustomization");
  if (more.length > 0) throw refuse(path, "this file holds more than one document");
  if (document.contents.flow === true) throw refuse(path, "this kustomization is written in braces");
  return { document, map: document.contents, lines };
};

const pairOf = (map: YAMLMap, key: string): Pair | undefined =>
  map.items.find((pair) => isScalar(pair.key) && pair.key.value === key);

const startOf = (node: unknown): number => {
  const range = (node as { range?: readonly number[] | null } | null | undefined)?.range;
  return range?.[0] ?? 0;
};

/** Where a node's own text ends, without the comments and blank lines that follow it. */
const endOf = (node: unknown): number => {
  const range = (node as { range?: readonly number[] | null } | null | undefined)?.range;
  return Math.max((range?.[1] ?? 1) - 1, 0);
};

const bare = (entry: string): string => entry.replace(/^\.\//, "").replace(/\/+$/, "");

const entriesOf = (seq: YAMLSeq): readonly string[] =>
  seq.items.map((item) => (isScalar(item) && typeof item.value === "string" ? item.value : ""));

/** The entry as its siblings are written: with or without `./`, quoted or not. */
const styled = (entry: string, seq: YAMLSeq | null): string => {
  const siblings = seq === null ? [] : entriesOf(seq).filter((e) => e !== "" && !e.startsWith("../"));
  const dotted = siblings.filter((e) => e.startsWith("./")).length * 2 > siblings.length;
  const plain = entry.startsWith("../") ? entry : `${dotted || siblings.length === 0 ? "./" : ""}${bare(entry)}`;
  const [first] = seq?.items ?? [];
  const type = isScalar(first) ? first.type : undefined;
  const isSafe = /^[\w./][\w./@+-]*$/.test(plain);
  if (type === "QUOTE_DOUBLE" || !isSafe) return JSON.stringify(plain);
  return type === "QUOTE_SINGLE" ? `'${plain.replaceAll("'", "''")}'` : plain;
};

const isSorted = (items: readonly string[]): boolean =>
  items.every((item, i) => i === 0 || (items[i - 1] ?? "") <= item);

/**
 * Where an entry belongs in a list that is in order, perhaps behind one or two that come first by custom (a namespace);
 * at the end of any other list.
 */
export const placeInOrder = (entries: readonly string[], entry: string): number => {
  const names = entries.map(bare);
  const lead = [0, 1, 2].find((skip) => names.length - skip >= 2 && isSorted(names.slice(skip)));
  if (lead === undefined) return names.length;
  const found = names.findIndex((name, i) => i >= lead && name > bare(entry));
  return found < 0 ? names.length : found;
};

const DASH = /^(\s*-\s+)/;

const intoBlock = (file: Kustomization, key: Pair, seq: YAMLSeq, entry: string, path: string): string => {
  const { lines } = file;
  const starts = seq.items.map((item) => lines.lineOf(startOf(item)));
  const first = starts[0] ?? 0;
  const dash = DASH.exec(lines.text(first))?.[1];
  const isPlain = seq.items.every(
    (item, i) => isScalar(item) && starts[i] === lines.lineOf(endOf(item)) && DASH.test(lines.text(starts[i] ?? 0)),
  );
  if (dash === undefined || !isPlain)
    throw refuse(path, "the list holds something other than one path per line", first + 1);
  const index = placeInOrder(entriesOf(seq), entry);
  const after = index === 0 ? lines.lineOf(startOf(key.key)) : (starts[index - 1] ?? first);
  return lines.insert(after + 1, [`${dash}${styled(entry, seq)}`]);
};

const intoFlow = (text: string, file: Kustomization, seq: YAMLSeq, entry: string, path: string): string => {
  const start = startOf(seq);
  const close = endOf(seq);
  const line = file.lines.lineOf(start);
  if (text[close] !== "]" || line !== file.lines.lineOf(close))
    throw refuse(path, "the list is written over several lines in brackets", line + 1);
  const inner = text.slice(start + 1, close);
  const padded = /\s$/.test(inner) && inner.trim() !== "";
  const cut = padded ? close - 1 : close;
  return `${text.slice(0, cut)}${inner.trim() === "" ? "" : ", "}${styled(entry, seq)}${text.slice(cut)}`;
};

/** How this file indents its lists; two spaces where it has none. */
const dashOf = ({ map, lines }: Kustomization): string => {
  for (const pair of map.items)
    if (isSeq(pair.value) && pair.value.flow !== true && pair.value.items.length > 0)
      return DASH.exec(lines.text(lines.lineOf(startOf(pair.value.items[0]))))?.[1] ?? "  - ";
  return "  - ";
};

const newList = (file: Kustomization, list: "resources" | "components", entry: string): string => {
  const { map, lines } = file;
  const other = pairOf(map, list === "components" ? "resources" : "components");
  const sibling = isSeq(other?.value) ? other.value : null;
  const added = [`${list}:`, `${dashOf(file)}${styled(entry, sibling)}`];
  if (list === "components" && other !== undefined) {
    let at = lines.lineOf(startOf(other.key));
    // Comments that stand right above a key belong to it.
    while (at > 0 && /^\s*#/.test(lines.text(at - 1))) at--;
    const isHead = at === 0 || /^(?:---|%)/.test(lines.text(at - 1));
    return lines.insert(isHead ? lines.lineOf(startOf(other.key)) : at, added);
  }
  const last = map.items.at(-1);
  return lines.insert(lines.lineOf(endOf(last?.value ?? last?.key)) + 1, added);
};

const sameLines = (before: string, after: string): boolean => {
  const wanted = before.split(/\r?\n/);
  let next = 0;
  for (const line of after.split(/\r?\n/)) if (line === wanted[next]) next++;
  return next >= wanted.length;
};

const listIn = (text: string, list: string): { readonly rest: string; readonly entries: readonly unknown[] } => {
  const [document] = parseAllDocuments(text, { prettyErrors: false, logLevel: "silent" }) as readonly Document[];
  const { [list]: found, ...rest } = (document?.toJS() ?? {}) as Readonly<Record<string, unknown>>;
  return { rest: JSON.stringify(rest), entries: Array.isArray(found) ? found : [] };
};

/** What was meant and nothing else: the entry is one more, everything else reads as it did. */
const isMeant = (before: string, after: string, list: string, entry: string): boolean => {
  const a = listIn(before, list);
  const b = listIn(after, list);
  const index = b.entries.findIndex((e) => typeof e === "string" && bare(e) === bare(entry));
  const without = b.entries.filter((_, i) => i !== index);
  return index >= 0 && a.rest === b.rest && JSON.stringify(a.entries) === JSON.stringify(without);
};

export const addToList: Writer["addToList"] = (text, list, entry, path) => {
  const file = open(text, path);
  const key = pairOf(file.map, list);
  const value = key?.value;
  if (isAlias(value)) throw refuse(path, `${list} is an alias of another list`);
  if (isSeq(value) && entriesOf(value).some((e) => bare(e) === bare(entry))) return text;
  let after: string;
  if (key === undefined) after = newList(file, list, entry);
  else if (isSeq(value)) {
    if (value.anchor !== undefined) throw refuse(path, `${list} is an anchor that other lists follow`);
    after = value.flow === true ? intoFlow(text, file, value, entry, path) : intoBlock(file, key, value, entry, path);
  } else if (value === null || (isScalar(value) && value.value === null && value.source === "")) {
    after = file.lines.insert(file.lines.lineOf(startOf(key.key)) + 1, [`${dashOf(file)}${styled(entry, null)}`]);
  } else throw refuse(path, `${list} is not a list`, file.lines.lineOf(startOf(key.key)) + 1);
  const inLine = isSeq(value) && value.flow === true;
  if (!isMeant(text, after, list, entry) || !(inLine || sameLines(text, after)))
    throw refuse(path, `${entry} cannot be put into ${list} without touching the rest`);
  return after;
};

export const removeFromList: Writer["removeFromList"] = (text, list, entry, path) => {
  const file = open(text, path);
  const key = pairOf(file.map, list);
  const value = key?.value;
  const index = isSeq(value) ? entriesOf(value).findIndex((e) => bare(e) === bare(entry)) : -1;
  const item = isSeq(value) ? value.items[index] : undefined;
  if (key === undefined || !isSeq(value) || item === undefined) throw refuse(path, `${list} does not hold ${entry}`);
  if (value.flow === true || value.anchor !== undefined)
    throw refuse(path, `${list} is not written one entry a line`, file.lines.lineOf(startOf(key.key)) + 1);
  const line = file.lines.lineOf(startOf(item));
  const head = file.lines.lineOf(startOf(key.key));
  const isLast = value.items.length === 1;
  if (isLast && line !== head + 1) throw refuse(path, `${list} holds comments beside ${entry}`, line + 1);
  const after = withoutLines(text, isLast ? head : line, line);
  const was = listIn(text, list);
  const is = listIn(after, list);
  const kept = was.entries.filter((_, i) => i !== index);
  if (was.rest !== is.rest || JSON.stringify(kept) !== JSON.stringify(is.entries) || !sameLines(after, text))
    throw refuse(path, `${entry} cannot be taken out of ${list} without touching the rest`, line + 1);
  return after;
};

export const writer: Writer = { addToList, removeFromList };
