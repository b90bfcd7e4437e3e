import type { Protocol } from "../facts/verdict.ts";

/** Ports of one protocol: a range, inclusive, or a name that the pod resolves. */
export interface PortMatch {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
  /** A container port's name, lower-cased; `first` and `last` are then 0 until it is resolved (C B.6.3). */
  readonly name: string | null;
  /** The range's upper end as written; 0 for none. */
  readonly endPort: number;
  /** The number under which the agent files the port: it reads it twice, and the second time in decimal only. */
  readonly filed: number;
}

export const ALL_PORTS = { first: 0, last: 65_535 } as const;

/** IANA service name: at most 15 characters, at least one letter, no doubled or outer dashes (C B.6.3). */
export const isServiceName = (text: string): boolean =>
  text.length > 0 && text.length <= 15 && /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/.test(text) && /[a-zA-Z]/.test(text);

/** What Go's `strconv.ParseUint(text, 0, 16)` makes of a number: octal, hexadecimal and underscores included. */
export const parseGoUint16 = (text: string): { readonly value: number; readonly error: "syntax" | "range" | null } => {
  const bad = { value: 0, error: "syntax" } as const;
  let digits: string;
  let base: number;
  const prefixed = /^0([xXbBoO])((?:_?[0-9a-fA-F])+)$/.exec(text);
  if (prefixed !== null) {
    base = { x: 16, b: 2, o: 8 }[(prefixed[1] ?? "x").toLowerCase()] ?? 16;
    digits = prefixed[2] ?? "";
  } else if (/^0(?:_?[0-9])+$/.test(text)) {
    base = 8;
    digits = text.slice(1);
  } else if (/^(?:0|[1-9](?:_?[0-9])*)$/.test(text)) {
    base = 10;
    digits = text;
  } else return bad;
  digits = digits.replaceAll("_", "");
  const alphabet = { 2: /^[01]+$/, 8: /^[0-7]+$/, 10: /^[0-9]+$/, 16: /^[0-9a-fA-F]+$/ }[base];
  if (alphabet?.test(digits) !== true) return bad;
  const value = Number.parseInt(digits, base);
  return value > 65_535 ? { value: 65_535, error: "range" } : { value, error: null };
};

/** What Go's `strconv.ParseUint(text, 10, 16)` makes of it: 0 for anything but decimal digits. */
export const filedPort = (text: string): number => (/^\d+$/.test(text) ? Math.min(Number(text), 65_535) : 0);

/** The range that a start and an end port mean: an end below the start means just the start (C B.6.1). */
export const portRange = (start: number, endPort: number): { readonly first: number; readonly last: number } => {
  const end = endPort & 0xffff;
  if (start === 0 && (end === 0 || end === 65_535)) return ALL_PORTS;
  return end <= start ? { first: start, last: start } : { first: start, last: end };
};

/** `ANY`, or nothing said, is TCP, UDP and SCTP, never ICMP (C B.6.4). */
export const protocolsOf = (protocol: string): readonly Protocol[] => {
  switch (protocol.toUpperCase()) {
    case "TCP":
      return ["TCP"];
    case "UDP":
      return ["UDP"];
    case "SCTP":
      return ["SCTP"];
    case "VRRP":
      return ["VRRP"];
    case "IGMP":
      return ["IGMP"];
    default:
      return ["TCP", "UDP", "SCTP"];
  }
};

const ICMP_V4: Readonly<Record<string, number>> = {
  EchoReply: 0,
  DestinationUnreachable: 3,
  Redirect: 5,
  Echo: 8,
  EchoRequest: 8,
  RouterAdvertisement: 9,
  RouterSelection: 10,
  TimeExceeded: 11,
  ParameterProblem: 12,
  Timestamp: 13,
  TimestampReply: 14,
  Photuris: 40,
  ExtendedEchoRequest: 42,
  ExtendedEchoReply: 43,
};

const ICMP_V6: Readonly<Record<string, number>> = {
  DestinationUnreachable: 1,
  PacketTooBig: 2,
  TimeExceeded: 3,
  ParameterProblem: 4,
  EchoRequest: 128,
  EchoReply: 129,
  MulticastListenerQuery: 130,
  MulticastListenerReport: 131,
  MulticastListenerDone: 132,
  RouterSolicitation: 133,
  RouterAdvertisement: 134,
  NeighborSolicitation: 135,
  NeighborAdvertisement: 136,
  RedirectMessage: 137,
  RouterRenumbering: 138,
  ICMPNodeInformationQuery: 139,
  ICMPNodeInformationResponse: 140,
  InverseNeighborDiscoverySolicitation: 141,
  InverseNeighborDiscoveryAdvertisement: 142,
  HomeAgentAddressDiscoveryRequest: 144,
  HomeAgentAddressDiscoveryReply: 145,
  MobilePrefixSolicitation: 146,
  MobilePrefixAdvertisement: 147,
  DuplicateAddressRequestCodeSuffix: 157,
  DuplicateAddressConfirmationCodeSuffix: 158,
  ExtendedEchoRequest: 160,
  ExtendedEchoReply: 161,
};

export const icmpProtocol = (family: string): "ICMPv4" | "ICMPv6" => (family === "IPv6" ? "ICMPv6" : "ICMPv4");

/** The type's number by its CamelCase name, or null when the family has no such name (C B.6.5). */
export const icmpTypeByName = (name: string, family: string): number | null => {
  const names = family === "IPv6" ? ICMP_V6 : ICMP_V4;
  return Object.hasOwn(names, name) ? (names[name] ?? null) : null;
};

export const icmpTypeNames = (): readonly string[] => [...new Set([...Object.keys(ICMP_V4), ...Object.keys(ICMP_V6)])];
