import { eventFromJson } from "./decode-json.ts";
import { recordOf } from "./record.ts";
import type { Reducer } from "./reducer.ts";
import { scanner } from "./scan.ts";

export interface BadLine {
  readonly line: number;
  readonly why: string;
}

export interface LineCounts {
  lines: number;
  flows: number;
  lost: number;
  /** Agent and debug events, node statuses, and kinds of a newer Cilium. */
  other: number;
  bad: number;
  /** Lines the byte scanner left to the full parse. */
  parsed: number;
  /** The first few, by line. */
  readonly badLines: BadLine[];
  /** Times of the first and last flow: a file says nothing else of when its writer was there. */
  first: number;
  last: number;
}

const newCounts = (): LineCounts => ({
  lines: 0,
  flows: 0,
  lost: 0,
  other: 0,
  bad: 0,
  parsed: 0,
  badLines: [],
  first: Number.POSITIVE_INFINITY,
  last: Number.NEGATIVE_INFINITY,
});

export interface LineReader {
  /** Bytes of whatever length; lines go from one to the next. */
  push(bytes: Uint8Array): void;
  /** The same, written by `read` where they are wanted. Returns how many there were. */
  fill(room: number, read: (into: Buffer) => number): number;
  /** The last line may have no end. */
  end(): void;
  /** What was counted since the last call, which begins anew: lines are numbered by piece. */
  take(): LineCounts;
  /** Hands all flows to the reducer, of which some are still being counted. */
  settle(): void;
}

export interface LineOptions {
  readonly httpPaths?: boolean;
  /** False: every line through the full parse. What the fast path must equal. */
  readonly fast?: boolean;
}

const BAD_LINES = 20;
/** The longest line anybody keeps: flows are a few kilobytes. */
const LONGEST = 8 * 1024 * 1024;
const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;

const reasonOf = (error: unknown): string =>
  error instanceof SyntaxError ? "not JSON, or cut in the middle" : String(error);

/** Lines of a flow log into a reducer: the scanner first, the full parse for all it does not know. */
export const lineReader = (reducer: Reducer, options: LineOptions = {}): LineReader => {
  const { httpPaths = false, fast = true } = options;
  let counts = newCounts();

  const bad = (why: string): void => {
    counts.bad += 1;
    if (counts.badLines.length < BAD_LINES) counts.badLines.push({ line: counts.lines + scan.lines, why });
  };

  const parse = (bytes: Buffer, from: number, end: number): void => {
    const to = bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (to <= from) return;
    counts.parsed += 1;
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString("utf8", from, to));
    } catch (error) {
      bad(reasonOf(error));
      return;
    }
    const decoded = eventFromJson(value);
    if (decoded.kind === "bad") bad(decoded.why);
    else if (decoded.kind === "other" || decoded.event.kind === "node-status") counts.other += 1;
    else if (decoded.event.kind === "lost") {
      counts.lost += decoded.event.lost.count;
      reducer.lost(decoded.event.lost);
    } else {
      const { flow } = decoded.event;
      counts.flows += 1;
      counts.first = Math.min(counts.first, flow.time);
      counts.last = Math.max(counts.last, flow.time);
      reducer.add(recordOf(flow, reducer.ends, httpPaths));
    }
  };

  const scan = scanner({ reducer, httpPaths, parse });
  const { window } = scan;
  /** Bytes of an unfinished line at the beginning of the window. */
  let held = 0;
  /** Of a line longer than the window: its pieces, and how long it is; beyond `LONGEST` it is dropped as it comes. */
  let pieces: Buffer[] = [];
  let long = 0;

  const endLong = (): void => {
    counts.lines += 1;
    if (long > LONGEST) bad(`a line of more than ${Math.floor(long / 1_048_576)} MB`);
    else parse(Buffer.concat(pieces), 0, long);
    pieces = [];
    long = 0;
  };

  const keepLong = (piece: Buffer): void => {
    long += piece.length;
    if (long > LONGEST) pieces = [];
    else pieces.push(Buffer.from(piece));
  };

  /** Bytes of the window up to `size`, from `from` on, are new to a long line. */
  const goOn = (size: number): number => {
    const end = window.subarray(0, size).indexOf(NEWLINE);
    keepLong(window.subarray(0, end < 0 ? size : end));
    if (end < 0) return 0;
    endLong();
    window.copyWithin(0, end + 1, size);
    return size - end - 1;
  };

  const read = (bytes: number): void => {
    const size = long > 0 ? goOn(bytes) : bytes;
    const done = fast ? scan.scan(size) : scan.split(size);
    held = size - done;
    if (held < window.length) window.copyWithin(0, done, size);
    else {
      keepLong(window);
      held = 0;
    }
  };

  const fill: LineReader["fill"] = (room, readInto) => {
    const bytes = readInto(window.subarray(held, Math.min(window.length, held + room)));
    if (bytes > 0) read(held + bytes);
    return bytes;
  };

  return {
    fill,
    push: (bytes) => {
      for (let at = 0; at < bytes.length;)
        at += fill(bytes.length - at, (into) => {
          into.set(bytes.subarray(at, at + into.length));
          return into.length;
        });
    },
    end: () => {
      if (long > 0) {
        keepLong(window.subarray(0, held));
        endLong();
      } else if (held > 0) {
        window.writeUInt8(NEWLINE, held);
        read(held + 1);
      }
      held = 0;
    },
    take: () => {
      const taken = {
        ...counts,
        lines: counts.lines + scan.lines,
        flows: counts.flows + scan.flows,
        first: Math.min(counts.first, scan.first),
        last: Math.max(counts.last, scan.last),
      };
      counts = newCounts();
      scan.begin();
      return taken;
    },
    settle: () => scan.settle(),
  };
};
