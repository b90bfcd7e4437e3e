/**
 * The smallest `size` of all strings ever added. Which ones are kept depends on what was added and not on the order, so
 * samples can be merged by two workers or after a restart and come out the same.
 */
export interface Sample {
  readonly size: number;
  /** Null while the two that came last are all there is: most edges have one address at each end. */
  kept: Set<string> | null;
  /** Nothing at or above this can still get in. */
  limit: string | null;
  more: boolean;
  /** The two that came last: most come again. */
  last: string;
  other: string;
}

export const sample = (size: number): Sample => ({
  size,
  kept: null,
  limit: null,
  more: false,
  last: "",
  other: "",
});

const trim = (s: Sample): void => {
  if (s.kept === null || s.kept.size <= s.size) return;
  const sorted = [...s.kept].sort();
  s.kept = new Set(sorted.slice(0, s.size));
  s.limit = sorted[s.size - 1] ?? null;
  s.more = true;
};

export const addTo = (s: Sample, value: string): void => {
  if (value === s.last || value === s.other) return;
  if (s.kept === null && s.other !== "") s.kept = new Set([s.last, s.other]);
  s.other = s.last;
  s.last = value;
  if (s.kept === null || s.kept.has(value)) return;
  if (s.limit !== null && value > s.limit) {
    s.more = true;
    return;
  }
  s.kept.add(value);
  if (s.kept.size >= 2 * s.size) trim(s);
};

const NONE: readonly string[] = [];

export const sampleOf = (s: Sample): { readonly values: readonly string[]; readonly more: boolean } => {
  if (s.kept === null) {
    const values = s.last === "" ? NONE : s.other === "" ? [s.last] : [s.last, s.other].sort();
    return { values, more: false };
  }
  trim(s);
  return { values: [...s.kept].sort(), more: s.more };
};
