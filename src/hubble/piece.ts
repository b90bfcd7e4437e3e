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
  readonly hours: readonly EvidenceHour[];
}

export const readPiece = async (
  piece: Piece,
  options: FileOptions,
  onBlock: (bytes: number) => void,
): Promise<PieceResult> => {
  const reduced = reducer(options);
  const reader = lineReader(reduced, options);
  let cut: string | null = null;
  if (piece.range !== null && !piece.isGzip) readRange(piece.path, piece.range, reader, onBlock);
  else {
    try {
      await readStream(openStream(piece.path, piece.isGzip), reader, onBlock);
    } catch (error) {
      cut = error instanceof Error ? error.message : String(error);
    }
  }
  return { counts: reader.counts, cut, hours: reduced.take(true) };
};
