import { eventFromJson } from "./decode-json.ts";
import { type FlowRecord, recordOf } from "./record.ts";
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

export const newCounts = (): LineCounts => ({
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
  readonly counts: LineCounts;
  /** What was counted since the last call, which begins anew: lines are numbered by piece. */
  take(): LineCounts;
  /** One line without its end. */
  line(bytes: Buffer, from: number, to: number): void;
  /** A line that could not even be held. */
  skip(why: string): void;
}

export interface LineOptions {
  readonly httpPaths?: boolean;
  /** False: every line through the full parse. What the fast path must equal. */
  readonly fast?: boolean;
}

const BAD_LINES = 20;
const CARRIAGE_RETURN = 0x0d;

const reasonOf = (error: unknown): string =>
  error instanceof SyntaxError ? "not JSON, or cut in the middle" : String(error);

/** Lines of a flow log into a reducer: the scanner first, the full parse for all it does not know. */
export const lineReader = (reducer: Reducer, options: LineOptions = {}): LineReader => {
  const { httpPaths = false, fast = true } = options;
  const scan = scanner(reducer.ends, httpPaths);
  let counts = newCounts();
  const bad = (why: string): void => {
    counts.bad += 1;
    if (counts.badLines.length < BAD_LINES) counts.badLines.push({ line: counts.lines, why });
  };

  const add = (flow: FlowRecord): void => {
    counts.flows += 1;
    if (flow.time < counts.first) counts.first = flow.time;
    if (flow.time > counts.last) counts.last = flow.time;
    reducer.add(flow);
  };

  const parse = (bytes: Buffer, from: number, to: number): void => {
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
    } else add(recordOf(decoded.event.flow, reducer.ends, httpPaths));
  };

  return {
    get counts() {
      return counts;
    },
    take: () => {
      const taken = counts;
      counts = newCounts();
      return taken;
    },
    skip: (why) => {
      counts.lines += 1;
      bad(why);
    },
    line: (bytes, from, end) => {
      counts.lines += 1;
      const to = bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
      if (to <= from) return;
      const flow = fast ? scan(bytes, from, to) : null;
      if (flow === null) parse(bytes, from, to);
      else add(flow);
    },
  };
};
