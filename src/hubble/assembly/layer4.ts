import { CLOSE, COMMA, isDigit, OPEN, QUOTE } from "./bytes";
import { FLAGS, LAYER_4 } from "./keys";
import { letters, word } from "./text";
import { SAID, VALUES } from "./layout";
import { sizeOf, valueAt } from "./values";

/** Ports of what was read last; of ICMP its type. */
export let sourcePort: u32 = 0;
export let port: u32 = 0;

/** Where the protocol's number and the number of the flags are said. */
const PROTOCOL: usize = SAID + 2 * LAYER_4;
const FLAGS_SAID: usize = SAID + 2 * FLAGS;

const TCP: u64 = word('{"TCP":{');
const UDP: u64 = word('{"UDP":{');
const SCTP: u64 = word('{"SCTP":');
const ICMP_4: u64 = word('{"ICMPv4');
const ICMP_6: u64 = word('{"ICMPv6');
const OPENING: u64 = word('":{');
const SOURCE: u64 = word('"source_');
const PORT: u64 = word('port":');
const DESTINATION: u64 = word('"destina');
const TION_POR: u64 = word("tion_por");
const T: u64 = word('t":');
const FLAGS_KEY: u64 = word('"flags":');
const TYPE: u64 = word('"type":');
const CODE: u64 = word('"code":');

let number: u32 = 0;

/** After a number that can be a port. */
function readNumber(at: usize): usize {
  let i = at;
  number = 0;
  while (isDigit(load<u8>(i)) && i - at < 6) number = number * 10 + load<u8>(i++) - 0x30;
  if (i == at || number > 65_535) return 0;
  return load<u8>(at) == 0x30 && i > at + 1 ? 0 : i;
}

function isSourcePort(at: usize): bool {
  return load<u64>(at) == SOURCE && letters(at + 8, 6) == PORT;
}

function isDestinationPort(at: usize): bool {
  return load<u64>(at) == DESTINATION && load<u64>(at, 8) == TION_POR && letters(at + 16, 3) == T;
}

/** After `{"TCP":{…}}` with the members it may have, each once; zero for anything else. */
export function readLayer4(at: usize): usize {
  const head = load<u64>(at);
  const protocol: u32 =
    head == TCP ? 1 : head == UDP ? 2 : head == SCTP ? 3 : head == ICMP_4 ? 4 : head == ICMP_6 ? 5 : 0;
  const isIcmp = protocol >= 4;
  let i = at + 8;
  if (protocol == 3) {
    if (load<u8>(i) != OPEN) return 0;
    i += 1;
  } else if (isIcmp) {
    if (letters(i, 3) != OPENING) return 0;
    i += 3;
  } else if (protocol == 0) return 0;
  store<u16>(PROTOCOL, <u16>protocol);
  sourcePort = 0;
  port = 0;
  let seen: u32 = 0;
  while (load<u8>(i) == QUOTE) {
    let bit: u32 = 0;
    if (isIcmp) {
      const key = letters(i, 7);
      bit = key == TYPE ? 2 : key == CODE ? 4 : 0;
      if (bit == 0) return 0;
      i = readNumber(i + 7);
      if (bit == 2) port = number;
    } else if (isSourcePort(i)) {
      bit = 1;
      i = readNumber(i + 14);
      sourcePort = number;
    } else if (isDestinationPort(i)) {
      bit = 2;
      i = readNumber(i + 19);
      port = number;
    } else if (protocol == 1 && load<u64>(i) == FLAGS_KEY && load<u8>(i, 8) == OPEN) {
      bit = 4;
      const flags = valueAt(VALUES, i + 8, true);
      if (flags == 0) return 0;
      store<u16>(FLAGS_SAID, <u16>flags);
      i += 8 + sizeOf(VALUES, flags);
    }
    if (bit == 0 || i == 0 || (seen & bit) != 0) return 0;
    seen |= bit;
    if (load<u8>(i) != COMMA) break;
    i += 1;
    if (load<u8>(i) != QUOTE) return 0;
  }
  return load<u8>(i) == CLOSE && load<u8>(i, 1) == CLOSE ? i + 2 : 0;
}
