import { code } from "./prompts.ts";

const SHOWN = 12;

/** Names for a sentence: a few, then how many more. */
export const listed = (names: readonly string[]): string => {
  const shown = names.slice(0, SHOWN).map(code);
  const more = names.length - shown.length;
  const all = more > 0 ? [...shown, `${more} more`] : shown;
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1) ?? ""}`;
};

/** Optimal string alignment distance, given up above `most`. */
const distance = (a: string, b: string, most: number): number => {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? most + 1;
};

/** One slip of the finger in a short name, two in a long one. */
const slips = (name: string): number => Math.min(2, Math.floor(name.length / 4));

/** Known names that somebody may have meant. */
export const near = (name: string, known: readonly string[]): readonly string[] => {
  const most = slips(name);
  const close = (candidate: string): boolean =>
    distance(name.slice(0, 64), candidate, most) <= most || (name.length > 3 && candidate.includes(name));
  return known.filter(close).slice(0, 3);
};
