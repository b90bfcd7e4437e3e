/**
 * Results keyed by the bytes they were worked out from, a few of them. The same bytes give the same answer, so an edge
 * and the door may share one, and so may two state folders in one process; what can change while the bytes stay the
 * same is never kept here.
 */
export class Kept<T> {
  readonly #most: number;
  readonly #weightOf: (value: T) => number;
  readonly #values = new Map<string, T>();
  #weight = 0;

  /** @param most how much all of them may weigh together; each weighs one unless it is weighed */
  constructor(most: number, weightOf: (value: T) => number = () => 1) {
    this.#most = most;
    this.#weightOf = weightOf;
  }

  of(key: string, make: () => T): T {
    const found = this.#values.get(key);
    if (found !== undefined) {
      this.#values.delete(key);
      this.#values.set(key, found);
      return found;
    }
    const value = make();
    this.forget(key);
    this.#values.set(key, value);
    this.#weight += this.#weightOf(value);
    for (const oldest of this.#values.keys()) {
      if (this.#weight <= this.#most) break;
      this.forget(oldest);
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
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#weight -= this.#weightOf(value);
    this.#values.delete(key);
  }
}
