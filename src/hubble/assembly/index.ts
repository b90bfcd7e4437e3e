import { afterString, afterValue, CLOSE, COMMA, makeMasks, newline, OPEN, OPEN_LIST, QUOTE } from "./bytes";
import { forget as told, message, parse, settle } from "./host";
import { port, readLayer4, sourcePort } from "./layer4";
import { CLASSES, END, MESSAGES, SAID, STEPS, VALUES } from "./layout";
import { bitOf, follow, forgetValues, idOf, keptOf, lastValue, setKept, setLastValue, sizeOfKey } from "./steps";
import { asked, clearCounts, clearTallies, tally, touched } from "./tallies";
import { bitsOfTail, clearTails, keepTail, sayTail, sizeOfTail, tailAt } from "./tails";
import { letters, word } from "./text";
import { hour, minuteOfHour, readTime, time } from "./time";
import { clearValues, isAt, isFull, MADE, sizeOf, valueAt } from "./values";

export { ASKED, MINUTES, SAID, TALLIES, TOUCHED, VALUES, WINDOW, WINDOW_SIZE } from "./layout";
export { asked, touched } from "./tallies";

/** Keys that are not plain values (`Key` in scan-keys.ts). */
const SKIPPED: u32 = 0;
const TIME: u32 = 1;
const LAYER_4: u32 = 4;
const DESTINATION: u32 = 6;
const NODE: u32 = 8;
const LAYER_7: u32 = 20;

/** Keys that say more than `SAID` holds: a tail with one of them is read every time. */
const OWN: u32 = (1 << TIME) | (1 << LAYER_4) | (1 << LAYER_7);

/** What `SAID` cannot go without. */
const NEEDED: u32 = (1 << TIME) | (1 << NODE);

const START: u64 = word('{"flow":');
const START_2: u64 = word('{"');
const NODE_KEY: u64 = word(',"node_n');
const NODE_KEY_2: u64 = word('ame":');
const TIME_KEY: u64 = word(',"time":');

/** The hour that is being counted. */
export let current: f64 = NaN;
/** Lines and flows since `begin`, and the first and last time of a flow. */
export let lines: u32 = 0;
export let flows: u32 = 0;
export let first: f64 = Infinity;
export let last: f64 = -Infinity;

let messageNow: u32 = 0;

/** Counts lines and flows anew. */
export function begin(): void {
  lines = 0;
  flows = 0;
  first = Infinity;
  last = -Infinity;
}

/** Hands over what was counted. */
export function turn(): void {
  if (touched == 0) return;
  settle();
  clearCounts();
}

function forget(): void {
  turn();
  clearTallies();
  clearValues();
  clearTails();
  forgetValues();
  told();
}

/** The envelope's own node and time: the flow has both, so they need only be whole. */
function afterEnvelope(at: usize): usize {
  let i = at;
  if (load<u64>(i) == NODE_KEY && letters(i + 8, 5) == NODE_KEY_2) {
    i = afterString(i + 13);
    if (i == 0) return 0;
  }
  if (load<u64>(i) == TIME_KEY) {
    i = afterString(i + 8);
    if (i == 0) return 0;
  }
  if (load<u8>(i) != CLOSE) return 0;
  const next = <u32>load<u8>(i, 1);
  if (next == 0x0a) return i + 2;
  return next == 0x0d && load<u8>(i, 2) == 0x0a ? i + 3 : 0;
}

/** Values of a key nobody reads are mostly new every time, or mostly one: a few are kept to see which. */
const KEPT: u32 = 8;

function skip(step: usize, at: usize): usize {
  const known = lastValue(step);
  if (known != 0 && isAt(VALUES, known, at)) return at + sizeOf(VALUES, known);
  const after = afterValue(at);
  if (after == 0 || keptOf(step) >= KEPT) return after;
  const c = <u32>load<u8>(at);
  if (c != OPEN && c != OPEN_LIST && c != QUOTE) return after;
  setKept(step, keptOf(step) + 1);
  setLastValue(step, valueAt(VALUES, at, false));
  return after;
}

