import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import { createGunzip, gunzipSync, constants } from "node:zlib";
import { MINUTE } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import type { EvidenceHour } from "../facts/evidence.ts";
import type { FromWorker, Share } from "./files-worker.ts";
import { lineReader } from "./lines.ts";
import { type FileOptions, type Piece, pieceReader, type PieceResult, readPieces } from "./piece.ts";
import { reducer } from "./reducer.ts";

export interface ReadOptions extends FileOptions {
  /** Threads for large files, this one among them. */
  readonly workers?: number;
  /** Bytes from which on a file is worth a second thread. */
  readonly large?: number;
  readonly onProgress?: (progress: { readonly bytes: number; readonly ofBytes: number | null }) => void;
  /** What `-` reads. */
  readonly stdin?: Readable;
}

export interface FlowFiles {
  readonly hours: readonly EvidenceHour[];
  readonly lines: number;
  readonly flows: number;
  readonly lost: number;
  /** Lines of kinds that are nothing to us. */
  readonly other: number;
  readonly bad: number;
  /** The first few of them, `file:line`. */
  readonly badLines: readonly { readonly at: string; readonly why: string }[];
  /** Files that ended in the middle. */
  readonly cut: readonly { readonly file: string; readonly why: string }[];
  /** Files that hold what another one holds, read once. */
  readonly repeated: readonly { readonly file: string; readonly of: string }[];
  /** Lines that needed the full parse. */
  readonly parsed: number;
}

/** Below this a second thread costs more than it brings. */
const LARGE = 48 * 1024 * 1024;
/** Pieces for each thread: the last ones end nearly together. */
const PIECES = 24;
const HEAD = 64 * 1024;
const FLOW_FILE = /\.(?:json|jsonl|ndjson|jsonpb|log)(?:\.gz)?$/i;

const unreadable = (path: string, cause: unknown): OperatorError =>
  new OperatorError("input", `cannot read flows: ${cause instanceof Error ? cause.message : String(cause)}`, {
    where: path,
    remedy:
      "Name a file of `hubble observe -o jsonpb` or of the exporter, plain or .gz, a folder of them, or - for standard input.",
    cause,
  });

/** A folder stands for the rotated set in it, oldest first; the exporter names rotated files by their time. */
const expand = (path: string): readonly string[] => {
  let isFolder: boolean;
  try {
    isFolder = path !== "-" && statSync(path).isDirectory();
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (!isFolder) return [path];
  const names = readdirSync(path).filter((name) => FLOW_FILE.test(name));
  if (names.length === 0) throw unreadable(path, "the folder holds no .json, .jsonl, .ndjson or .log file");
  return names.sort().map((name) => join(path, name));
};

interface FileHead {
  readonly path: string;
  readonly size: number;
  readonly isGzip: boolean;
  readonly print: string;
}

/** What the file begins with once unpacked: two files that begin alike for this long are one file twice. */
const headOf = (path: string): FileHead => {
  try {
    const file = openSync(path, "r");
    try {
      const { size } = statSync(path);
      const buffer = Buffer.alloc(HEAD);
      const bytes = buffer.subarray(0, readSync(file, buffer, 0, HEAD, 0));
      const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
      const plain = isGzip ? gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }) : bytes;
      const print = createHash("sha256")
        .update(plain.subarray(0, 16 * 1024))
        .digest("hex");
      return { path, size, isGzip, print };
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
};

const isTypeScript = import.meta.url.endsWith(".ts");

interface Read {
  readonly results: readonly PieceResult[];
  readonly hours: readonly EvidenceHour[];
}

/** Keeps a thread's young objects few: they are records read a moment ago and nothing else. */
const LIMITS = { maxYoungGenerationSizeMb: 16 } as const;

type ThreadRead = Extract<FromWorker, { kind: "done" }>;

const inThread = (share: Share, onBlock: (bytes: number) => void): Promise<ThreadRead> => {
  const script = new URL(isTypeScript ? "./files-worker.ts" : "./files-worker.js", import.meta.url);
  const worker = new Worker(script, { workerData: share, resourceLimits: LIMITS });
  return new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`a reading thread ended with ${code}`)));
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "block") onBlock(message.bytes);
      else resolve(message);
    });
  });
};

