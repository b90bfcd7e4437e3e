import type { EvidenceHour } from "../facts/evidence.ts";
import { openStream, type Range, readRange, readStream } from "./blocks.ts";
import { type LineCounts, type LineOptions, lineReader } from "./lines.ts";
import { reducer, type ReducerOptions } from "./reducer.ts";

/** A file, or the part of it that one worker reads. */
export interface Piece {
  readonly path: string;
  readonly isGzip: boolean;
  readonly range: Range | null;
}

export type FileOptions = LineOptions & ReducerOptions;

export interface PieceResult {
  readonly counts: LineCounts;
  /** The file ended before its compression did, or could not be read to its end. */
  readonly cut: string | null;
}

/** Reads pieces one after another into one reducer: caches stay warm, and hours are made once. */
export interface PieceReader {
  read(piece: Piece, onBlock: (bytes: number) => void): Promise<PieceResult>;
  hours(): readonly EvidenceHour[];
}

export const pieceReader = (options: FileOptions): PieceReader => {
  const reduced = reducer(options);
  const reader = lineReader(reduced, options);
  return {
    read: async ({ path, range, isGzip }, onBlock) => {
      let cut: string | null = null;
      if (range !== null && !isGzip) readRange(path, range, reader, onBlock);
      else {
        try {
          await readStream(openStream(path, isGzip), reader, onBlock);
        } catch (error) {
          cut = error instanceof Error ? error.message : String(error);
        }
      }
      return { counts: reader.take(), cut };
    },
    hours: () => {
      reader.settle();
      return reduced.take(true);
    },
  };
};

/** Reads pieces until all are taken. Each is taken by whoever is free first: `taken` is shared between threads. */
export const readPieces = async (
  reader: PieceReader,
  pieces: readonly Piece[],
  taken: Int32Array,
  onBlock: (bytes: number) => void,
): Promise<readonly (readonly [number, PieceResult])[]> => {
  const results: (readonly [number, PieceResult])[] = [];
  for (;;) {
    const i = Atomics.add(taken, 0, 1);
    const piece = pieces[i];
    if (piece === undefined) return results;
    results.push([i, await reader.read(piece, onBlock)]);
    // Reading blocks this thread: let messages of the others in.
    await new Promise((resolve) => setImmediate(resolve));
  }
};
