const FIVE_MINUTES = 5 * 60_000;
const MOST = 500;

/** Challenges given out and not yet answered, with what they were given out for. */
export interface Tickets<T> {
  put(id: string, value: T): void;
  /** Once; null when it is unknown, taken or too old. */
  take(id: string): T | null;
}

/** In this process's memory: single use, five minutes, bounded. */
export const tickets = <T>(now: () => number): Tickets<T> => {
  const all = new Map<string, { readonly value: T; readonly until: number }>();
  return {
    put: (id, value) => {
      for (const [key, entry] of all) if (entry.until <= now() || all.size >= MOST) all.delete(key);
      all.set(id, { value, until: now() + FIVE_MINUTES });
    },
    take: (id) => {
      const entry = all.get(id);
      all.delete(id);
      return entry !== undefined && entry.until > now() ? entry.value : null;
    },
  };
};
