import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, visit } from "yaml";
import type { Document, Node, ScalarTag, YAMLError } from "yaml";
import type { Path } from "./json.ts";
import { Lines, type Position } from "./lines.ts";
import { readPlain, type PlainDocument, type PlainNode } from "./plain-yaml.ts";

export type { Position } from "./lines.ts";

export interface YamlProblem extends Position {
  readonly what: string;
}

export interface YamlDocument {
  readonly value: unknown;
  /** Where a path stands: its key in a map, its item in a list. `exact` is false when only an ancestor is there. */
  readonly find: (path: Path) => Position & { readonly exact: boolean };
  /** Where the text of a string begins, so that a line inside a block scalar can be named. */
  readonly textStart: (path: Path) => (Position & { readonly block: boolean }) | null;
}

/** A YAML stream: what could be read of it, and what is wrong with it. Never throws. */
export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly YamlProblem[];
}

/** Kubernetes reads YAML 1.1 booleans; the core schema would leave them strings. */
const yesAndNo: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$/,
  resolve: (source) => /^(?:yes|on)$/i.test(source),
};

const YES_KEY = /(?:^|[\s{,])(?:[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)\s*:/;

/** A key is a string whatever it looks like: `on:` stays `on`. */
const keepKeys = (document: Document): void =>
  visit(document, {
    Pair: (_, { key }) => {
      if (isScalar(key) && typeof key.value === "boolean" && key.source !== undefined) key.value = key.source;
    },
  });

/** `defaultMode: 0755` is octal there, as it was in YAML 1.1; so are a sign before it, `0b11` and `1_000` numbers. */
const integer: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?(?:0[0-7_]+|0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9]*_[0-9_]*)$/,
  resolve: (source) => {
    const digits = source.replace(/^[-+]/, "").replaceAll("_", "");
    const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    return source.startsWith("-") ? -value : value;
  },
};

/** Bytes that Go reads as the text that they are. */
const binary: ScalarTag = {
  tag: "tag:yaml.org,2002:binary",
  resolve: (source) => Buffer.from(source, "base64").toString("utf8"),
};

/** `*name:` opens a map entry for the Go parsers; by YAML 1.2 the colon would belong to the alias. */
const ALIAS_KEY = /^([ \t]*(?:- +)*\*[\w-]+):(?=\s|$)/gm;

const separateAliasKeys = (source: string): { readonly source: string; readonly inserted: readonly number[] } => {
  if (!source.includes("*") || !source.includes("&")) return { source, inserted: [] };
  const inserted: number[] = [];
  const changed = source.replace(ALIAS_KEY, (_, head: string, offset: number) => {
    inserted.push(offset + head.length + inserted.length);
    return `${head} :`;
  });
  return inserted.length === 0 ? { source, inserted } : { source: changed, inserted };
};

const START: Position & { exact: boolean } = { line: 1, column: 1, exact: false };

interface Found {
  readonly node: unknown;
  readonly offset: number | null;
}

const offsetOf = (node: unknown): number | null => {
  const range = (node as Node | null)?.range;
  return range === null || range === undefined ? null : range[0];
};

/** One step down. Aliases and merge keys lead to where the content was written. */
const step = (document: Document, from: unknown, key: string | number): Found | null => {
  const node = isAlias(from) ? from.resolve(document) : from;
  if (isMap(node)) {
    for (const pair of node.items) {
      const name = isScalar(pair.key) ? pair.key.value : isAlias(pair.key) ? aliasKey(document, pair.key) : pair.key;
      if (String(name) === String(key)) return { node: pair.value, offset: offsetOf(pair.key) };
    }
    for (const pair of node.items) {
      if (!isScalar(pair.key) || (String(pair.key.value) !== "<<" && typeof pair.key.value !== "symbol")) continue;
      const merged = isSeq(pair.value) ? pair.value.items : [pair.value];
      for (const source of merged) {
        const found = step(document, source, key);
        if (found !== null) return found;
      }
    }
    return null;
  }
  if (isSeq(node) && typeof key === "number" && key < node.items.length) {
    const item = node.items[key];
    return { node: item, offset: offsetOf(item) };
  }
  return null;
};

const aliasKey = (document: Document, key: unknown): unknown => {
  const node = isAlias(key) ? key.resolve(document) : undefined;
  return isScalar(node) ? node.value : undefined;
};

