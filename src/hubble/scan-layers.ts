import type { Protocol } from "../facts/verdict.ts";
import { opensFromJson } from "./decode-json.ts";
import {
  afterNumber,
  afterValue,
  CLOSE,
  COMMA,
  numberIn,
  OPEN,
  has,
  pattern,
  type Pattern,
  QUOTE,
} from "./scan-bytes.ts";
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
const CASES = 32;
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

  /** Which flags are set together is one of a dozen cases. */
  const known: { readonly bytes: Pattern; readonly opens: boolean }[] = [];
  const readFlags = (bytes: Buffer, at: number, end: number): number => {
    for (let i = 0; i < known.length; i++) {
      const flags = known[i];
      if (flags === undefined || !has(bytes, at, flags.bytes)) continue;
      found.opens = flags.opens;
      return at + flags.bytes.length;
    }
    const after = bytes[at] === OPEN ? afterValue(bytes, at, end) : -1;
    if (after < 0) return -1;
    found.opens = opensFromJson(JSON.parse(bytes.toString("utf8", at, after)));
    if (known.length < CASES) known.push({ bytes: pattern(bytes.subarray(at, after)), opens: found.opens });
    return after;
  };

  const headerAt = (bytes: Buffer, at: number): (typeof HEADERS)[number] | null => {
    for (let i = 0; i < HEADERS.length; i++) {
      const header = HEADERS[i];
      if (header !== undefined && has(bytes, at, header.start)) return header;
    }
    return null;
  };

  const read = (bytes: Buffer, at: number, end: number): number => {
    const header = headerAt(bytes, at);
    if (header === null) return -1;
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