/** This thread reads as well, so that it need not wait for the others to start. */
const inThreads = async (
  pieces: readonly Piece[],
  threads: number,
  options: FileOptions,
  onBlock: (bytes: number) => void,
): Promise<Read> => {
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const others = Array.from({ length: Math.min(threads, pieces.length) - 1 }, () =>
    inThread({ pieces, options, taken, kept: getCompileCacheDir() ?? null }, onBlock),
  );
  const all = Promise.all(others);
  // Heard below, once this thread is through with its own.
  all.catch(() => {});
  const reader = pieceReader(options);
  const own = await readPieces(reader, pieces, taken, onBlock);
  const parts = [{ results: own, hours: reader.hours() }, ...(await all)];
  const results: PieceResult[] = [];
  for (const [i, result] of parts.flatMap((part) => part.results)) results[i] = result;
  return { results, hours: parts.flatMap((part) => part.hours) };
};

const readStdin = async (stdin: Readable, options: FileOptions, onBlock: (bytes: number) => void): Promise<Read> => {
  const reduced = reducer(options);
  const reader = lineReader(reduced, options);
  let unpack: ReturnType<typeof createGunzip> | null = null;
  let isFirst = true;
  let cut: string | null = null;
  const ended: Promise<void>[] = [];
  for await (const block of stdin) {
    const bytes = typeof block === "string" ? Buffer.from(block) : (block as Buffer);
    onBlock(bytes.length);
    if (isFirst && bytes[0] === 0x1f && bytes[1] === 0x8b) {
      const gunzip = createGunzip();
      unpack = gunzip;
      gunzip.on("data", (b: Buffer) => reader.push(b));
      ended.push(
        new Promise((resolve) => {
          gunzip.on("end", resolve);
          gunzip.on("error", (error) => ((cut = error.message), resolve()));
        }),
      );
    }
    isFirst = false;
    if (unpack === null) reader.push(bytes);
    else if (!unpack.write(bytes)) await new Promise((resolve) => unpack?.once("drain", resolve));
  }
  unpack?.end();
  await Promise.all(ended);
  reader.end();
  reader.settle();
  return { results: [{ counts: reader.take(), cut }], hours: reduced.take(true) };
};

/**
 * All flows of files, folders and standard input, reduced to hours of evidence. One bad line is counted and named, the rest
 * is read; a file that holds no flow at all is refused.
 *
 * A file does not say when its writer was connected. Every node in what is read counts as watched from the first flow to the
 * last, of whichever node; silence in between, and what the log says was lost, make the holes.
 * @throws OperatorError `input` when a path cannot be read, or holds lines and no flow
 */