const descend = (document: Document, path: Path): { readonly last: Found; readonly exact: boolean } => {
  let last: Found = { node: document.contents, offset: offsetOf(document.contents) };
  for (const key of path) {
    const next = step(document, last.node, key);
    if (next === null) return { last, exact: false };
    last = { node: next.node, offset: next.offset ?? last.offset };
  }
  return { last, exact: true };
};

/** Deeper than anything anybody wrote; everything that walks a document may recurse. */
const MAX_DEPTH = 100;

const isTooDeep = (value: unknown, left = MAX_DEPTH): boolean =>
  typeof value === "object" &&
  value !== null &&
  (left === 0 || Object.values(value).some((item) => isTooDeep(item, left - 1)));

const read = (document: Document, lines: Lines): YamlDocument => {
  // An alias bomb, an alias to nowhere: the caller reports what is thrown here.
  const value: unknown = document.toJS({ maxAliasCount: 1_000 });
  if (isTooDeep(value)) throw new Error(`it is nested more than ${MAX_DEPTH} deep`);
  return {
    value,
    find: (path) => {
      const { last, exact } = descend(document, path);
      return last.offset === null ? START : { ...lines.position(last.offset), exact };
    },
    textStart: (path) => {
      const { last, exact } = descend(document, path);
      const node = isAlias(last.node) ? last.node.resolve(document) : last.node;
      const offset = offsetOf(node);
      if (!exact || offset === null || !isScalar(node)) return null;
      const start = lines.position(offset);
      const block = node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED";
      if (block) return { line: start.line + 1, column: lines.indentFrom(start.line + 1), block };
      const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
      return { line: start.line, column: start.column + (quoted ? 1 : 0), block };
    },
  };
};

const stepPlain = (from: PlainNode, key: string | number): { readonly node: PlainNode; readonly at: number } | null => {
  const node = from.kind === "scalar" ? (from.anchored ?? from) : from;
  if (node.kind === "map") return node.entries.get(String(key)) ?? null;
  const item = node.kind === "list" && typeof key === "number" ? node.items[key] : undefined;
  return item === undefined ? null : { node: item, at: item.at };
};

/** What the library would answer, from the little that the plain reader keeps. */
const fromPlain = ({ value, node: root }: PlainDocument, lines: Lines): YamlDocument => {
  const descend = (path: Path): { readonly node: PlainNode; readonly at: number; readonly exact: boolean } => {
    let last = { node: root, at: root.at };
    for (const key of path) {
      const next = stepPlain(last.node, key);
      if (next === null) return { ...last, exact: false };
      last = next;
    }
    return { ...last, exact: true };
  };
  return {
    value,
    find: (path) => {
      const { at, exact } = descend(path);
      return { ...lines.position(at), exact };
    },
    textStart: (path) => {
      const last = descend(path);
      const node = last.node.kind === "scalar" ? (last.node.anchored ?? last.node) : last.node;
      if (!last.exact || node.kind !== "scalar") return null;
      const start = lines.position(node.at);
      const block = node.style === "block";
      if (block) return { line: start.line + 1, column: lines.indentFrom(start.line + 1), block };
      return { line: start.line, column: start.column + (node.style === "quoted" ? 1 : 0), block };
    },
  };
};

const inWords = (error: YAMLError): string => {
  const [first = ""] = error.message.split("\n");
  if (error.code === "DUPLICATE_KEY") return DOUBLED;
  if (error.code === "TAB_AS_INDENT") return "a tab is used as indentation";
  return `broken YAML: ${first.replace(/ at line \d+.*$/, "").replace(/:$/, "")}`;
};

/** A document that holds nothing but comments. */
const isEmpty = ({ contents }: Document): boolean =>
  contents === null || (isScalar(contents) && contents.value === null);

const DOUBLED = "the same key stands twice in one map";
const LARGE = 64 * 1024;

/** What the library would have said of doubled keys, in one pass. */
const doubledKeys = (document: Document, lines: Lines): readonly YamlProblem[] => {
  const problems: YamlProblem[] = [];
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key) || key.value === "<<" || typeof key.value === "symbol") continue;
        if (seen.has(key.value)) problems.push({ what: DOUBLED, ...lines.position(offsetOf(key) ?? 0) });
        seen.add(key.value);
      }
    },
  });
  return problems;
};

const MAX_BRACKETS = 500;
const STACKED = /(?:[-?:][ \t]+){500}/;

