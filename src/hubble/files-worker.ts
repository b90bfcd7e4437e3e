import { enableCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { EvidenceHour } from "../facts/evidence.ts";
import type { FileOptions, Piece, PieceResult } from "./piece.ts";

/** What a thread is given; `taken` is shared: the number of pieces somebody has begun. */
export interface Share {
  readonly pieces: readonly Piece[];
  readonly options: FileOptions;
  readonly taken: Int32Array;
  /** Where the program keeps what it compiled, if it does: a thread does not know by itself. */
  readonly kept: string | null;
}

export type FromWorker =
  | { readonly kind: "block"; readonly bytes: number }
  | {
      readonly kind: "done";
      readonly results: readonly (readonly [piece: number, result: PieceResult])[];
      readonly hours: readonly EvidenceHour[];
    };

/** Bytes after which the main thread hears of them. */
const TOLD = 8 * 1024 * 1024;

if (parentPort !== null) {
  const port = parentPort;
  const { pieces, options, taken, kept } = workerData as Share;
  if (kept !== null) enableCompileCache(kept);
  const { pieceReader, readPieces } = await import("./piece.ts");
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  const tell = (message: FromWorker): void => port.postMessage(message);
  const reader = pieceReader(options);
  let untold = 0;
  const results = await readPieces(reader, pieces, taken, (bytes) => {
    untold += bytes;
    if (untold < TOLD) return;
    tell({ kind: "block", bytes: untold });
    untold = 0;
  });
  tell({ kind: "block", bytes: untold });
  tell({ kind: "done", results, hours: reader.hours() });
}
