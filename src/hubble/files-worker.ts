import { parentPort, workerData } from "node:worker_threads";
import type { EvidenceHour } from "../facts/evidence.ts";
import { type FileOptions, type Piece, type PieceResult, pieceReader, readPieces } from "./piece.ts";

/** What a thread is given; `taken` is shared: the number of pieces somebody has begun. */
export interface Share {
  readonly pieces: readonly Piece[];
  readonly options: FileOptions;
  readonly taken: Int32Array;
}

export type FromWorker =
  | { readonly kind: "block"; readonly bytes: number }
  | {
      readonly kind: "done";
      readonly results: readonly (readonly [piece: number, result: PieceResult])[];
      readonly hours: readonly EvidenceHour[];
    };

if (parentPort !== null) {
  const port = parentPort;
  const { pieces, options, taken } = workerData as Share;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  const tell = (message: FromWorker): void => port.postMessage(message);
  const reader = pieceReader(options);
  const results = await readPieces(reader, pieces, taken, (bytes) => tell({ kind: "block", bytes }));
  tell({ kind: "done", results, hours: reader.hours() });
}
