/** Fields of protobuf messages. Positions are addresses; zero says that a message is cut or strange. */

/** Wire types: a number, eight bytes, a length and so many bytes, four bytes. */
export const VARINT: u32 = 0;
const FIXED64: u32 = 1;
export const BYTES: u32 = 2;
const FIXED32: u32 = 5;

/** The number that was read last. */
export let number: u64 = 0;

/** After the number at `at`; zero when it does not end. */
function varint(at: usize): usize {
  const byte = <u64>load<u8>(at);
  if (byte < 0x80) {
    number = byte;
    return at + 1;
  }
  number = byte & 0x7f;
  for (let i: usize = 1; i < 10; i++) {
    const next = <u64>load<u8>(at + i);
    number |= (next & 0x7f) << (7 * i);
    if (next < 0x80) return at + i + 1;
  }
  return 0;
}

/** The field that was read last: its number and wire type, and where its bytes begin behind tag and length. */
export let field: u32 = 0;
export let type: u32 = 0;
export let payload: usize = 0;

/** After the field at `at`; zero when it is cut or has a type that nobody uses. */
export function readField(at: usize, end: usize): usize {
  let i = varint(at);
  if (i == 0 || number > 0xffff_ffff || number < 8) return 0;
  field = (<u32>number) >> 3;
  type = (<u32>number) & 7;
  payload = i;
  if (type == VARINT) i = varint(i);
  else if (type == BYTES) {
    i = varint(i);
    if (i == 0 || i > end || number > <u64>(end - i)) return 0;
    payload = i;
    i += <usize>number;
  } else if (type == FIXED64) i += 8;
  else if (type == FIXED32) i += 4;
  else return 0;
  return i > end ? 0 : i;
}

/** Two numbers, 1 and 2, of a small message and nothing else. */
export let one: u64 = 0;
export let two: u64 = 0;
export function readPair(at: usize, end: usize): bool {
  one = 0;
  two = 0;
  for (let i = at; i < end;) {
    i = readField(i, end);
    if (i == 0 || type != VARINT || field > 2) return false;
    if (field == 1) one = number;
    else two = number;
  }
  return true;
}
