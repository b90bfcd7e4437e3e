import { afterString, afterValue, has, hashOf, type Pattern, pattern } from "./scan-bytes.ts";

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

interface Entry<T> {
  readonly bytes: Pattern;
  readonly value: T;
}

/** Where endpoints begin to differ: local id and identity. */
const FROM = 6;
const TO = 26;
/** Pieces that begin alike, and pieces in all; a stranger who makes up more gets them parsed every time. */
const ALIKE = 64;
const ALL = 50_000;

export const byteCache = <T>(parse: (value: unknown) => T): ByteCache<T> => {
  let byPrefix = new Map<number, Entry<T>[]>();
  let size = 0;
  let after = 0;

  return {
    read: (bytes, at, end) => {
      const hash = hashOf(bytes, Math.min(at + FROM, end), Math.min(at + TO, end));
      let alike = byPrefix.get(hash);
      if (alike !== undefined) {
        for (let i = 0; i < alike.length; i++) {
          const entry = alike[i];
          if (entry === undefined) break;
          if (!has(bytes, at, entry.bytes)) continue;
          after = at + entry.bytes.length;
          return entry.value;
        }
      }
      const to = afterValue(bytes, at, end);
      if (to < 0) return null;
      after = to;
      const value = parse(JSON.parse(bytes.toString("utf8", at, to)));
      if (size >= ALL) {
        byPrefix = new Map();
        size = 0;
        alike = undefined;
      }
      if (alike === undefined) byPrefix.set(hash, (alike = []));
      if (alike.length < ALIKE) {
        alike.push({ bytes: pattern(bytes.subarray(at, to)), value });
        size += 1;
      }
      return value;
    },
    after: () => after,
  };
};

/** Strings that come again and again, addresses above all: decoded once. */
export interface WordCache {
  read(bytes: Buffer, at: number, end: number): string | null;
  after(): number;
}

const WORDS = 100_000;

export const wordCache = (): WordCache => {
  const words = new Map<number, Entry<string>>();
  let after = 0;
  return {
    read: (bytes, at, end) => {
      after = afterString(bytes, at, end);
      if (after < 0) return null;
      const hash = hashOf(bytes, at, after);
      const known = words.get(hash);
      if (known !== undefined && known.bytes.length === after - at && has(bytes, at, known.bytes)) return known.value;
      const value = String(JSON.parse(bytes.toString("utf8", at, after)));
      if (words.size >= WORDS) words.clear();
      words.set(hash, { bytes: pattern(bytes.subarray(at, after)), value });
      return value;
    },
    after: () => after,
  };
};
