/**
 * The smallest `size` of all strings ever added. Which ones are kept depends on what was added and not on the order, so
 * samples can be merged by two workers or after a restart and come out the same.
 */
export interface Sample {
  readonly size: number;
  readonly kept: Set<string>;
  /** Nothing at or above this can still get in. */
  limit: string | null;
  more: boolean;
  /** The two that came last: most come again. */
  last: string;
  other: string;
}

export const sample = (size: number): Sample => ({
  size,
  kept: new Set(),
  limit: null,
  more: false,
  last: "",
  other: "",
});

const trim = (s: Sample): void => {
  if (s.kept.size <= s.size) return;
  const sorted = [...s.kept].sort();
  s.kept.clear();
  for (const value of sorted.slice(0, s.size)) s.kept.add(value);
  s.limit = sorted[s.size - 1] ?? null;
  s.more = true;
};

export const addTo = (s: Sample, value: string): void => {
  if (value === s.last || value === s.other) return;
  s.other = s.last;
  s.last = value;
  if (s.kept.has(value)) return;
  if (s.limit !== null && value > s.limit) {
    s.more = true;
    return;
  }
  s.kept.add(value);
  if (s.kept.size >= 2 * s.size) trim(s);
};

export const sampleOf = (s: Sample): { readonly values: readonly string[]; readonly more: boolean } => {
  trim(s);
  return { values: [...s.kept].sort(), more: s.more };
};
