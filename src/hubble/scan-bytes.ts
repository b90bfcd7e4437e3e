/** Bytes of one line of JSON, read without decoding them. Whatever is not plain and expected answers "not here". */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** The escapes with which a string may go on; `\u` is for the full parse. */
const ESCAPED: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/** Position after the closing quote of the string that opens at `at`; -1 on a control character, `\u` or no end. */
export const afterString = (bytes: Uint8Array, at: number, end: number): number => {
  if (bytes[at] !== QUOTE) return -1;
  for (let i = at + 1; i < end; i++) {
    const c = bytes[i] ?? 0;
    if (c === QUOTE) return i + 1;
    if (c < 0x20) return -1;
    if (c === BACKSLASH) {
      i += 1;
      if (!ESCAPED.has(bytes[i] ?? 0)) return -1;
    }
  }
  return -1;
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

export const startsWith = (bytes: Uint8Array, at: number, text: Uint8Array): boolean => {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
};

const TRUE = Buffer.from("true");
const FALSE = Buffer.from("false");
const NULL = Buffer.from("null");

const DEPTH = 16;

/** Position after any plain value, checked as JSON; -1 when it is anything a full parse had better look at. */
export const afterValue = (bytes: Uint8Array, at: number, end: number, depth = 0): number => {
  const c = bytes[at] ?? 0;
  if (c === QUOTE) return afterString(bytes, at, end);
  if (c === OPEN || c === OPEN_LIST) return depth >= DEPTH ? -1 : afterMembers(bytes, at, end, depth);
  if (startsWith(bytes, at, TRUE) || startsWith(bytes, at, NULL)) return at + 4;
  if (startsWith(bytes, at, FALSE)) return at + 5;
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
