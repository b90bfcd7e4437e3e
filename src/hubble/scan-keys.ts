import { afterString, afterValue, COLON, OPEN, OPEN_LIST, QUOTE, has, type Pattern, pattern } from "./scan-bytes.ts";

/** Keys of a flow that are read, as numbers: a jump instead of twenty comparisons for every key of every line. */
export const Key = {
  skipped: 0,
  time: 1,
  verdict: 2,
  IP: 3,
  l4: 4,
  source: 5,
  destination: 6,
  Type: 7,
  node_name: 8,
  source_names: 9,
  destination_names: 10,
  event_type: 11,
  traffic_direction: 12,
  trace_observation_point: 13,
  drop_reason: 14,
  drop_reason_desc: 15,
  is_reply: 16,
  reply: 17,
  egress_allowed_by: 18,
  ingress_allowed_by: 19,
  l7: 20,
} as const;

interface Memo {
  readonly bytes: Pattern;
  readonly value: unknown;
}

/** A key as it was met in lines before, and which keys came after it: lines of one kind have their keys in one order. */
export interface Step {
  /** `"key":` */
  readonly bytes: Pattern;
  readonly id: number;
  /** One bit for a key that is read, to see it twice; zero for others. */
  readonly bit: number;
  readonly next: Step[];
  /** Values met under this key, where there are few. */
  readonly memo: Memo[];
  misses: number;
}

const IDS = new Map<string, number>(Object.entries(Key));

const newStep = (key: string, bytes: Pattern): Step => {
  const id = key === "skipped" ? 0 : (IDS.get(key) ?? 0);
  return { bytes, id, bit: id === 0 ? 0 : 1 << id, next: [], memo: [], misses: 0 };
};

/** Keys a stranger may make up, and keys that follow one, before it is left to the full parse to find its way. */
const STEPS = 1_000;
const FOLLOWERS = 16;

export interface Steps {
  readonly first: Step;
  /** The key that opens at `at`; null when it is no plain key. */
  after(step: Step, bytes: Buffer, at: number, end: number): Step | null;
}

export const newSteps = (): Steps => {
  const byKey = new Map<string, Step>();
  const find = (step: Step, bytes: Buffer, at: number, end: number): Step | null => {
    const colon = afterString(bytes, at, end);
    if (colon < 0 || bytes[colon] !== COLON) return null;
    const key = bytes.toString("latin1", at + 1, colon - 1);
    let next = byKey.get(key);
    if (next === undefined) {
      if (byKey.size >= STEPS) return null;
      next = newStep(key, pattern(bytes.subarray(at, colon + 1)));
      byKey.set(key, next);
    }
    if (step.next.length < FOLLOWERS) step.next.push(next);
    return next;
  };
  return {
    first: newStep("", pattern("")),
    after: (step, bytes, at, end) => {
      const followers = step.next;
      for (let i = 0; i < followers.length; i++) {
        const next = followers[i];
        if (next !== undefined && has(bytes, at, next.bytes)) return next;
      }
      return find(step, bytes, at, end);
    },
  };
};

/** A value that says itself where it ends: a string, object or list, and a word that the next byte must close. */
const isClosed = (first: number): boolean => first === QUOTE || first === OPEN || first === OPEN_LIST;
const WORDS: ReadonlySet<number> = new Set(Buffer.from("tf"));

const VALUES = 24;
const LONGEST = 256;

export interface Values {
  /** What the value at `at` means by `decode`; undefined when it is nothing plain. */
  read<T>(step: Step, bytes: Buffer, at: number, end: number, decode: (value: unknown) => T): T | undefined;
  /** Position after a value that nobody needs; -1 when it is nothing plain. */
  skip(step: Step, bytes: Buffer, at: number, end: number): number;
  /** Position after what was read; -1 when it was nothing plain. */
  after(): number;
}

export const newValues = (): Values => {
  let after = 0;
  return {
    read: <T>(step: Step, bytes: Buffer, at: number, end: number, decode: (value: unknown) => T): T | undefined => {
      const { memo } = step;
      for (let i = 0; i < memo.length; i++) {
        const known = memo[i];
        if (known === undefined || !has(bytes, at, known.bytes)) continue;
        after = at + known.bytes.length;
        return known.value as T;
      }
      const to = afterValue(bytes, at, end);
      after = to;
      if (to < 0) return undefined;
      const value = decode(JSON.parse(bytes.toString("utf8", at, to)));
      const first = bytes[at] ?? 0;
      if (memo.length < VALUES && (isClosed(first) || WORDS.has(first)))
        memo.push({ bytes: pattern(bytes.subarray(at, to)), value });
      return value;
    },
    skip: (step, bytes, at, end) => {
      const known = step.memo[0];
      if (known !== undefined && has(bytes, at, known.bytes)) return at + known.bytes.length;
      const to = afterValue(bytes, at, end);
      if (to >= 0 && step.misses < VALUES && to - at <= LONGEST && isClosed(bytes[at] ?? 0)) {
        step.misses += 1;
        step.memo[0] = { bytes: pattern(bytes.subarray(at, to)), value: null };
      }
      return to;
    },
    after: () => after,
  };
};
