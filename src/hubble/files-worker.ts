import { parentPort } from "node:worker_threads";
import { type FileOptions, type Piece, type PieceResult, readPiece } from "./piece.ts";

export type ToWorker = { readonly piece: Piece; readonly options: FileOptions };
export type FromWorker =
  { readonly kind: "read"; readonly bytes: number } | { readonly kind: "done"; readonly result: PieceResult };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
const tell = (message: FromWorker): void => parentPort?.postMessage(message);

parentPort?.on("message", ({ piece, options }: ToWorker) => {
  void readPiece(piece, options, (bytes) => tell({ kind: "read", bytes })).then((result) =>
    tell({ kind: "done", result }),
  );
});
