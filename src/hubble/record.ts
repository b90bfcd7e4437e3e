import type { DnsRecord, Flow, HttpRecord, HubbleVerdict } from "../facts/flow.ts";
import type { PolicyRef } from "../facts/policy.ts";
import type { Direction, Protocol } from "../facts/verdict.ts";
import type { Interner, Sighting } from "./ends.ts";

/**
 * A flow reduced to what the reduction asks for, with ends interned. Every reader (wire, full JSON parse, byte scanner)
 * makes these, and there is one reduction: that is why the three agree.
 */
export interface FlowRecord {
  readonly time: number;
  readonly node: string;
  readonly verdict: HubbleVerdict;
  readonly type: Flow["type"];
  readonly eventType: number;
  readonly point: string | null;
  readonly direction: Direction | null;
  readonly isReply: boolean | null;
  readonly protocol: Protocol | null;
  readonly sourcePort: number;
  readonly port: number;
  /** SYN without ACK: the first packet of a connection. */
  readonly opens: boolean;
  readonly source: Sighting;
  readonly destination: Sighting;
  readonly sourceIp: string;
  readonly destinationIp: string;
  readonly sourceNames: readonly string[];
  readonly destinationNames: readonly string[];
  readonly dropReason: string | null;
  readonly egressAllowedBy: readonly PolicyRef[];
  readonly ingressAllowedBy: readonly PolicyRef[];
  readonly dns: DnsRecord | null;
  /** `DNS A example.com`, `HTTP GET`; null where nothing was parsed. */
  readonly l7: string | null;
}

/** Trace events without a point tell it by their sub-type (C F.1): 5 to 10 and 12 are FROM_*. */
export const pointOf = (said: string | null, eventType: number, subType: number): string | null => {
  if (said !== null || eventType !== 4) return said;
  return (subType >= 5 && subType <= 10) || subType === 12 ? "FROM" : "TO";
};

const httpText = (method: string, url: string, withPaths: boolean): string => {
  if (!withPaths) return `HTTP ${method}`;
  const path = URL.canParse(url) ? new URL(url).pathname : (url.split(/[?#]/)[0] ?? "");
  return `HTTP ${method} ${path}`;
};

/** A request in one line; answers say nothing that their question did not. */
export const l7Text = (dns: DnsRecord | null, http: HttpRecord | null, withPaths: boolean): string | null => {
  if (dns !== null && !dns.response) return `DNS ${dns.qtypes.join(",")} ${dns.query}`;
  return http === null || http.response ? null : httpText(http.method, http.url, withPaths);
};

/** @param httpPaths whether paths of HTTP requests are kept: they may hold what is private. */
export const recordOf = (flow: Flow, ends: Interner, httpPaths = false): FlowRecord => ({
  time: flow.time,
  node: flow.node,
  verdict: flow.verdict,
  type: flow.type,
  eventType: flow.eventType,
  point: pointOf(flow.observationPoint, flow.eventType, flow.eventSubType),
  direction: flow.direction,
  isReply: flow.isReply,
  protocol: flow.protocol,
  sourcePort: flow.sourcePort,
  port: flow.destinationPort,
  opens: flow.tcpSyn && flow.tcpAck !== true,
  source: ends.sighting(flow.source, flow.source.workload !== null),
  destination: ends.sighting(flow.destination, flow.destination.workload !== null),
  sourceIp: flow.source.ip ?? "",
  destinationIp: flow.destination.ip ?? "",
  sourceNames: flow.source.names,
  destinationNames: flow.destination.names,
  dropReason: flow.dropReason,
  egressAllowedBy: flow.egressAllowedBy,
  ingressAllowedBy: flow.ingressAllowedBy,
  dns: flow.dns,
  l7: l7Text(flow.dns, flow.http, httpPaths),
});

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const NONE: readonly never[] = [];

/** A record of nothing yet, for readers that fill one again and again. */
export const emptyRecord = (nobody: Sighting): Mutable<FlowRecord> => ({
  time: Number.NaN,
  node: "",
  verdict: "VERDICT_UNKNOWN",
  type: "UNKNOWN_TYPE",
  eventType: 0,
  point: null,
  direction: null,
  isReply: null,
  protocol: null,
  sourcePort: 0,
  port: 0,
  opens: false,
  source: nobody,
  destination: nobody,
  sourceIp: "",
  destinationIp: "",
  sourceNames: NONE,
  destinationNames: NONE,
  dropReason: null,
  egressAllowedBy: NONE,
  ingressAllowedBy: NONE,
  dns: null,
  l7: null,
});
