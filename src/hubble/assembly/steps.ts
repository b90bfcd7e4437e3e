import { afterString, BACKSLASH, COLON, same, UNICODE } from "./bytes";
import { MAX_STEPS, STEP_SIZE, STEPS } from "./layout";
import { key } from "./host";

/**
 * Keys as they were met in lines before, and which keys came after which: lines of one kind have their keys in one order.
 *
 * A step is the address and size of `"key":`, its number (`Key`, zero for one that is passed over), its bit, how many keys
 * followed it, the value last met under it, and the steps that followed, two bytes each. The first 48 bytes of the key lie
 * in it.
 */
const KEY: usize = 80;
const KEY_ROOM: usize = 48;
const FOLLOWERS: usize = 32;
const MOST_FOLLOWERS: u32 = 16;

let made: u32 = 1;

export function sizeOfKey(step: usize): usize {
  return load<u32>(step, 4);
}

export function idOf(step: usize): u32 {
  return load<u32>(step, 8);
}

export function bitOf(step: usize): u32 {
  return load<u32>(step, 12);
}

/** The value that stood last under this key. */
export function lastValue(step: usize): u32 {
  return load<u32>(step, 20);
}

export function setLastValue(step: usize, value: u32): void {
  store<u32>(step, value, 20);
}

/** Values under this key that were kept, though nobody reads them. */
export function keptOf(step: usize): u32 {
  return load<u32>(step, 24);
}

export function setKept(step: usize, kept: u32): void {
  store<u32>(step, kept, 24);
}

/** What was remembered of values is gone. */
export function forgetValues(): void {
  for (let i: u32 = 0; i < made; i++) {
    setLastValue(STEPS + <usize>i * STEP_SIZE, 0);
    setKept(STEPS + <usize>i * STEP_SIZE, 0);
  }
}

/** The step whose key opens at `at`; zero when it is no plain key. */
export function follow(step: usize, at: usize): usize {
  const followers = load<u32>(step, 16);
  for (let i: u32 = 0; i < followers; i++) {
    const next = STEPS + <usize>load<u16>(step + FOLLOWERS + ((<usize>i) << 1)) * STEP_SIZE;
    if (same(at, next + KEY, sizeOfKey(next))) return next;
  }
  return learn(step, at);
}

function hasUnicode(at: usize, end: usize): bool {
  for (let i = at; i < end; i++) if (load<u8>(i) == BACKSLASH && load<u8>(i, 1) == UNICODE) return true;
  return false;
}

function learn(step: usize, at: usize): usize {
  const colon = afterString(at);
  if (colon == 0 || load<u8>(colon) != COLON) return 0;
  const size = colon + 1 - at;
  // A known key may hide behind `\u`.
  if (size > KEY_ROOM || hasUnicode(at, colon)) return 0;
  let next: u32 = 1;
  for (; next < made; next++) {
    const known = STEPS + <usize>next * STEP_SIZE;
    if (sizeOfKey(known) == size && same(at, known + KEY, size)) break;
  }
  const found = STEPS + <usize>next * STEP_SIZE;
  if (next == made) {
    if (made >= MAX_STEPS) return 0;
    made += 1;
    const id = key(at + 1, colon - 1);
    store<u32>(found, <u32>size, 4);
    store<u32>(found, id, 8);
    store<u32>(found, id == 0 ? 0 : 1 << id, 12);
    memory.copy(found + KEY, at, size);
  }
  const followers = load<u32>(step, 16);
  if (followers < MOST_FOLLOWERS) {
    store<u16>(step + FOLLOWERS + ((<usize>followers) << 1), <u16>next);
    store<u32>(step, followers + 1, 16);
  }
  return found;
}
