import { hashOf, same } from "./bytes";
import { MAX_TAILS, SAID, TAIL_BUCKETS, TAIL_BYTES, TAIL_BYTES_END, TAIL_SIZE, TAILS } from "./layout";

/**
 * The end of a flow, behind its destination: type, node, event, direction and the like, in which millions of lines have a few
 * hundred variants. Known by its bytes up to and with the flow's closing brace, with all that was said in it.
 *
 * A tail is what it says (a part of `SAID`, its other places zero), the bits of its keys, the address and size of its bytes,
 * and the next tail of its bucket. The bits share a place with `SAID`'s last numbers, which no key has.
 */
const BITS: usize = 44;
const BYTES: usize = 48;
const SIZE: usize = 52;
const NEXT: usize = 56;

/** The part that is looked at to find it. */
const FROM: usize = 16;
const LENGTH: usize = 80;
/** Longer ones are not kept, nor more than so many that begin alike. */
const LONGEST: usize = 2_048;
const ALIKE: u32 = 32;

let made: u32 = 0;
let top: usize = TAIL_BYTES;

export function clearTails(): void {
  made = 0;
  top = TAIL_BYTES;
  memory.fill(TAIL_BUCKETS, 0, 4 * 4_096);
}

function bucketOf(at: usize): usize {
  return TAIL_BUCKETS + ((<usize>(hashOf(at + FROM, LENGTH, true) & 0xfff)) << 2);
}

/** The tail that stands at `at`, or zero. */
export function tailAt(at: usize): usize {
  for (let id = load<u32>(bucketOf(at)); id != 0;) {
    const tail = TAILS + <usize>id * TAIL_SIZE;
    const size = <usize>load<u32>(tail, SIZE);
    const bytes = <usize>load<u32>(tail, BYTES);
    // Those that begin alike mostly differ where they end.
    if (load<u64>(at + size - 8) == load<u64>(bytes + size - 8) && same(at, bytes, size)) return tail;
    id = load<u32>(tail, NEXT);
  }
  return 0;
}

export function bitsOfTail(tail: usize): u32 {
  return load<u32>(tail, BITS);
}

export function sizeOfTail(tail: usize): usize {
  return load<u32>(tail, SIZE);
}

/** Says what the tail says. */
export function sayTail(tail: usize): void {
  v128.store(SAID, v128.or(v128.load(SAID), v128.load(tail)));
  v128.store(SAID, v128.or(v128.load(SAID, 16), v128.load(tail, 16)), 16);
  v128.store(SAID, v128.or(v128.load(SAID, 32), v128.load(tail, 32)), 32);
  store<u32>(SAID, 0, BITS);
}

/** Keeps the bytes in `[at, end)` that said what stands under the keys in `bits`. */
export function keepTail(at: usize, end: usize, bits: u32): void {
  const size = end - at;
  if (size < 16 || size > LONGEST || made >= MAX_TAILS || top + size + 64 > TAIL_BYTES_END) return;
  const bucket = bucketOf(at);
  let alike: u32 = 0;
  for (let id = load<u32>(bucket); id != 0; alike++) id = load<u32>(TAILS + <usize>id * TAIL_SIZE, NEXT);
  if (alike >= ALIKE) return;
  made += 1;
  const tail = TAILS + <usize>made * TAIL_SIZE;
  for (let id: usize = 0; id < 22; id++)
    store<u16>(tail + 2 * id, (bits & ((<u32>1) << (<u32>id))) != 0 ? load<u16>(SAID + 2 * id) : 0);
  store<u32>(tail, bits, BITS);
  store<u32>(tail, <u32>top, BYTES);
  store<u32>(tail, <u32>size, SIZE);
  store<u32>(tail, load<u32>(bucket), NEXT);
  store<u32>(bucket, made);
  memory.copy(top, at, size);
  top = (top + size + 15) & ~15;
}
