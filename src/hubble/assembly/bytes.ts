import { MASKS } from "./layout";

/** Bytes of JSON, sixteen at a time. Positions are addresses; zero says "nothing plain here": the full parse has to look. */

export const QUOTE: u32 = 0x22;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const OPEN: u32 = 0x7b;
export const CLOSE: u32 = 0x7d;
export const OPEN_LIST: u32 = 0x5b;
export const CLOSE_LIST: u32 = 0x5d;
export const BACKSLASH: u32 = 0x5c;
export const UNICODE: u32 = 0x75;
const SPACE: u32 = 0x20;
const MINUS: u32 = 0x2d;
const PLUS: u32 = 0x2b;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const NINE: u32 = 0x39;

/** Values may lie in each other this deep. */
const DEPTH: i32 = 16;

export function makeMasks(): void {
  for (let n: usize = 0; n <= 16; n++)
    for (let i: usize = 0; i < 16; i++) store<u8>(MASKS + n * 16 + i, i < n ? 0xff : 0);
}

/** Whether the same `size` bytes stand at both places. */
export function same(a: usize, b: usize, size: usize): bool {
  if (size <= 16) {
    const differ = v128.xor(v128.load(a), v128.load(b));
    return !v128.any_true(v128.and(differ, v128.load(MASKS + (size << 4))));
  }
  let i: usize = 0;
  for (; i + 64 <= size; i += 64) {
    const one = v128.or(
      v128.xor(v128.load(a + i), v128.load(b + i)),
      v128.xor(v128.load(a + i, 16), v128.load(b + i, 16)),
    );
    const two = v128.or(
      v128.xor(v128.load(a + i, 32), v128.load(b + i, 32)),
      v128.xor(v128.load(a + i, 48), v128.load(b + i, 48)),
    );
    if (v128.any_true(v128.or(one, two))) return false;
  }
  for (; i + 16 <= size; i += 16) if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
  // The last sixteen overlap those before.
  i = size - 16;
  return !v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)));
}

const SEED: u64 = 0x2545f4914f6cdd1d;

export function mix(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * 0x9e3779b97f4a7c15;
  return product ^ (product >> 32);
}

const SAMPLED: usize = 160;

/**
 * A number for a piece, to find what may be equal. Of a long one only its two ends: an endpoint begins with its ids and ends
 * with its pod.
 */
export function hashOf(at: usize, size: usize, whole: bool): u32 {
  return size > SAMPLED && !whole ? <u32>hashEnds(at, size) : <u32>hashAll(at, size);
}

function hashEnds(at: usize, size: usize): u64 {
  const tail = at + size - 32;
  const one = mix(mix(mix(mix(size, load<u64>(at)), load<u64>(tail)), load<u64>(at, 16)), load<u64>(tail, 16));
  const two = mix(mix(mix(mix(SEED, load<u64>(at, 8)), load<u64>(tail, 8)), load<u64>(at, 24)), load<u64>(tail, 24));
  return mix(one, two);
}

export function hashAll(at: usize, size: usize): u64 {
  let one: u64 = size;
  let two: u64 = SEED;
  let i: usize = 0;
  for (; i + 16 <= size; i += 16) {
    one = mix(one, load<u64>(at + i));
    two = mix(two, load<u64>(at + i, 8));
  }
  if (i < size) {
    const last = v128.and(v128.load(at + i), v128.load(MASKS + ((size - i) << 4)));
    one = mix(one, i64x2.extract_lane(last, 0));
    two = mix(two, i64x2.extract_lane(last, 1));
  }
  return mix(one, two);
}

/** Position of the first such byte; zero when the line ends before. */
export function find(at: usize, byte: u32): usize {
  const wanted = i8x16.splat(<i8>byte);
  const space = i8x16.splat(<i8>SPACE);
  for (let i = at; ; i += 16) {
    const bytes = v128.load(i);
    const stop = v128.or(i8x16.eq(bytes, wanted), i8x16.lt_u(bytes, space));
    if (!v128.any_true(stop)) continue;
    const place = i + <usize>ctz(i8x16.bitmask(stop));
    return load<u8>(place) == byte ? place : 0;
  }
}

