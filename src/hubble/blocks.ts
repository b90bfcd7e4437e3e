import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { LineReader } from "./lines.ts";

const BLOCK = 1024 * 1024;
/** The longest line anybody keeps: flows are a few kilobytes. */
const LONGEST = 8 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Blocks of bytes into lines. A line that is too long is dropped as it comes, and never held. */
export const lineSplitter = (reader: LineReader): { push(block: Buffer): void; end(): void } => {
  let rest: Buffer[] = [];
  let held = 0;
  let dropped = 0;

  const finish = (): void => {
    if (dropped > 0) reader.skip(`a line of more than ${Math.floor(dropped / 1_048_576)} MB`);
    else if (held > 0) {
      const line = rest.length === 1 && rest[0] !== undefined ? rest[0] : Buffer.concat(rest);
      reader.line(line, 0, line.length);
    }
    rest = [];
    held = 0;
    dropped = 0;
  };

  return {
    push: (block) => {
      let at = 0;
      if (held > 0 || dropped > 0) {
        const end = block.indexOf(NEWLINE);
        const piece = end < 0 ? block : block.subarray(0, end);
        if (dropped > 0) dropped += piece.length;
        else if (held + piece.length > LONGEST) {
          dropped = held + piece.length;
          rest = [];
        } else {
          rest.push(Buffer.from(piece));
          held += piece.length;
        }
        if (end < 0) return;
        finish();
        at = end + 1;
      }
      for (;;) {
        const end = block.indexOf(NEWLINE, at);
        if (end < 0) break;
        if (end > at) reader.line(block, at, end);
        else reader.counts.lines += 1;
        at = end + 1;
      }
      if (at === block.length) return;
      held = block.length - at;
      if (held > LONGEST) dropped = held;
      else rest = [Buffer.from(block.subarray(at))];
    },
    end: finish,
  };
};

export interface Range {
  readonly from: number;
  /** Lines that begin before this are read to their end, wherever that is. */
  readonly to: number;
}

/**
 * The lines of a plain file that begin in a range, read in blocks into one buffer: what two workers read together is every
 * line once.
 * @returns bytes read
 */
export const readRange = (path: string, range: Range, reader: LineReader, onBlock: (bytes: number) => void): number => {
  const file = openSync(path, "r");
  const buffer = Buffer.allocUnsafe(BLOCK);
  const splitter = lineSplitter(reader);
  let at = range.from;
  try {
    // The line that was begun in the range before is not ours: skip to the first newline, from one byte earlier.
    if (at > 0) {
      at -= 1;
      for (;;) {
        const size = readSync(file, buffer, 0, BLOCK, at);
        if (size === 0) return 0;
        const end = buffer.subarray(0, size).indexOf(NEWLINE);
        at += end < 0 ? size : end + 1;
        if (end >= 0) break;
      }
    }
    const first = at;
    while (at < range.to) {
      const size = readSync(file, buffer, 0, Math.min(BLOCK, range.to - at), at);
      if (size === 0) break;
      splitter.push(buffer.subarray(0, size));
      at += size;
      onBlock(size);
    }
    // The last line may reach beyond the range.
    if (at === range.to && at > first) {
      let last = Buffer.alloc(1);
      readSync(file, last, 0, 1, at - 1);
      while (last[0] !== NEWLINE) {
        const size = readSync(file, buffer, 0, BLOCK, at);
        if (size === 0) break;
        const end = buffer.subarray(0, size).indexOf(NEWLINE);
        const piece = buffer.subarray(0, end < 0 ? size : end + 1);
        splitter.push(piece);
        at += piece.length;
        last = Buffer.from(piece.subarray(-1));
      }
    }
    splitter.end();
    return at - first;
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
  const splitter = lineSplitter(reader);
  try {
    for await (const block of stream) {
      const bytes = block as Buffer;
      splitter.push(bytes);
      onBlock(bytes.length);
    }
  } finally {
    splitter.end();
  }
};

export const openStream = (path: string, isGzip: boolean): Readable => {
  const file = createReadStream(path, { highWaterMark: BLOCK });
  if (!isGzip) return file;
  const unpacked = createGunzip({ chunkSize: 1024 * 1024 });
  file.on("error", (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
};