/** Brackets opened and never closed, or lists in lists in one line: the parser would take minutes to say so. */
const runsAway = (source: string): boolean => {
  let depth = 0;
  for (let i = 0; i < source.length; i++) {
    const c = source.charCodeAt(i);
    if (c === 0x5b || c === 0x7b) {
      if (++depth > MAX_BRACKETS) return true;
    } else if ((c === 0x5d || c === 0x7d) && depth > 0) depth--;
  }
  return STACKED.test(source);
};

const UNREADABLE = /[\uFFFD\0]/;

/** Go's parser ends a line, and a comment, at each of these; a byte order mark is nothing to it where a document begins. */
const HIDES = /[\u0085\u2028\u2029]|\r(?!\n)|\uFEFF/;
const END = /^\.\.\.(?=\s|$).*$/gm;
const NOTHING = /^(?:[ \t]*(?:#.*)?\r?\n)*(?:[ \t]*(?:#.*)?$|---)/;

/** What kustomize and the API server would read otherwise than this program: more than is seen here, or less. */
const readOtherwise = (source: string): { readonly what: string; readonly at: number } | null => {
  const hiding = source.search(HIDES);
  if (hiding >= 0) {
    const code = source.charCodeAt(hiding).toString(16).toUpperCase().padStart(4, "0");
    return { what: `a character that ends a line only for some readers (U+${code})`, at: hiding };
  }
  for (const { 0: line, index } of source.matchAll(END)) {
    const after = index + line.length + 1;
    if (!NOTHING.test(source.slice(after)))
      return { what: "what follows `...` without a `---` is not applied", at: index };
  }
  return null;
};

/** By the library, which reads all of YAML and says what is wrong with it. */
export const readWhole = (given: string): YamlFile => {
  const bad = UNREADABLE.exec(given);
  const { source, inserted } = separateAliasKeys(given.startsWith("\uFEFF") ? given.slice(1) : given);
  const lines = new Lines(source, inserted);
  const problems: YamlProblem[] = [];
  if (bad !== null) {
    const what = bad[0] === "\0" ? "the file is not text (it holds NUL bytes)" : "the file is not UTF-8";
    problems.push({ what, ...new Lines(given, []).position(bad.index) });
    if (bad[0] === "\0") return { documents: [], problems };
  }
  const otherwise = readOtherwise(source);
  if (otherwise !== null) problems.push({ what: otherwise.what, ...lines.position(otherwise.at) });
  if (runsAway(source)) {
    problems.push({ what: "broken YAML: it is nested too deeply", line: 1, column: 1 });
    return { documents: [], problems };
  }
  // The library compares each key with every other one, which a large map makes us pay for.
  const isLarge = source.length > LARGE;
  const options = {
    merge: true,
    prettyErrors: false,
    logLevel: "silent",
    uniqueKeys: !isLarge,
    customTags: (tags: unknown[]) => [yesAndNo, integer, binary, ...tags],
  };
  let parsed: readonly Document[];
  try {
    parsed = parseAllDocuments(source, options as Parameters<typeof parseAllDocuments>[1]) as readonly Document[];
  } catch (error) {
    const what = error instanceof RangeError ? "it is nested too deeply" : String(error);
    problems.push({ what: `broken YAML: ${what}`, line: 1, column: 1 });
    return { documents: [], problems };
  }
  const documents: YamlDocument[] = [];
  const hasYesKeys = YES_KEY.test(source);
  for (const document of parsed) {
    for (const error of document.errors) problems.push({ what: inWords(error), ...lines.position(error.pos[0]) });
    if (isEmpty(document)) continue;
    try {
      if (hasYesKeys) keepKeys(document);
      if (isLarge) problems.push(...doubledKeys(document, lines));
      documents.push(read(document, lines));
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      problems.push({ what: `broken YAML: ${what}`, ...lines.position(offsetOf(document.contents) ?? 0) });
    }
  }
  return { documents, problems };
};

/** Two trees of one repository share nearly every file, so what was parsed is kept by its text, within a bound. */
const kept = new Map<string, YamlFile>();
const KEPT_CHARACTERS = 16_000_000;
let keptCharacters = 0;

export const readYaml = (source: string): YamlFile => {
  const known = kept.get(source);
  if (known !== undefined) return known;
  const plain = readPlain(source);
  const lines = new Lines(source, []);
  const file = plain === null ? readWhole(source) : { documents: plain.map((d) => fromPlain(d, lines)), problems: [] };
  if (keptCharacters + source.length > KEPT_CHARACTERS) {
    kept.clear();
    keptCharacters = 0;
  }
  kept.set(source, file);
  keptCharacters += source.length;
  return file;
};
