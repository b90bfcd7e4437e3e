import { mix } from "./bytes";
import { kind, settle } from "./host";
import {
  ASKED,
  ASKED_BUCKETS,
  ASKED_SIZE,
  CLASSES,
  KIND_BUCKETS,
  KIND_SIZE,
  KINDS,
  LASTS,
  MAX_ASKED,
  MAX_KINDS,
  MAX_TALLIES,
  MINUTES,
  NODE_SIZE,
  SAID,
  TALLIES,
  TALLY_BUCKETS,
  TALLY_SIZE,
  TOUCHED,
} from "./layout";
import { setFull } from "./values";

/**
 * What is counted of one hour. A *kind* is everything a line says but its time, its ports and its message; JavaScript knows
 * what it means. A *tally* is a kind with those ports that matter to it: how many lines, and when first and last.
 *
 * A kind is its 48 bytes of `SAID`, the ports and tally it had last, how it is counted, and the next kind of its bucket. A
 * tally is kind, ports, count and next of its bucket, then first and last. What was *asked* is tally and message, and the
 * next of its bucket.
 */
const LAST_PORTS: usize = 48;
const LAST_TALLY: usize = 52;
const HOW: usize = 56;
const NEXT_KIND: usize = 60;

/** How a kind is counted; the node stands above them. */
const UNFIT: u32 = 1;
const PORTS_MATTER: u32 = 2;
const MAY_BE_STRAY: u32 = 4;
const NODE: u32 = 8; // bits

/** Behind a node's minutes. */
const ALL: usize = 240;

/** What a message is (`CLASSES`). */
const ASKS: u32 = 4;

const EPHEMERAL: u32 = 32_768;
const DNS: u32 = 53;

let kinds: u32 = 0;
let tallies: u32 = 0;
/** The hour that is being counted. */
export let current: f64 = NaN;
export let touched: u32 = 0;
export let asked: u32 = 0;

export function clearTallies(): void {
  kinds = 0;
  tallies = 0;
  touched = 0;
  memory.fill(KIND_BUCKETS, 0, 4 * 65_536);
  memory.fill(TALLY_BUCKETS, 0, 4 * 131_072);
  clearAsked();
}

function clearAsked(): void {
  asked = 0;
  memory.fill(ASKED_BUCKETS, 0, 4 * 131_072);
}

function saidBucket(): usize {
  const one = mix(mix(mix(1, load<u64>(SAID)), load<u64>(SAID, 8)), load<u64>(SAID, 16));
  const two = mix(mix(mix(2, load<u64>(SAID, 24)), load<u64>(SAID, 32)), load<u64>(SAID, 40));
  return KIND_BUCKETS + ((<usize>(mix(one, two) & 0xffff)) << 2);
}

/** The kind of line that `SAID` tells of; zero when there is no room. */
function kindNow(): usize {
  const bucket = saidBucket();
  const one = v128.load(SAID);
  const two = v128.load(SAID, 16);
  const three = v128.load(SAID, 32);
  for (let id = load<u32>(bucket); id != 0;) {
    const at = KINDS + <usize>id * KIND_SIZE;
    const differ = v128.or(
      v128.or(v128.xor(v128.load(at), one), v128.xor(v128.load(at, 16), two)),
      v128.xor(v128.load(at, 32), three),
    );
    if (!v128.any_true(differ)) return at;
    id = load<u32>(at, NEXT_KIND);
  }
  if (kinds >= MAX_KINDS) {
    setFull();
    return 0;
  }
  kinds += 1;
  const at = KINDS + <usize>kinds * KIND_SIZE;
  v128.store(at, one);
  v128.store(at, two, 16);
  v128.store(at, three, 32);
  store<u32>(at, 0, LAST_TALLY);
  store<u32>(at, kind(kinds), HOW);
  store<u32>(at, load<u32>(bucket), NEXT_KIND);
  store<u32>(bucket, kinds);
  return at;
}

