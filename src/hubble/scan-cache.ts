import { afterValue, has, type Pattern, pattern, QUOTE } from "./scan-bytes.ts";

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
const PREFIX = 28;
const SKIP = 6;
/** Pieces that begin alike, and pieces in all; a stranger who makes up more gets them parsed every time. */
const ALIKE = 64;
const ALL = 50_000;

export const byteCache = <T>(parse: (value: unknown) => T): ByteCache<T> => {
  let byPrefix = new Map<number, Entry<T>[]>();
  let size = 0;
  let after = 0;

  const prefixHash = (bytes: Buffer, at: number, end: number): number => {
    const to = Math.min(at + PREFIX, end);
    let h = 0;
    for (let i = at + SKIP; i < to; i++) h = (Math.imul(h, 31) + (bytes[i] ?? 0)) | 0;
    return h;
  };

  return {
    read: (bytes, at, end) => {
      const hash = prefixHash(bytes, at, end);
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

/** Strings that come again and again (addresses, enum names): decoded once. Only plain ASCII is kept. */
export interface WordCache {
  read(bytes: Buffer, at: number, end: number): string | null;
  after(): number;
}

const WORDS = 100_000;

export const wordCache = (): WordCache => {
  const words = new Map<number, string>();
  let after = 0;
  return {
    read: (bytes, at, end) => {
      let hash = 0;
      let i = at + 1;
      for (; i < end; i++) {
        const c = bytes[i] ?? 0;
        if (c === QUOTE) break;
        if (c < 0x20 || c === 0x5c || c > 0x7e) return null;
        hash = (Math.imul(hash, 31) + c) | 0;
      }
      if (i >= end) return null;
      after = i + 1;
      const known = words.get(hash);
      if (known !== undefined && known.length === i - at - 1) {
        let same = true;
        for (let k = 0; k < known.length; k++) same = same && known.charCodeAt(k) === bytes[at + 1 + k];
        if (same) return known;
      }
      const word = bytes.toString("latin1", at + 1, i);
      if (words.size >= WORDS) words.clear();
      words.set(hash, word);
      return word;
    },
    after: () => after,
  };
};
