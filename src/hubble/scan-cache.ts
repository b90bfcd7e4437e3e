import { afterString, afterValue, has, hashOf, type Pattern, pattern } from "./scan-bytes.ts";

interface Entry<T> {
  readonly bytes: Pattern;
  readonly value: T;
}

/**
 * What a piece of JSON meant the last time exactly these bytes were seen. A cluster has hundreds of endpoints and millions
 * of flows: their labels are parsed once, and compared by the machine from then on. Bytes decide, never identity numbers,
 * which Cilium uses again for others (C B.2).
 */
export interface ByteCache<T> {
  /** The value at `at`; `null` when it is nothing plain. `after()` then tells where it ended. */
  read(bytes: Buffer, at: number, end: number): T | null;
  after(): number;
}

/** Where endpoints begin to differ: local id and identity. */
const FROM = 6;
const TO = 26;
const SLOTS = 16_384;
/** Pieces that begin alike, and pieces in all; a stranger who makes up more gets them parsed every time. */
const ALIKE = 64;
const ALL = 50_000;

export const byteCache = <T>(parse: (value: unknown) => T): ByteCache<T> => {
  const slots: (Entry<T>[] | undefined)[] = [];
  slots.length = SLOTS;
  let size = 0;
  let after = 0;

  return {
    read: (bytes, at, end) => {
      // Past the piece's own end when it is short: it is then found under several numbers, which costs and does not harm.
      const slot = hashOf(bytes, Math.min(at + FROM, end), Math.min(at + TO, end)) & (SLOTS - 1);
      const alike = slots[slot];
      if (alike !== undefined) {
        for (let i = 0; i < alike.length; i++) {
          const entry = alike[i];
          if (entry === undefined || !has(bytes, at, entry.bytes)) continue;
          after = at + entry.bytes.length;
          return entry.value;
        }
      }
      const to = afterValue(bytes, at, end);
      if (to < 0) return null;
      after = to;
      const value = parse(JSON.parse(bytes.toString("utf8", at, to)));
      if (size >= ALL) {
        slots.fill(undefined);
        size = 0;
      }
      const kept = slots[slot] ?? [];
      slots[slot] = kept;
      if (kept.length < ALIKE) {
        kept.push({ bytes: pattern(bytes.subarray(at, to)), value });
        size += 1;
      }
      return value;
    },
    after: () => after,
  };
};

/** Pieces whose end is known: one place for each, and a newer one takes it. */
export const pieceCache = <T>(decode: (bytes: Buffer) => T): ((bytes: Buffer, at: number, to: number) => T) => {
  const slots: (Entry<T> | undefined)[] = [];
  slots.length = SLOTS;
  return (bytes, at, to) => {
    const slot = hashOf(bytes, at, to) & (SLOTS - 1);
    const entry = slots[slot];
    if (entry !== undefined && entry.bytes.length === to - at && has(bytes, at, entry.bytes)) return entry.value;
    // Two pieces that share a place would push each other out for ever: the second has its own.
    const second = slots[slot ^ 1];
    if (second !== undefined && second.bytes.length === to - at && has(bytes, at, second.bytes)) return second.value;
    const value = decode(bytes.subarray(at, to));
    slots[entry === undefined ? slot : slot ^ 1] = { bytes: pattern(bytes.subarray(at, to)), value };
    return value;
  };
};

/** Strings that come again and again, addresses above all: decoded once. */
export interface WordCache {
  read(bytes: Buffer, at: number, end: number): string | null;
  after(): number;
}

export const wordCache = (): WordCache => {
  const words = pieceCache((bytes) => String(JSON.parse(bytes.toString("utf8"))));
  let after = 0;
  return {
    read: (bytes, at, end) => {
      after = afterString(bytes, at, end);
      return after < 0 ? null : words(bytes, at, after);
    },
    after: () => after,
  };
};
