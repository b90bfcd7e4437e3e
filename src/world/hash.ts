/** FNV-1a with a final mix: the world's only dice. Same words, same number, on every machine; 32 bits, unsigned. */
export const hash = (...words: readonly (string | number)[]): number => {
  let h = 0x811c9dc5;
  for (const word of words) {
    const text = String(word);
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ 0x1f, 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

/** In [0, 1). */
export const chance = (...words: readonly (string | number)[]): number => hash(...words) / 2 ** 32;

export const pick = <T>(list: readonly T[], ...words: readonly (string | number)[]): T | null =>
  list.length === 0 ? null : (list[hash(...words) % list.length] ?? null);

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** A suffix as Kubernetes makes them for names. */
export const suffix = (length: number, ...words: readonly (string | number)[]): string =>
  Array.from({ length }, (_, i) => ALPHABET[hash(...words, i) % ALPHABET.length]).join("");