function tallyOf(kindId: u32, ports: u32): u32 {
  const hash = mix(<u64>kindId, (<u64>ports) << 16);
  const bucket = TALLY_BUCKETS + ((<usize>(hash & 0x1_ffff)) << 2);
  for (let id = load<u32>(bucket); id != 0;) {
    const at = TALLIES + <usize>id * TALLY_SIZE;
    if (load<u32>(at) == kindId && load<u32>(at, 4) == ports) return id;
    id = load<u32>(at, 12);
  }
  if (tallies >= MAX_TALLIES) {
    setFull();
    return 0;
  }
  tallies += 1;
  const at = TALLIES + <usize>tallies * TALLY_SIZE;
  store<u32>(at, kindId);
  store<u32>(at, ports, 4);
  store<u32>(at, 0, 8);
  store<u32>(at, load<u32>(bucket), 12);
  store<u32>(bucket, tallies);
  return tallies;
}

function ask(tally: u32, message: u32): void {
  const key = (tally << 13) | message;
  const bucket = ASKED_BUCKETS + ((<usize>(mix(0, key) & 0x1_ffff)) << 2);
  for (let id = load<u32>(bucket); id != 0;) {
    const at = ASKED + <usize>id * ASKED_SIZE;
    if (load<u32>(at) == key) return;
    id = load<u32>(at, 4);
  }
  asked += 1;
  const at = ASKED + <usize>asked * ASKED_SIZE;
  store<u32>(at, key);
  store<u32>(at, load<u32>(bucket), 4);
  store<u32>(bucket, asked);
}

/** The tally of what was placed last, and the node it came from. */
let placed: u32 = 0;
export let nodeNow: u32 = 0;

/** Finds the tally for what `SAID` tells; false when the full parse has to look. */
export function place(sourcePort: u32, port: u32): bool {
  const at = kindNow();
  if (at == 0) return false;
  const how = load<u32>(at, HOW);
  if ((how & UNFIT) != 0) return false;
  let ports: u32;
  if ((how & PORTS_MATTER) == 0) ports = port == DNS ? DNS : 0;
  else if (port < EPHEMERAL || (how & MAY_BE_STRAY) == 0) ports = port;
  else ports = port | (sourcePort << 16);
  let id = load<u32>(at, LAST_TALLY);
  if (id == 0 || load<u32>(at, LAST_PORTS) != ports) {
    id = tallyOf(<u32>((at - KINDS) / KIND_SIZE), ports);
    if (id == 0) return false;
    store<u32>(at, id, LAST_TALLY);
    store<u32>(at, ports, LAST_PORTS);
  }
  placed = id;
  nodeNow = how >> NODE;
  return true;
}

/** Counts what was placed last. */
export function countPlaced(time: f64, hour: f64, minute: u32, message: u32): void {
  if (hour != current) {
    turn();
    current = hour;
  }
  if (message != 0) {
    const seen = LASTS + ((<usize>message) << 3);
    store<f64>(seen, max(load<f64>(seen), time));
    if ((load<u8>(CLASSES + message) & ASKS) != 0) {
      if (asked >= MAX_ASKED) turn();
      ask(placed, message);
    }
  }
  const at = TALLIES + <usize>placed * TALLY_SIZE;
  const count = load<u32>(at, 8);
  if (count == 0) {
    store<u32>(TOUCHED + ((<usize>touched) << 2), placed);
    touched += 1;
    store<f64>(at, time, 16);
    store<f64>(at, time, 24);
  } else {
    store<f64>(at, min(load<f64>(at, 16), time), 16);
    store<f64>(at, max(load<f64>(at, 24), time), 24);
  }
  store<u32>(at, count + 1, 8);
  const node = MINUTES + <usize>nodeNow * NODE_SIZE;
  store<u32>(node, load<u32>(node, ALL) + 1, ALL);
  const seen = node + ((<usize>minute) << 2);
  store<u32>(seen, load<u32>(seen) + 1);
}

/** Hands over what was counted; what is known of kinds and tallies stays. */
export function turn(): void {
  if (touched == 0) return;
  settle();
  for (let i: u32 = 0; i < touched; i++)
    store<u32>(TALLIES + <usize>load<u32>(TOUCHED + ((<usize>i) << 2)) * TALLY_SIZE, 0, 8);
  touched = 0;
  if (asked > 0) clearAsked();
}
