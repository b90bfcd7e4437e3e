import type { Protocol } from "../facts/verdict.ts";
import { afterNumber, afterValue, CLOSE, COMMA, numberIn, OPEN, QUOTE, has, pattern } from "./scan-bytes.ts";
import type { WordCache } from "./scan-cache.ts";

/** Each reader answers with the position after its value, or -1 when it is printed in any other way than Hubble does. */
export interface Layer4Reader {
  read(bytes: Buffer, at: number, end: number): number;
  readonly found: { protocol: Protocol; sourcePort: number; port: number; opens: boolean };
}

const HEADERS = (["TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6"] as const).map((protocol) => ({
  protocol,
  start: pattern(`{"${protocol}":{`),
  isIcmp: protocol.startsWith("ICMP"),
}));

const SOURCE_PORT = pattern('"source_port":');
const DESTINATION_PORT = pattern('"destination_port":');
const FLAGS = pattern('"flags":');
const TYPE = pattern('"type":');
const CODE = pattern('"code":');
const SYN = pattern('"SYN":true');
const ACK = pattern('"ACK":true');
const TRUE = pattern(":true");
const HIGHEST_PORT = 65_535;

export const layer4Reader = (): Layer4Reader => {
  const found: Layer4Reader["found"] = { protocol: "TCP", sourcePort: 0, port: 0, opens: false };
  let number = 0;

  const readNumber = (bytes: Buffer, at: number, end: number): number => {
    const after = afterNumber(bytes, at, end);
    if (after < 0 || after - at > 9) return -1;
    number = numberIn(bytes, at, after);
    return number > HIGHEST_PORT ? -1 : after;
  };

  const readFlags = (bytes: Buffer, at: number, end: number): number => {
    const after = afterValue(bytes, at, end);
    if (after < 0 || bytes[at] !== OPEN) return -1;
    let [syn, ack] = [false, false];
    for (let i = at + 1; i < after; i++) {
      if (bytes[i] === OPEN) return -1;
      if (bytes[i] !== QUOTE) continue;
      if (has(bytes, i, SYN)) syn = true;
      else if (has(bytes, i, ACK)) ack = true;
      // An unset flag is not printed; one that is said to be false, or said twice, is not Hubble's way.
      else if (bytes[i + 4] === QUOTE && !has(bytes, i + 5, TRUE)) return -1;
      i += 5;
    }
    found.opens = syn && !ack;
    return after;
  };

  const read = (bytes: Buffer, at: number, end: number): number => {
    const header = HEADERS.find((h) => has(bytes, at, h.start));
    if (header === undefined) return -1;
    found.protocol = header.protocol;
    found.sourcePort = 0;
    found.port = 0;
    found.opens = false;
    let i = at + header.start.length;
    let [hasSource, hasPort, hasMore] = [false, false, false];
    while (bytes[i] === QUOTE) {
      if (!header.isIcmp && !hasSource && has(bytes, i, SOURCE_PORT)) {
        i = readNumber(bytes, i + SOURCE_PORT.length, end);
        found.sourcePort = number;
        hasSource = true;
      } else if (!hasPort && has(bytes, i, header.isIcmp ? TYPE : DESTINATION_PORT)) {
        i = readNumber(bytes, i + (header.isIcmp ? TYPE : DESTINATION_PORT).length, end);
        found.port = number;
        hasPort = true;
      } else if (!hasMore && header.protocol === "TCP" && has(bytes, i, FLAGS)) {
        i = readFlags(bytes, i + FLAGS.length, end);
        hasMore = true;
      } else if (!hasMore && header.isIcmp && has(bytes, i, CODE)) {
        i = readNumber(bytes, i + CODE.length, end);
        hasMore = true;
      } else return -1;
      if (i < 0) return -1;
      if (bytes[i] !== COMMA) break;
      i += 1;
    }
    return bytes[i] === CLOSE && bytes[i - 1] !== COMMA && bytes[i + 1] === CLOSE ? i + 2 : -1;
  };

  return { read, found };
};

export interface AddressReader {
  read(bytes: Buffer, at: number, end: number): number;
  readonly found: { source: string; destination: string };
}

const SOURCE = pattern('{"source":"');
const DESTINATION = pattern(',"destination":"');
const V4 = pattern(',"ipVersion":"IPv4"}');
const V6 = pattern(',"ipVersion":"IPv6"}');

/** `{"source":"…","destination":"…","ipVersion":"…"}` and nothing else: what was masqueraded has one key more. */
export const addressReader = (words: WordCache): AddressReader => {
  const found = { source: "", destination: "" };
  const read = (bytes: Buffer, at: number, end: number): number => {
    if (!has(bytes, at, SOURCE)) return -1;
    const source = words.read(bytes, at + SOURCE.length - 1, end);
    const i = words.after();
    if (source === null || !has(bytes, i, DESTINATION)) return -1;
    const destination = words.read(bytes, i + DESTINATION.length - 1, end);
    const after = words.after();
    if (destination === null) return -1;
    found.source = source;
    found.destination = destination;
    if (bytes[after] === CLOSE) return after + 1;
    return has(bytes, after, V4) || has(bytes, after, V6) ? after + V4.length : -1;
  };
  return { read, found };
};
