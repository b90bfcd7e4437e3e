import { afterString, afterValue, CLOSE, COMMA, OPEN, OPEN_LIST, QUOTE } from "./bytes";
import { port, readLayer4, sourcePort } from "./layer4";
import { DESTINATION, LAYER_4, LAYER_7, NODE, SKIPPED, TIME } from "./keys";
import { MESSAGES, SAID, STEPS, VALUES } from "./layout";
import { bitOf, follow, idOf, keptOf, lastValue, setKept, setLastValue, sizeOfKey } from "./steps";
import { messagesKnown, sayMessage } from "./messages";
import { countPlaced, place } from "./tallies";
import { bitsOfTail, keepTail, sayTail, sizeOfTail, tailAt } from "./tails";
import { letters, word } from "./text";
import { hour, minuteOfHour, readTime, time } from "./time";
import { isAt, sizeOf, valueAt } from "./values";

/** Keys that say more than `SAID` holds: a tail with one of them is read every time. */
const OWN: u32 = (1 << TIME) | (1 << LAYER_4) | (1 << LAYER_7);

/** What `SAID` cannot go without. */
const NEEDED: u32 = (1 << TIME) | (1 << NODE);

const START: u64 = word('{"flow":');
const START_2: u64 = word('{"');
const NODE_KEY: u64 = word(',"node_n');
const NODE_KEY_2: u64 = word('ame":');
const TIME_KEY: u64 = word(',"time":');

let messageNow: u32 = 0;

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
  const known = messagesKnown();
  messageNow = valueAt(MESSAGES, at, true);
  if (messageNow == 0) return 0;
  const after = at + sizeOf(MESSAGES, messageNow);
  return sayMessage(messageNow, known, at, after) ? after : 0;
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
export function readLine(at: usize): usize {
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
  const hasPorts = (seen & (1 << LAYER_4)) != 0;
  if (!place(hasPorts ? sourcePort : 0, hasPorts ? port : 0)) return 0;
  countPlaced(time, hour, minuteOfHour, messageNow);
  return i;
}
