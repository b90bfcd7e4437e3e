import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { LineReader } from "./lines.ts";

const BLOCK = 1024 * 1024;
const NEWLINE = 0x0a;

export interface Range {
  readonly from: number;
  /** Lines that begin before this are read to their end, wherever that is. */
  readonly to: number;
}

/** Where the first line begins at or behind `at`: what was begun before is another's. */
const lineStart = (file: number, at: number, buffer: Buffer): number => {
  // From one byte earlier, which may be the newline.
  let i = at - 1;
  for (;;) {
    const size = readSync(file, buffer, 0, buffer.length, i);
    const end = buffer.subarray(0, size).indexOf(NEWLINE);
    if (end >= 0) return i + end + 1;
    if (size === 0) return i;
    i += size;
  }
};

/** Reads what is left of the line that was begun before `at`. */
const finishLine = (file: number, at: number, reader: LineReader): void => {
  const buffer = Buffer.allocUnsafe(64 * 1024);
  const end = lineStart(file, at, buffer);
  for (let i = at; i < end;) {
    const size = readSync(file, buffer, 0, Math.min(buffer.length, end - i), i);
    if (size === 0) break;
    reader.push(buffer.subarray(0, size));
    i += size;
  }
};

/**
 * The lines of a plain file that begin in a range, read straight to where they are scanned: what two workers read together
 * is every line once.
 */
export const readRange = (path: string, range: Range, reader: LineReader, onBlock: (bytes: number) => void): void => {
  const file = openSync(path, "r");
  try {
    const first = range.from === 0 ? 0 : lineStart(file, range.from, Buffer.allocUnsafe(64 * 1024));
    let at = first;
    while (at < range.to) {
      const size = reader.fill(range.to - at, (into) => readSync(file, into, 0, into.length, at));
      if (size === 0) break;
      at += size;
      onBlock(size);
    }
    if (at === range.to && at > first) finishLine(file, at, reader);
    reader.end();
  } finally {
    closeSync(file);
  }
};

/** Lines of a stream to its end. */
export const readStream = async (
  stream: Readable,
  reader: LineReader,
  onBlock: (bytes: number) => void,
): Promise<void> => {
  try {
    for await (const block of stream) {
      const bytes = block as Buffer;
      reader.push(bytes);
      onBlock(bytes.length);
    }
  } finally {
    reader.end();
  }
};

export const openStream = (path: string, isGzip: boolean): Readable => {
  const file = createReadStream(path, { highWaterMark: BLOCK });
  if (!isGzip) return file;
  const unpacked = createGunzip({ chunkSize: 1024 * 1024 });
  file.on("error", (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
};
