import { hashAll } from "./bytes";
import { BYTES, field, number, one, payload, readField, readPair, two, type, VARINT } from "./fields";
import { FLAGS, LAYER_4, LAYER_7, NODE, SKIPPED, TIME } from "./keys";
import { keyOf, LISTS, NUMBERS } from "./wire-keys";
import { MESSAGES, SAID, VALUES } from "./layout";
import { messagesKnown, sayMessage } from "./messages";
import { place } from "./tallies";
import { setTime } from "./time";
import { pieceAt } from "./values";

/**
 * Relay's messages. What is said under a key are the bytes of its field, or of a run of the same field, with their tags: put
 * one behind the other they are a flow again, for the generated code to read.
 */
export let messageInWire: u32 = 0;

const UUID: u32 = 34;

/** 53 bits that tell this flow from every other: of its UUID, or of all that a flow without one has. */
export let print: f64 = 0;

let sourcePort: u32 = 0;
let port: u32 = 0;

/** Protocols by their field (`PROTOCOLS` in scan-keys.ts). */
function protocolOf(number: u32): u32 {
  if (number <= 2) return number;
  return number == 5 ? 3 : number == 3 ? 4 : number == 4 ? 5 : 0;
}

const HIGHEST_PORT: u64 = 65_535;
const LONGEST_FLAGS: usize = 100;

function readLayer4(at: usize, end: usize): bool {
  if (at == end) return true;
  let i = readField(at, end);
  if (i != end || type != BYTES) return false;
  const protocol = protocolOf(field);
  if (protocol == 0) return false;
  store<u16>(SAID + 2 * LAYER_4, <u16>protocol);
  const isIcmp = protocol >= 4;
  for (i = payload; i < end;) {
    const from = i;
    i = readField(i, end);
    if (i == 0) return false;
    if (field == 3 && protocol == 1 && type == BYTES) {
      if (i - from > LONGEST_FLAGS) return false;
      const flags = pieceAt(VALUES, from, i - from, true);
      if (flags == 0) return false;
      store<u16>(SAID + 2 * FLAGS, <u16>flags);
      continue;
    }
    if (field > 2 || type != VARINT || number > HIGHEST_PORT) return false;
    if (isIcmp) port = field == 1 ? <u32>number : port;
    else if (field == 1) sourcePort = <u32>number;
    else port = <u32>number;
  }
  return true;
}

function readMessage(from: usize, to: usize): bool {
  const known = messagesKnown();
  messageInWire = pieceAt(MESSAGES, from, to - from, true);
  return messageInWire != 0 && sayMessage(messageInWire, known, from, to);
}

/** Reads what stands under a key in `[from, end)`, behind its tag from `payload` on. */
function readKey(key: u32, from: usize, end: usize): bool {
  if (key == TIME) {
    if (!readPair(payload, end) || one > 0xff_ffff_ffff || two > 999_999_999) return false;
    setTime(<f64>one * 1_000 + <f64>(two / 1_000_000));
    return true;
  }
  if (key == LAYER_4) return readLayer4(payload, end);
  if (key == LAYER_7) return readMessage(from, end);
  const value = pieceAt(VALUES, from, end - from, false);
  store<u16>(SAID + ((<usize>key) << 1), <u16>value);
  return value != 0;
}

const NEEDED: u32 = (1 << TIME) | (1 << NODE);

function readFlow(at: usize, end: usize): bool {
  let uuid: usize = 0;
  let uuidSize: usize = 0;
  let seen: u32 = 0;
  let before: u32 = SKIPPED;
  let run: usize = 0;
  for (let i = at; i < end;) {
    const from = i;
    i = readField(i, end);
    if (i == 0) return false;
    if (field == UUID && type == BYTES) {
      uuid = payload;
      uuidSize = i - payload;
    }
    const key = keyOf(field);
    if (key == SKIPPED) continue;
    const bit: u32 = 1 << key;
    if (type != ((NUMBERS & bit) == 0 ? BYTES : VARINT)) return false;
    // What comes twice and is no list would have to be merged.
    if ((seen & bit) == 0) run = from;
    else if (key != before || (LISTS & bit) == 0) return false;
    seen |= bit;
    before = key;
    if (!readKey(key, run, i)) return false;
  }
  print = uuidSize == 0 ? printed(at, end - at) : printed(uuid, uuidSize);
  return (seen & NEEDED) == NEEDED;
}

function printed(at: usize, size: usize): f64 {
  return <f64>(hashAll(at, size) >> 11);
}

/** Reads a flow and finds its tally; what comes behind it is the envelope's node and time, which the flow has too. */
export function readWire(from: usize, end: usize): bool {
  const none = i64x2.splat(0);
  v128.store(SAID, none);
  v128.store(SAID, none, 16);
  v128.store(SAID, none, 32);
  messageInWire = 0;
  sourcePort = 0;
  port = 0;
  let i = readField(from, end);
  if (i == 0 || field != 1 || type != BYTES || !readFlow(payload, i)) return false;
  while (i < end) {
    i = readField(i, end);
    // Another of the kinds of which there is one.
    if (i == 0 || field <= 3) return false;
  }
  return place(sourcePort, port);
}

/** The print of a flow that was left to the generated code; zero of anything else. */
export function printOf(from: usize, end: usize): f64 {
  let i = readField(from, end);
  if (i == 0 || field != 1 || type != BYTES) return 0;
  const to = i;
  const at = payload;
  let found = printed(at, to - at);
  for (i = at; i < to;) {
    i = readField(i, to);
    if (i == 0) return 0;
    if (field == UUID && type == BYTES && i > payload) found = printed(payload, i - payload);
  }
  return found;
}
