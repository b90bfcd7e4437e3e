/**
 * Results keyed by the bytes they were worked out from, a few of them. The same bytes give the same answer, so an edge
 * and the door may share one, and so may two state folders in one process; what can change while the bytes stay the
 * same is never kept here.
 */
export class Kept<T> {
  readonly #most: number;
  readonly #values = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  of(key: string, make: () => T): T {
    const found = this.#values.get(key);
    if (found !== undefined) {
      this.#values.delete(key);
      this.#values.set(key, found);
      return found;
    }
    const value = make();
    this.#values.set(key, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#most) break;
      this.#values.delete(oldest);
    }
    return value;
  }

  /** What is kept, or null; nothing is made. */
  get(key: string): T | null {
    return this.#values.get(key) ?? null;
  }

  values(): readonly T[] {
    return [...this.#values.values()];
  }

  forget(key: string): void {
    this.#values.delete(key);
  }
}
