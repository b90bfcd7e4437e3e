import { parentPort } from "node:worker_threads";
import type { EvidenceHour } from "../facts/evidence.ts";
import { type FileOptions, type Piece, type PieceReader, pieceReader, type PieceResult } from "./piece.ts";

export type ToWorker =
  | { readonly kind: "begin"; readonly options: FileOptions }
  | { readonly kind: "read"; readonly piece: Piece }
  | { readonly kind: "finish" };
export type FromWorker =
  | { readonly kind: "block"; readonly bytes: number }
  | { readonly kind: "read"; readonly result: PieceResult }
  | { readonly kind: "hours"; readonly hours: readonly EvidenceHour[] };

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
const tell = (message: FromWorker): void => parentPort?.postMessage(message);

let reader: PieceReader | null = null;

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "begin") reader = pieceReader(message.options);
  else if (message.kind === "finish") tell({ kind: "hours", hours: reader?.hours() ?? [] });
  else
    void reader
      ?.read(message.piece, (bytes) => tell({ kind: "block", bytes }))
      .then((result) => tell({ kind: "read", result }));
});
