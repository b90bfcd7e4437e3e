/**
 * The YAML that manifests are nearly always written in: block maps and lists, scalars on one line, literal blocks, flow
 * collections on one line. Whatever else a stream holds (folded text, escapes, merge keys, tags,
 * doubled keys, anything broken) makes the answer null, and the library reads the whole stream.
 */
export type PlainNode =
  | { readonly kind: "map"; readonly at: number; readonly entries: ReadonlyMap<string, PlainEntry> }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly PlainNode[] }
  | { readonly kind: "scalar"; readonly at: number; readonly style: Style; readonly anchored: PlainNode | null };

type Style = "plain" | "quoted" | "block";

interface PlainEntry {
  /** Where the key stands. */
  readonly at: number;
  readonly node: PlainNode;
}

export interface PlainDocument {
  readonly value: unknown;
  readonly node: PlainNode;
}

/** A node with its value. */
interface Read {
  readonly node: PlainNode;
  readonly value: unknown;
}

const KEY = /^([A-Za-z_][\w./-]*):(?= |$)/;
/** `*name:` and `*name :` begin an entry whose key is what the anchor holds. */
const ALIAS_KEY = /^\*([\w-]+) ?:(?= |$)/;
/** An anchor whose collection stands below. */
const ANCHOR = /^&([\w-]+)(?: +#.*)?$/;
/** Words that are no strings, as keys or as values, in the schema that the library is given. */
const WORD = /^(?:true|false|null|yes|no|on|off)$/i;
/** Characters that a plain scalar may begin with here; `-` and others only before something else. */
const BEGINS = /^(?:[\w./$+(^;\\~]|-[^\s-])/;
const SPECIAL = /^(?:~|[-+]?\.(?:inf|nan)|[-+]?0[box][0-9a-f_]+|[-+]0[0-9_]+|[-+.]?[0-9][0-9_.e+-]*_[0-9_.e+-]*)$/i;
const INTEGER = /^[-+]?\d+$/;
const OCTAL = /^0[0-7]+$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+\.\d*)(?:[eE][-+]?\d+)?$|^[-+]?\d+[eE][-+]?\d+$/;
/**
 * Control characters, what UTF-8 could not decode, byte order marks, and the spaces that JavaScript trims and YAML keeps: a
 * no-break space behind a value is a part of it.
 */
// eslint-disable-next-line no-control-regex
const STRANGE = /[\u0000-\u0009\u000B-\u001F\u007F-\u00A0\u1680\u2000-\u200A\u2028-\u202F\u205F\u3000\uFEFF\uFFFD]/;
const MAX_DEPTH = 40;
/** Characters; beyond 1024 a parser no longer looks for the colon. */
const MAX_KEY = 1_000;
/** Collections that are used once more by an alias. */
const MAX_SHARED = 100;

class Beyond extends Error {}
const beyond = (): never => {
  throw BEYOND;
};
/** One for all: where it was thrown is of no interest, and a stack is dear. */
const BEYOND = new Beyond();

const wordValue = (text: string): unknown => {
  const lower = text.toLowerCase();
  // Only these three spellings are words; `nULL` is a string, and rare enough for the library.
  if (text !== lower && text !== text.toUpperCase() && text !== lower[0]?.toUpperCase() + lower.slice(1))
    return beyond();
  return lower === "null" ? null : lower === "true" || lower === "yes" || lower === "on";
};

const plainValue = (text: string): unknown => {
  if (WORD.test(text)) return wordValue(text);
  const first = text.charCodeAt(0);
  const isNumeric = first === 0x2b || first === 0x2d || first === 0x2e || (first >= 0x30 && first <= 0x39);
  if (!isNumeric && first !== 0x7e) return text;
  if (SPECIAL.test(text)) return beyond();
  if (OCTAL.test(text)) return Number.parseInt(text, 8);
  return INTEGER.test(text) || FLOAT.test(text) ? Number(text) : text;
};

class Stream {
  readonly #source: string;
  /** The lines that say something outside literal blocks: where they start, their indent, their text without its end. */
  #offset = 0;
  #indent = 0;
  #text = "";
  /** Start of the line after the current one. */
  #next = 0;
  #anchors = new Map<string, Read>();
  /** How many aliases of collections there are so far: an anchor over one of them is the library's business. */
  #shared = 0;

  constructor(source: string) {
    this.#source = source;
    this.#advance();
  }

  documents(): readonly PlainDocument[] {
    const found: PlainDocument[] = [];
    while (!this.#ended) {
      if (this.#isMarker) {
        this.#advance();
        continue;
      }
      this.#anchors = new Map();
      if (this.#indent !== 0) beyond();
      found.push(this.#block(0, 0));
      if (!this.#ended && !this.#isMarker) beyond();
    }
    return found;
  }

  get #ended(): boolean {
    return this.#text === "";
  }

  get #isMarker(): boolean {
    return this.#indent === 0 && this.#text === "---";
  }

  get #isItem(): boolean {
    return this.#text.startsWith("- ") || this.#text === "-";
  }

  /** On to the next line that is neither blank nor a comment. */
  #advance(): void {
    const source = this.#source;
    while (this.#next < source.length) {
      const start = this.#next;
      const newline = source.indexOf("\n", start);
      const end = newline < 0 ? source.length : newline;
      this.#next = end + 1;
      let from = start;
      while (from < end && source.charCodeAt(from) === 0x20) from++;
      if (from === end || source.charCodeAt(from) === 0x23) continue;
      this.#offset = from;
      this.#indent = from - start;
      this.#text = source.slice(from, end).trimEnd();
      if (this.#indent === 0 && (this.#text.startsWith("...") || this.#text.startsWith("%"))) beyond();
      return;
    }
    this.#text = "";
    this.#indent = -1;
  }

  /** The key that a text begins with, and how long it is written. */
  #keyOf(text: string): { readonly name: string; readonly length: number } | null {
    const plain = KEY.exec(text)?.[1];
    if (plain !== undefined) return { name: plain, length: plain.length + 1 };
    const alias = text.startsWith("*") ? ALIAS_KEY.exec(text) : null;
    const name = alias === null ? undefined : this.#anchors.get(alias[1] ?? "")?.value;
    return alias === null || typeof name !== "string" ? null : { name, length: alias[0].length };
  }

  #block(indent: number, depth: number): Read {
    if (depth > MAX_DEPTH) beyond();
    return this.#isItem ? this.#list(indent, depth) : this.#map(indent, depth);
  }

  #map(indent: number, depth: number): Read {
    const at = this.#offset;
    const value: Record<string, unknown> = {};
    const entries = new Map<string, PlainEntry>();
    while (this.#indent === indent && !this.#ended && !this.#isMarker) {
      const key = this.#keyOf(this.#text);
      if (key === null || !/^[A-Za-z_]/.test(key.name) || WORD.test(key.name) || key.name === "__proto__")
        return beyond();
      if (entries.has(key.name) || key.length > MAX_KEY) return beyond();
      const keyAt = this.#offset;
      const read = this.#after(key.length, indent, depth, true);
      entries.set(key.name, { at: keyAt, node: read.node });
      value[key.name] = read.value;
    }
    if (this.#indent > indent) beyond();
    return { node: { kind: "map", at, entries }, value };
  }

  #list(indent: number, depth: number): Read {
    const at = this.#offset;
    const items: PlainNode[] = [];
    const value: unknown[] = [];
    while (this.#indent === indent && this.#isItem && !this.#isMarker) {
      const rest = this.#text.slice(1);
      const text = rest.trimStart();
      const column = indent + 1 + rest.length - text.length;
      let read: Read;
      if (this.#keyOf(text) !== null) {
        // A map begins on the line of its dash: the rest of the line is its first, at the key's own column.
        this.#offset += column - indent;
        this.#indent = column;
        this.#text = text;
        read = this.#map(column, depth + 1);
      } else read = this.#after(1, indent, depth, false);
      items.push(read.node);
      value.push(read.value);
    }
    if (this.#indent > indent) beyond();
    return { node: { kind: "list", at, items }, value };
  }

  /** What stands behind a key's colon or a dash, on its line or below it. */
  #after(skip: number, indent: number, depth: number, inMap: boolean): Read {
    const rest = this.#text.slice(skip);
    const text = rest.trimStart();
    const at = this.#offset + skip + rest.length - text.length;
    if (text === "" || text.startsWith("#")) return this.#below(indent, depth, inMap);
    const anchor = ANCHOR.exec(text)?.[1];
    if (anchor !== undefined) {
      const before = this.#shared;
      // The name means this collection from here on, also inside of it: an earlier holder is not meant there.
      this.#anchors.delete(anchor);
      const read = this.#below(indent, depth, inMap);
      if (this.#shared > before || this.#anchors.has(anchor)) return beyond();
      this.#anchors.set(anchor, read);
      return read;
    }
    if (text.startsWith("|")) return this.#literal(text, at, indent);
    const read = this.#inline(text, at);
    this.#advance();
    return read;
  }

  /** What stands on the lines after a key or a dash. */
  #below(indent: number, depth: number, inMap: boolean): Read {
    this.#advance();
    // A list may stand at its key's own column.
    if (inMap && this.#indent === indent && this.#isItem && !this.#isMarker) return this.#list(indent, depth + 1);
    return this.#indent > indent ? this.#block(this.#indent, depth + 1) : beyond();
  }

  /** A value on one line. */
  #inline(text: string, at: number): Read {
    const first = text[0];
    if (first === "&") {
      const [, name, rest = ""] = /^&([\w-]+) +(.*)$/.exec(text) ?? [];
      if (name === undefined || /^[&*|>!]/.test(rest)) return beyond();
      const read = this.#inline(rest, at + text.length - rest.length);
      this.#anchors.set(name, read);
      return read;
    }
    if (first === "*") {
      const name = /^\*([\w-]+)$/.exec(text)?.[1];
      const read = name === undefined ? undefined : this.#anchors.get(name);
      if (read === undefined || (read.node.kind !== "scalar" && ++this.#shared > MAX_SHARED)) return beyond();
      return { node: { kind: "scalar", at, style: "plain", anchored: read.node }, value: read.value };
    }
    if (first === "[" || first === "{") return flow(text, at);
    if (first === '"' || first === "'") {
      const quoted = first === '"' ? /^"([^"\\]*)"(?: +#.*)?$/.exec(text) : /^'([^']*)'(?: +#.*)?$/.exec(text);
      return quoted === null ? beyond() : { node: scalar(at, "quoted"), value: quoted[1] };
    }
    const comment = text.indexOf(" #");
    const written = comment < 0 ? text : text.slice(0, comment).trimEnd();
    if (!BEGINS.test(written) || written.includes(": ") || written.endsWith(":")) return beyond();
    return { node: scalar(at, "plain"), value: plainValue(written) };
  }

  /** `|` and `|-`, without an indentation of their own. */
  #literal(header: string, at: number, indent: number): Read {
    if (header !== "|" && header !== "|-") return beyond();
    const source = this.#source;
    const lines: string[] = [];
    let inner = -1;
    let next = this.#next;
    while (next < source.length) {
      const newline = source.indexOf("\n", next);
      const end = newline < 0 ? source.length : newline;
      let from = next;
      while (from < end && source.charCodeAt(from) === 0x20) from++;
      if (from === end) {
        // A blank line ahead of the text may not be longer than its indentation; the library says so.
        if (inner < 0 && from > next) return beyond();
        lines.push(inner < 0 ? "" : source.slice(Math.min(next + inner, end), end));
      } else {
        if (inner < 0) {
          inner = from - next;
          if (inner <= indent) return beyond();
        }
        if (from - next < inner) {
          if (from - next > indent) return beyond();
          break;
        }
        lines.push(source.slice(next + inner, end));
      }
      next = end + 1;
    }
    if (inner < 0) return beyond();
    this.#next = next;
    this.#advance();
    while (lines.at(-1) === "") lines.pop();
    const text = lines.join("\n");
    return { node: scalar(at, "block"), value: header === "|" ? `${text}\n` : text };
  }
}