/** Position of the end of the line, or `end`. */
export function newline(at: usize, end: usize): usize {
  const wanted = i8x16.splat(0x0a);
  for (let i = at; i < end; i += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(i), wanted));
    if (found != 0) return min(i + <usize>ctz(found), end);
  }
  return end;
}

/** After the closing quote of the string that opens at `at`; zero on a control character, a wrong escape or no end. */
export function afterString(at: usize): usize {
  if (load<u8>(at) != QUOTE) return 0;
  const quote = i8x16.splat(<i8>QUOTE);
  const backslash = i8x16.splat(<i8>BACKSLASH);
  const space = i8x16.splat(<i8>SPACE);
  let i = at + 1;
  while (true) {
    const bytes = v128.load(i);
    const stop = v128.or(v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash)), i8x16.lt_u(bytes, space));
    if (!v128.any_true(stop)) {
      i += 16;
      continue;
    }
    i += <usize>ctz(i8x16.bitmask(stop));
    const c = <u32>load<u8>(i);
    if (c == QUOTE) return i + 1;
    if (c != BACKSLASH) return 0;
    const next = <u32>load<u8>(i, 1);
    if (next == UNICODE) i = afterHex(i + 2);
    else i = isEscape(next) ? i + 2 : 0;
    if (i == 0) return 0;
  }
}

/** After four hexadecimal digits. */
function afterHex(at: usize): usize {
  for (let i = at; i < at + 4; i++) {
    const c = <u32>load<u8>(i);
    if (!isDigit(c) && ((c | 0x20) < 0x61 || (c | 0x20) > 0x66)) return 0;
  }
  return at + 4;
}

/** What may follow a backslash, but for `u`. */
function isEscape(c: u32): bool {
  return c == QUOTE || c == BACKSLASH || c == 0x2f || c == 0x62 || c == 0x66 || c == 0x6e || c == 0x72 || c == 0x74;
}

export function isDigit(c: u32): bool {
  return c - ZERO <= 9;
}

function afterDigits(at: usize): usize {
  let i = at;
  while (isDigit(load<u8>(i))) i++;
  return i;
}

/** After a number as JSON has them. */
function afterNumber(at: usize): usize {
  let i = load<u8>(at) == MINUS ? at + 1 : at;
  const first = <u32>load<u8>(i);
  if (first < ZERO || first > NINE) return 0;
  i = first == ZERO ? i + 1 : afterDigits(i);
  if (load<u8>(i) == POINT) {
    const fraction = i + 1;
    i = afterDigits(fraction);
    if (i == fraction) return 0;
  }
  if ((load<u8>(i) | 0x20) == 0x65) {
    const sign = <u32>load<u8>(i, 1);
    const exponent = sign == MINUS || sign == PLUS ? i + 2 : i + 1;
    i = afterDigits(exponent);
    if (i == exponent) return 0;
  }
  return i;
}

/** After any plain value, checked as JSON. */
export function afterValue(at: usize, depth: i32 = 0): usize {
  const c = <u32>load<u8>(at);
  if (c == QUOTE) return afterString(at);
  if (c == OPEN || c == OPEN_LIST) return depth >= DEPTH ? 0 : afterMembers(at, c == OPEN, depth);
  const word = load<u32>(at);
  if (word == 0x65757274 || word == 0x6c6c756e) return at + 4; // true, null
  if (word == 0x736c6166 && load<u8>(at, 4) == 0x65) return at + 5; // false
  return afterNumber(at);
}

function afterMembers(at: usize, isObject: bool, depth: i32): usize {
  const close = isObject ? CLOSE : CLOSE_LIST;
  let i = at + 1;
  if (load<u8>(i) == close) return i + 1;
  while (true) {
    if (isObject) {
      i = afterString(i);
      if (i == 0 || load<u8>(i) != COLON) return 0;
      i += 1;
    }
    i = afterValue(i, depth + 1);
    if (i == 0) return 0;
    const next = <u32>load<u8>(i);
    if (next == close) return i + 1;
    if (next != COMMA) return 0;
    i += 1;
  }
}
