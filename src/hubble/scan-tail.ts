import { has, hashOf, type Pattern, pattern } from "./scan-bytes.ts";
import { Key } from "./scan-keys.ts";

/**
 * The end of a flow, behind its destination: type, node, event, direction and the like, in which millions of lines have a few
 * hundred variants. Known by its bytes up to and with the flow's closing brace, with all that it said.
 */
export interface Tail {
  readonly bytes: Pattern;
  /** Keys it holds, one bit each. */
  readonly bits: number;
  readonly ids: readonly number[];
  readonly values: readonly unknown[];
}

export interface Tails {
  find(bytes: Buffer, at: number, end: number): Tail | null;
  keep(bytes: Buffer, from: number, to: number, bits: number, said: readonly unknown[]): void;
}

/** Keys whose values are not kept in what was said: a tail with one of them is read every time. */
const OWN = [Key.time, Key.IP, Key.l4, Key.source, Key.destination, Key.l7].reduce((bits, id) => bits | (1 << id), 0);

const FROM = 24;
const TO = 104;
const SLOTS = 4_096;
const ALIKE = 64;
const ALL = 20_000;
const LONGEST = 2_048;

export const newTails = (): Tails => {
  const slots: (Tail[] | undefined)[] = [];
  slots.length = SLOTS;
  let size = 0;
  const slotOf = (bytes: Buffer, at: number): number =>
    hashOf(bytes, Math.min(at + FROM, bytes.length), Math.min(at + TO, bytes.length)) & (SLOTS - 1);
  return {
    find: (bytes, at, end) => {
      const alike = slots[slotOf(bytes, at)];
      if (alike === undefined) return null;
      for (let i = 0; i < alike.length; i++) {
        const tail = alike[i];
        if (tail !== undefined && at + tail.bytes.length <= end && has(bytes, at, tail.bytes)) return tail;
      }
      return null;
    },
    keep: (bytes, from, to, bits, said) => {
      if ((bits & OWN) !== 0 || to - from > LONGEST || size >= ALL) return;
      const slot = slotOf(bytes, from);
      const alike = slots[slot] ?? [];
      slots[slot] = alike;
      if (alike.length >= ALIKE) return;
      const ids = said.flatMap((_, id) => ((bits & (1 << id)) === 0 ? [] : [id]));
      alike.push({ bytes: pattern(bytes.subarray(from, to)), bits, ids, values: ids.map((id) => said[id]) });
      size += 1;
    },
  };
};
