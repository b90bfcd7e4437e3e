/** 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Places in a text, found when they are asked for. `inserted`: where characters were put in that nobody wrote. */
export class Lines {
  readonly #source: string;
  readonly #inserted: readonly number[];
  #starts: readonly number[] | null = null;

  constructor(source: string, inserted: readonly number[]) {
    this.#source = source;
    this.#inserted = inserted;
  }

  position(offset: number): Position {
    const starts = (this.#starts ??= lineStarts(this.#source));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = starts[low] ?? 0;
    const shifted = this.#inserted.filter((at) => at >= start && at < offset).length;
    return { line: low + 1, column: offset - start + 1 - shifted };
  }

  /** Column of the first text at or below a line. */
  indentFrom(line: number): number {
    const starts = (this.#starts ??= lineStarts(this.#source));
    for (let i = line - 1; i < starts.length; i++) {
      const written = this.#source.slice(starts[i], starts[i + 1]);
      const column = written.search(/\S/);
      if (column >= 0) return column + 1;
    }
    return 1;
  }
}

const lineStarts = (source: string): readonly number[] => {
  const starts = [0];
  for (let i = source.indexOf("\n"); i >= 0; i = source.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
};
