/** Bytes of one line of JSON, read without decoding them. Whatever is not plain and expected answers "not here". */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
const BACKSLASH = 0x5c;
export const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** The escapes with which a string may go on; `\u` is for the full parse. */
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

let viewed: Uint8Array = new Uint8Array(0);
let view = new DataView(viewed.buffer);

/** The same bytes, four at a time. Lines come from few large blocks, so the last one is nearly always the one. */
const viewOf = (bytes: Uint8Array): DataView => {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return view;
};

/** Bytes to be looked for, ready to be compared eight or four at a time. */
export interface Pattern {
  readonly length: number;
  /** As numbers, where equal numbers are equal bytes: no zero bytes (0 is -0) and none of which a NaN is made. */
  readonly eights: Float64Array;
  readonly fours: Int32Array;
  /** The last four bytes, which overlap those before; of a shorter pattern its bytes. */
  readonly last: number;
  readonly short: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);
const NO_NUMBERS = new Float64Array(0);

const isPlain = (bytes: Uint8Array): boolean => bytes.every((b) => b !== 0 && b !== 0x7f && b !== 0xff);

export const pattern = (text: string | Uint8Array): Pattern => {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  if (length < 4) return { length, eights: NO_NUMBERS, fours: NO_WORDS, last: 0, short: bytes };
  const eights = new Float64Array(isPlain(bytes) ? length >> 3 : 0);
  for (let i = 0; i < eights.length; i++) eights[i] = bytes.readDoubleLE(8 * i);
  const from = 8 * eights.length;
  const fours = new Int32Array((length - from) >> 2);
  for (let i = 0; i < fours.length; i++) fours[i] = bytes.readInt32LE(from + 4 * i);
  return { length, eights, fours, last: bytes.readInt32LE(length - 4), short: NO_BYTES };
};

/** Whether `bytes` has the pattern at `at`. The end first: what is alike begins alike. */
export const has = (bytes: Uint8Array, at: number, { length, eights, fours, last, short }: Pattern): boolean => {
  if (at + length > bytes.length) return false;
  if (length < 4) {
    for (let i = 0; i < length; i++) if (bytes[at + i] !== short[i]) return false;
    return true;
  }
  const words = viewOf(bytes);
  if (words.getInt32(at + length - 4, true) !== last) return false;
  let i = at;
  for (let e = 0; e < eights.length; e++, i += 8) if (words.getFloat64(i, true) !== eights[e]) return false;
  for (let f = 0; f < fours.length; f++, i += 4) if (words.getInt32(i, true) !== fours[f]) return false;
  return true;
};

/** A number for the bytes in `[at, to)`, to find what may be equal. */
export const hashOf = (bytes: Uint8Array, at: number, to: number): number => {
  const by4 = viewOf(bytes);
  let hash = to - at;
  let i = at;
  for (; i + 4 <= to; i += 4) hash = (Math.imul(hash, 0x01000193) ^ by4.getInt32(i, true)) | 0;
  for (; i < to; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
  return hash ^ (hash >>> 15);
};

/** Some byte of the word is zero; exact, as a question of the whole word. */
const hasZero = (word: number): number => ((word - 0x01010101) | 0) & ~word;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const HIGH_BITS = 0x80808080 | 0;

/** Position after the closing quote of the string that opens at `at`; -1 on a control character, `\u` or no end. */
export const afterString = (bytes: Uint8Array, at: number, end: number): number => {
  if (bytes[at] !== QUOTE) return -1;
  const by4 = viewOf(bytes);
  let i = at + 1;
  for (;;) {
    // Four at a time, while none of them is a quote, a backslash or a control character.
    for (; i + 4 <= end; i += 4) {
      const word = by4.getInt32(i, true);
      const control = ((word - 0x20202020) | 0) & ~word;
      if (((hasZero(word ^ QUOTES) | hasZero(word ^ BACKSLASHES) | control) & HIGH_BITS) !== 0) break;
    }
    for (const stop = Math.min(i + 4, end); i < stop; i++) {
      const c = bytes[i] ?? 0;
      if (c === QUOTE) return i + 1;
      if (c < 0x20) return -1;
      if (c === BACKSLASH) {
        i += 1;
        if (!ESCAPED.has(bytes[i] ?? 0)) return -1;
      }
    }
    if (i >= end) return -1;
  }
};

/** Position after a whole number without sign, fraction or exponent; -1 for any other. */
export const afterNumber = (bytes: Uint8Array, at: number, end: number): number => {
  const first = bytes[at] ?? 0;
  if (first < ZERO || first > NINE) return -1;
  let i = at + 1;
  if (first !== ZERO) while (i < end && (bytes[i] ?? 0) >= ZERO && (bytes[i] ?? 0) <= NINE) i += 1;
  const next = bytes[i] ?? 0;
  return next === COMMA || next === CLOSE || next === CLOSE_LIST ? i : -1;
};

const afterDigits = (bytes: Uint8Array, at: number, end: number): number => {
  let i = at;
  while (i < end && (bytes[i] ?? 0) >= ZERO && (bytes[i] ?? 0) <= NINE) i += 1;
  return i;
};

/** Position after a number as JSON has it; -1 when it is none. */
const afterAnyNumber = (bytes: Uint8Array, at: number, end: number): number => {
  const start = bytes[at] === MINUS ? at + 1 : at;
  let i = afterDigits(bytes, start, end);
  if (i === start || (bytes[start] === ZERO && i > start + 1)) return -1;
  if (bytes[i] === POINT) {
    const fraction = i + 1;
    i = afterDigits(bytes, fraction, end);
    if (i === fraction) return -1;
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    const sign = bytes[i + 1];
    const exponent = sign === MINUS || sign === PLUS ? i + 2 : i + 1;
    i = afterDigits(bytes, exponent, end);
    if (i === exponent) return -1;
  }
  return i;
};

/** The number whose digits stand in `[at, to)`; more than nine of them are nobody's port. */
export const numberIn = (bytes: Uint8Array, at: number, to: number): number => {
  let n = 0;
  for (let i = at; i < to; i++) n = n * 10 + (bytes[i] ?? 0) - ZERO;
  return n;
};

const TRUE = pattern("true");
const FALSE = pattern("false");
const NULL = pattern("null");

const DEPTH = 16;

/** Position after any plain value, checked as JSON; -1 when it is anything a full parse had better look at. */
export const afterValue = (bytes: Uint8Array, at: number, end: number, depth = 0): number => {
  const c = bytes[at] ?? 0;
  if (c === QUOTE) return afterString(bytes, at, end);
  if (c === OPEN || c === OPEN_LIST) return depth >= DEPTH ? -1 : afterMembers(bytes, at, end, depth);
  if (has(bytes, at, TRUE) || has(bytes, at, NULL)) return at + 4;
  if (has(bytes, at, FALSE)) return at + 5;
  return afterAnyNumber(bytes, at, end);
};

const afterMembers = (bytes: Uint8Array, at: number, end: number, depth: number): number => {
  const isObject = bytes[at] === OPEN;
  const close = isObject ? CLOSE : CLOSE_LIST;
  let i = at + 1;
  if (bytes[i] === close) return i + 1;
  while (i < end) {
    if (isObject) {
      i = afterString(bytes, i, end);
      if (i < 0 || bytes[i] !== COLON) return -1;
      i += 1;
    }
    i = afterValue(bytes, i, end, depth + 1);
    if (i < 0) return -1;
    const next = bytes[i];
    if (next === close) return i + 1;
    if (next !== COMMA) return -1;
    i += 1;
  }
  return -1;
};