const scalar = (at: number, style: Style): PlainNode => ({ kind: "scalar", at, style, anchored: null });

const FLOW_TOKEN = / *(?:([[\]{},])|"([^"\\]*)"|'([^']*)'|([A-Za-z0-9_./$][\w./+=-]*))/y;
const FLOW_KEY = /([A-Za-z_][\w./-]*): +/y;

/** `[a, "b"]`, `{ key: value }`: one line, plain words and quoted text. */
const flow = (line: string, at: number): Read => {
  let from = 0;
  const token = (): { readonly mark: string | null; readonly read: Read | null } => {
    FLOW_TOKEN.lastIndex = from;
    const match = FLOW_TOKEN.exec(line);
    if (match === null) return beyond();
    from = FLOW_TOKEN.lastIndex;
    const [, mark, double, single, plain] = match;
    if (mark !== undefined) return { mark, read: null };
    const quoted = double ?? single;
    if (quoted !== undefined)
      return { mark: null, read: { node: scalar(at + from - quoted.length - 2, "quoted"), value: quoted } };
    const word = plain ?? "";
    return { mark: null, read: { node: scalar(at + from - word.length, "plain"), value: plainValue(word) } };
  };
  const separated = (close: string): boolean => {
    const { mark } = token();
    return mark === close || (mark === "," ? false : beyond());
  };
  const list = (start: number, depth: number): Read => {
    const items: PlainNode[] = [];
    const value: unknown[] = [];
    if (/^ *\]/.test(line.slice(from))) token();
    else
      do {
        const read = node(depth + 1);
        items.push(read.node);
        value.push(read.value);
      } while (!separated("]"));
    return { node: { kind: "list", at: start, items }, value };
  };
  const map = (start: number, depth: number): Read => {
    const entries = new Map<string, PlainEntry>();
    const value: Record<string, unknown> = {};
    if (/^ *\}/.test(line.slice(from))) token();
    else
      do {
        while (line[from] === " ") from++;
        FLOW_KEY.lastIndex = from;
        const key = FLOW_KEY.exec(line)?.[1];
        if (key === undefined || WORD.test(key) || key === "__proto__" || entries.has(key)) return beyond();
        if (key.length > MAX_KEY) return beyond();
        const keyAt = at + from;
        from = FLOW_KEY.lastIndex;
        const read = node(depth + 1);
        entries.set(key, { at: keyAt, node: read.node });
        value[key] = read.value;
      } while (!separated("}"));
    return { node: { kind: "map", at: start, entries }, value };
  };
  const node = (depth: number): Read => {
    if (depth > MAX_DEPTH) return beyond();
    const { mark, read } = token();
    if (read !== null) return read;
    const start = at + from - 1;
    return mark === "[" ? list(start, depth) : mark === "{" ? map(start, depth) : beyond();
  };
  const read = node(0);
  if (!/^(?: +#.*)?$/.test(line.slice(from))) return beyond();
  return read;
};

/** The documents of a stream that hold anything; null where the stream is more than this reads. */
export const readPlain = (source: string): readonly PlainDocument[] | null => {
  if (STRANGE.test(source)) return null;
  try {
    return new Stream(source).documents();
  } catch (error) {
    if (error instanceof Beyond) return null;
    throw error;
  }
};