export const readFlows = async (paths: readonly string[], options: ReadOptions = {}): Promise<FlowFiles> => {
  const { workers = 2, large = LARGE, onProgress } = options;
  const expanded = paths.flatMap(expand);
  const heads = expanded.filter((path) => path !== "-").map(headOf);
  const first = new Map<string, FileHead>();
  const repeated: { file: string; of: string }[] = [];
  for (const head of heads) {
    const known = first.get(head.print);
    if (known === undefined || head.size === 0) first.set(head.size === 0 ? head.path : head.print, head);
    // Of two plain copies the longer holds all of the shorter.
    else if (!known.isGzip && !head.isGzip && head.size > known.size) {
      first.set(head.print, head);
      repeated.push({ file: known.path, of: head.path });
    } else repeated.push({ file: head.path, of: known.path });
  }
  const files = [...first.values()];
  const total = files.reduce((all, f) => all + f.size, 0);
  let done = 0;
  const onBlock = (bytes: number): void => {
    done += bytes;
    onProgress?.({ bytes: done, ofBytes: files.some((f) => f.isGzip) || expanded.includes("-") ? null : total });
  };

  const pieces = files.flatMap(({ path, size, isGzip }): Piece[] => {
    if (isGzip || size < large || workers < 2) return [{ path, isGzip, range: isGzip ? null : { from: 0, to: size } }];
    const step = Math.ceil(size / (workers * PIECES));
    return Array.from({ length: Math.ceil(size / step) }, (_, i) => ({
      path,
      isGzip,
      range: { from: i * step, to: Math.min((i + 1) * step, size) },
    }));
  });
  const { httpPaths, fast, monitoring } = options;
  const plain: FileOptions = {
    ...(httpPaths === undefined ? {} : { httpPaths }),
    ...(fast === undefined ? {} : { fast }),
    ...(monitoring === undefined ? {} : { monitoring }),
  };
  const threads = total >= large ? workers : 1;
  const read = await inThreads(pieces, threads, plain, onBlock);
  const results = [...read.results];
  const hours = [...read.hours];
  const names = pieces.map((p) => p.path);
  if (expanded.includes("-")) {
    const piped = await readStdin(options.stdin ?? process.stdin, plain, onBlock);
    results.push(...piped.results);
    hours.push(...piped.hours);
    names.push("-");
  }
  return gather(results, hours, names, repeated, plain);
};

/** Nodes that a flow came from; what only told of losses (Relay itself) is none. */
const nodesSeen = ({ watch }: EvidenceHour): readonly string[] =>
  Object.entries(watch.nodes).flatMap(([name, { minutes }]) => (minutes.some(([, seen]) => seen > 0) ? [name] : []));

const gather = (
  results: readonly PieceResult[],
  hours: readonly EvidenceHour[],
  names: readonly string[],
  repeated: FlowFiles["repeated"],
  options: FileOptions,
): FlowFiles => {
  const all = reducer(options);
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const sum = { lines: 0, flows: 0, lost: 0, other: 0, bad: 0, parsed: 0 };
  const badLines: { at: string; why: string }[] = [];
  const cut: { file: string; why: string }[] = [];
  const before = new Map<string, number>();
  const flowsOf = new Map<string, number>();
  for (const [i, { counts, cut: why }] of results.entries()) {
    const file = names[i] ?? "-";
    const lines = before.get(file) ?? 0;
    before.set(file, lines + counts.lines);
    flowsOf.set(file, (flowsOf.get(file) ?? 0) + counts.flows + counts.lost + counts.other);
    for (const bad of counts.badLines)
      if (badLines.length < 20) badLines.push({ at: `${file}:${lines + bad.line}`, why: bad.why });
    if (why !== null) cut.push({ file, why });
    for (const key of ["lines", "flows", "lost", "other", "bad", "parsed"] as const) sum[key] += counts[key];
    from = Math.min(from, counts.first);
    to = Math.max(to, counts.last);
  }
  for (const hour of hours) all.merge(hour);
  for (const [file, flows] of flowsOf) {
    if (flows > 0 || (before.get(file) ?? 0) === 0) continue;
    const [bad] = badLines.filter((b) => b.at.startsWith(`${file}:`));
    throw new OperatorError("input", `no line of this is a flow${bad === undefined ? "" : ` (${bad.why})`}`, {
      where: bad?.at ?? file,
      remedy: "Give it the output of `hubble observe -o jsonpb` or an exporter's file; other formats carry no labels.",
    });
  }
  const [start, end] = [Math.floor(from / MINUTE) * MINUTE, (Math.floor(to / MINUTE) + 1) * MINUTE];
  for (const node of new Set(hours.flatMap((hour) => nodesSeen(hour)))) all.up(node, start, end);
  return { hours: all.take(true), ...sum, badLines, cut, repeated };
};