function readMessage(at: usize): usize {
  const before = load<u32>(MESSAGES, MADE);
  const id = valueAt(MESSAGES, at, true);
  if (id == 0) return 0;
  const after = at + sizeOf(MESSAGES, id);
  if (id > before) store<u8>(CLASSES + id, <u8>message(id, at, after));
  store<u16>(SAID + 2 * LAYER_7, load<u8>(CLASSES + id));
  messageNow = id;
  return after;
}

function isWhole(first: u32): bool {
  return first == QUOTE || first == OPEN || first == OPEN_LIST;
}

function readValue(step: usize, id: u32, at: usize): usize {
  const slot = SAID + ((<usize>id) << 1);
  let value = lastValue(step);
  if (value == 0 || !isAt(VALUES, value, at)) {
    value = valueAt(VALUES, at, false);
    if (value == 0) return 0;
    if (isWhole(load<u8>(at))) setLastValue(step, value);
  }
  store<u16>(slot, <u16>value);
  return at + sizeOf(VALUES, value);
}

function read(step: usize, id: u32, at: usize): usize {
  if (id == SKIPPED) return skip(step, at);
  if (id == TIME) return readTime(at);
  if (id == LAYER_4) return readLayer4(at);
  if (id == LAYER_7) return readMessage(at);
  return readValue(step, id, at);
}

/** The position after the line at `at`, counted; zero when it is for the full parse. */
function line(at: usize): usize {
  if (load<u64>(at) != START || letters(at + 8, 2) != START_2) return 0;
  const none = i64x2.splat(0);
  v128.store(SAID, none);
  v128.store(SAID, none, 16);
  v128.store(SAID, none, 32);
  messageNow = 0;
  let seen: u32 = 0;
  let before: u32 = 0;
  let tail: usize = 0;
  let step = STEPS;
  let i = at + 9;
  while (true) {
    step = follow(step, i);
    if (step == 0 || (seen & bitOf(step)) != 0) return 0;
    seen |= bitOf(step);
    i = read(step, idOf(step), i + sizeOfKey(step));
    if (i == 0) return 0;
    const next = <u32>load<u8>(i);
    i += 1;
    if (next == CLOSE) break;
    if (next != COMMA) return 0;
    if (idOf(step) != DESTINATION) continue;
    before = seen;
    const known = tailAt(i);
    if (known == 0) {
      tail = i;
      continue;
    }
    if ((seen & bitsOfTail(known)) != 0) return 0;
    seen |= bitsOfTail(known);
    sayTail(known);
    i += sizeOfTail(known);
    break;
  }
  if (tail != 0 && (seen & ~before & OWN) == 0) keepTail(tail, i, seen & ~before);
  if ((seen & NEEDED) != NEEDED) return 0;
  i = afterEnvelope(i);
  if (i == 0) return 0;
  if (hour != current) {
    turn();
    current = hour;
  }
  const hasPorts = (seen & (1 << LAYER_4)) != 0;
  if (!tally(time, minuteOfHour, hasPorts ? sourcePort : 0, hasPorts ? port : 0, messageNow)) return 0;
  flows += 1;
  first = min(first, time);
  last = max(last, time);
  return i;
}

/** Reads whole lines in `[from, end)`. Returns where the first unfinished one begins. */
export function scan(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const next = line(at);
    if (next != 0) {
      lines += 1;
      at = next;
      continue;
    }
    const stop = newline(at, end);
    if (isFull) forget();
    if (stop == end) return at;
    lines += 1;
    parse(at, stop);
    at = stop + 1;
  }
  return at;
}

/** Every whole line for the full parse. Returns where the unfinished one begins. */
export function split(from: usize, end: usize): usize {
  let at = from;
  while (at < end) {
    const stop = newline(at, end);
    if (stop == end) return at;
    lines += 1;
    parse(at, stop);
    at = stop + 1;
  }
  return at;
}

if (END > (<usize>memory.size()) << 16) unreachable();
makeMasks();
clearTallies();
clearValues();
