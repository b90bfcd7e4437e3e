import { afterString, afterValue, CLOSE, CLOSE_LIST, find, hashOf, OPEN, OPEN_LIST, QUOTE, same } from "./bytes";
import { MAX_MESSAGES, MAX_VALUES, MESSAGES, MESSAGES_END, VALUES, VALUES_END } from "./layout";

/**
 * Pieces of JSON, numbered from 1 as they are met: a cluster has hundreds of endpoints and millions of flows. Bytes decide,
 * never identity numbers, which Cilium uses again for others (C B.2).
 *
 * A table is `count`, `top` (where the next piece goes), `max`, `end`, `mask`, `buckets` and `entries`, four bytes each. An
 * entry is address, size, hash and the next entry of its bucket.
 */
export const MADE: usize = 0;
const TOP: usize = 4;
const MOST: usize = 8;
const LIMIT: usize = 12;
const MASK: usize = 16;
const BUCKETS: usize = 20;
export const ENTRIES: usize = 24;

/** Set when there is no room for one more: everything, or all messages, are forgotten before the next line. */
export let isFull: bool = false;
export let messagesFull: bool = false;

export function setFull(): void {
  isFull = true;
}

function makeTable(table: usize, most: u32, buckets: u32, end: usize): void {
  const entries = table + 64 + 4 * <usize>buckets;
  memory.fill(table + 64, 0, 4 * <usize>buckets);
  store<u32>(table, 0, MADE);
  store<u32>(table, <u32>(entries + 16 * (<usize>most + 1)), TOP);
  store<u32>(table, most, MOST);
  store<u32>(table, <u32>end, LIMIT);
  store<u32>(table, buckets - 1, MASK);
  store<u32>(table, <u32>(table + 64), BUCKETS);
  store<u32>(table, <u32>entries, ENTRIES);
}

export function clearMessages(): void {
  messagesFull = false;
  makeTable(MESSAGES, MAX_MESSAGES - 1, 8_192, MESSAGES_END);
}

export function clearValues(): void {
  makeTable(VALUES, MAX_VALUES - 1, 32_768, VALUES_END);
  clearMessages();
  isFull = false;
}

export function entryOf(table: usize, id: u32): usize {
  return <usize>load<u32>(table, ENTRIES) + ((<usize>id) << 4);
}

export function sizeOf(table: usize, id: u32): usize {
  return load<u32>(entryOf(table, id), 4);
}

/** Whether the value `id` stands at `at`. */
export function isAt(table: usize, id: u32, at: usize): bool {
  const entry = entryOf(table, id);
  return same(at, load<u32>(entry), load<u32>(entry, 4));
}

/** The part of a value that is looked at to find it: to its end, or to the first bracket that closes within it. */
function headEnd(at: usize): usize {
  const c = <u32>load<u8>(at);
  if (c == QUOTE) return afterString(at);
  if (c == OPEN || c == OPEN_LIST) {
    const close = find(at + 1, c == OPEN ? CLOSE : CLOSE_LIST);
    return close == 0 ? 0 : close + 1;
  }
  return afterValue(at);
}

/** The number of the value that stands at `at`; zero when it is nothing plain, or there is no room for it. */
export function valueAt(table: usize, at: usize, whole: bool): u32 {
  const head = headEnd(at);
  if (head == 0) return 0;
  const hash = hashOf(at, head - at, whole);
  const bucket = bucketOf(table, hash);
  let id = load<u32>(bucket);
  while (id != 0) {
    const entry = entryOf(table, id);
    if (load<u32>(entry, 8) == hash && same(at, load<u32>(entry), load<u32>(entry, 4))) return id;
    id = load<u32>(entry, 12);
  }
  const end = afterValue(at);
  return end == 0 ? 0 : keep(table, at, end - at, hash, bucket);
}

/** The number of the piece of bytes, whatever they are; zero when there is no room for it. */
export function pieceAt(table: usize, at: usize, size: usize, whole: bool): u32 {
  const hash = hashOf(at, size, whole);
  const bucket = bucketOf(table, hash);
  let id = load<u32>(bucket);
  while (id != 0) {
    const entry = entryOf(table, id);
    if (load<u32>(entry, 8) == hash && load<u32>(entry, 4) == <u32>size && same(at, load<u32>(entry), size)) return id;
    id = load<u32>(entry, 12);
  }
  return keep(table, at, size, hash, bucket);
}

function bucketOf(table: usize, hash: u32): usize {
  return <usize>load<u32>(table, BUCKETS) + ((<usize>(hash & load<u32>(table, MASK))) << 2);
}

function keep(table: usize, at: usize, size: usize, hash: u32, bucket: usize): u32 {
  const place = <usize>load<u32>(table, TOP);
  const next = (place + size + 15) & ~15;
  if (load<u32>(table, MADE) >= load<u32>(table, MOST) || next + 64 > <usize>load<u32>(table, LIMIT)) {
    if (table == MESSAGES) messagesFull = true;
    else isFull = true;
    return 0;
  }
  const id = load<u32>(table, MADE) + 1;
  store<u32>(table, id, MADE);
  store<u32>(table, <u32>next, TOP);
  memory.copy(place, at, size);
  const entry = entryOf(table, id);
  store<u32>(entry, <u32>place);
  store<u32>(entry, <u32>size, 4);
  store<u32>(entry, hash, 8);
  store<u32>(entry, load<u32>(bucket), 12);
  store<u32>(bucket, id);
  return id;
}
