import {
  type DnsRecord,
  type Flow,
  type FlowEnd,
  HUBBLE_VERDICTS as VERDICTS,
  type HttpRecord,
  type HubbleEvent,
} from "../facts/flow.ts";
import { isRecord, type Json } from "../facts/json.ts";
import { labelSet } from "../facts/labels.ts";
import type { PolicyRef } from "../facts/policy.ts";
import type { Protocol } from "../facts/verdict.ts";
import { policyRef } from "./policy-ref.ts";
import { l7Text } from "./record.ts";
import {
  dropReasonOf,
  FLOW_TYPES,
  lostSourceOf,
  nodeName,
  nodeStateNamed,
  nodeStateOf,
  plainName,
  tracePointOf,
  verdictOf,
} from "./words.ts";

/** JSON that others wrote: every value may be anything, so each is asked for by the type it should have. */
const object = (value: unknown): Json | null => (isRecord(value) ? value : null);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((v): v is string => typeof v === "string") : [];

/** 64-bit numbers come as strings (C F.5). */
const number = (value: unknown): number => {
  const n = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof n === "number" && Number.isFinite(n) && n >= 0 ? Math.trunc(n) : 0;
};

/** What is no port is none. */
const portOf = (value: unknown): number => {
  const n = number(value);
  return n > 65_535 ? 0 : n;
};

const time = (value: unknown): number | null => {
  if (typeof value !== "string") return null;
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? null : parsed;
};

/** One end's own object, `source` or `destination`: who it is, without what other keys say of it. */
export const whoFromJson = (
  value: unknown,
): Pick<FlowEnd, "identity" | "namespace" | "labels" | "pod" | "workload"> => {
  const end = object(value) ?? {};
  const workloads: unknown = end["workloads"];
  const workload = Array.isArray(workloads) ? object(workloads[0]) : null;
  return {
    identity: number(end["identity"]),
    namespace: text(end["namespace"]) || null,
    labels: labelSet(texts(end["labels"])),
    pod: text(end["pod_name"]) || null,
    workload: workload === null ? null : { kind: text(workload["kind"]), name: text(workload["name"]) },
  };
};

export const namesFromJson = (value: unknown): readonly string[] => texts(value).map(plainName);

export const addressesFromJson = (value: unknown): { readonly source: string; readonly destination: string } => {
  const ip = object(value);
  return { source: text(ip?.["source"]), destination: text(ip?.["destination"]) };
};

const endOf = (flow: Json, side: "source" | "destination"): FlowEnd => {
  const ip = addressesFromJson(flow["IP"])[side];
  const service = object(flow[`${side}_service`]);
  return {
    ...whoFromJson(flow[side]),
    ip: ip || null,
    names: namesFromJson(flow[`${side}_names`]),
    service: text(service?.["name"])
      ? { namespace: text(service?.["namespace"]), name: text(service?.["name"]) }
      : null,
  };
};

const PROTOCOLS = ["TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6", "VRRP", "IGMP"] as const satisfies readonly Protocol[];

/** TCP flags that only the first packet of a connection has. */
export const opensFromJson = (value: unknown): boolean => {
  const flags = object(value) ?? {};
  return flags["SYN"] === true && flags["ACK"] !== true;
};

const layer4 = (flow: Json): Pick<Flow, "protocol" | "sourcePort" | "destinationPort" | "tcpSyn" | "tcpAck"> => {
  const l4 = object(flow["l4"]) ?? {};
  const protocol = PROTOCOLS.find((p) => isRecord(l4[p])) ?? null;
  const header = (protocol === null ? null : object(l4[protocol])) ?? {};
  const flags = object(header["flags"]) ?? {};
  const isIcmp = protocol === "ICMPv4" || protocol === "ICMPv6";
  const isOther = protocol === "VRRP" || protocol === "IGMP";
  return {
    protocol,
    sourcePort: portOf(header["source_port"]),
    destinationPort: isOther ? 0 : portOf(header[isIcmp ? "type" : "destination_port"]),
    tcpSyn: flags["SYN"] === true,
    tcpAck: flags["ACK"] === true,
  };
};

const isResponse = (l7: Json): boolean => l7["type"] === "RESPONSE" || l7["type"] === 2;

const dnsOf = (l7: Json | null): DnsRecord | null => {
  const dns = object(l7?.["dns"]);
  if (l7 === null || dns === null) return null;
  return {
    query: plainName(text(dns["query"])),
    response: isResponse(l7),
    ips: texts(dns["ips"]),
    rcode: number(dns["rcode"]),
    qtypes: texts(dns["qtypes"]),
  };
};

const httpOf = (l7: Json | null): HttpRecord | null => {
  const http = object(l7?.["http"]);
  if (l7 === null || http === null) return null;
  return {
    response: isResponse(l7),
    code: number(http["code"]),
    method: text(http["method"]),
    url: text(http["url"]),
  };
};

/** What was parsed of a message, and its line for people. */
export const l7FromJson = (
  value: unknown,
  httpPaths: boolean,
): { readonly dns: DnsRecord | null; readonly text: string | null } => {
  const l7 = object(value);
  const dns = dnsOf(l7);
  return { dns, text: l7Text(dns, httpOf(l7), httpPaths) };
};

export const refsFromJson = (value: unknown): readonly PolicyRef[] => {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const p = object(entry);
    if (p === null) return [];
    const said = { name: text(p["name"]), namespace: text(p["namespace"]), kind: text(p["kind"]) };
    return policyRef({ ...said, labels: texts(p["labels"]) }) ?? [];
  });
};

/** `drop_reason_desc` or the older `drop_reason`: a name, or a number. */
export const dropFromJson = (value: unknown): { readonly reason: string | null; readonly code: number } => ({
  reason: typeof value === "string" && value !== "" && value !== "DROP_REASON_UNKNOWN" ? value : null,
  code: number(value),
});

const dropReason = (flow: Json): string | null => {
  const described = dropFromJson(flow["drop_reason_desc"]);
  if (described.reason !== null) return described.reason;
  const code = described.code || number(flow["drop_reason"]);
  return code === 0 ? null : dropReasonOf(code);
};

export const verdictFromJson = (value: unknown): Flow["verdict"] => {
  if (typeof value === "string") return VERDICTS.find((v) => v === value) ?? "VERDICT_UNKNOWN";
  return verdictOf(number(value));
};

export const directionFromJson = (value: unknown): Flow["direction"] => {
  if (value === "INGRESS" || value === 1) return "ingress";
  return value === "EGRESS" || value === 2 ? "egress" : null;
};

export const typeFromJson = (value: unknown): Flow["type"] => {
  if (typeof value === "number") return FLOW_TYPES[value] ?? "UNKNOWN_TYPE";
  return FLOW_TYPES.find((t) => t === value) ?? "UNKNOWN_TYPE";
};

export const pointFromJson = (value: unknown): string | null => {
  if (typeof value === "number") return value === 0 ? null : tracePointOf(value) || null;
  const name = text(value);
  return name === "" || name === "UNKNOWN_POINT" ? null : name;
};

export const nodeFromJson = (value: unknown): string => nodeName(text(value));

export const eventFromJsonValue = (value: unknown): { readonly type: number; readonly subType: number } => {
  const event = object(value);
  return { type: number(event?.["type"]), subType: number(event?.["sub_type"]) };
};

/** Null: not said, which is not "no". */
export const replyFromJson = (value: unknown): boolean | null => (typeof value === "boolean" ? value : null);

const flowOf = (flow: Json, at: number, node: string): Flow => {
  const l7 = object(flow["l7"]);
  const { type: eventType, subType: eventSubType } = eventFromJsonValue(flow["event_type"]);
  return {
    time: time(flow["time"]) ?? at,
    node: nodeFromJson(flow["node_name"]) || nodeName(node),
    uuid: text(flow["uuid"]) || null,
    verdict: verdictFromJson(flow["verdict"]),
    type: typeFromJson(flow["Type"]),
    eventType,
    eventSubType,
    observationPoint: pointFromJson(flow["trace_observation_point"]),
    direction: directionFromJson(flow["traffic_direction"]),
    // The old field cannot tell "no" from "not known", so only its "yes" is believed.
    isReply: replyFromJson(flow["is_reply"]) ?? (flow["reply"] === true ? true : null),
    ...layer4(flow),
    source: endOf(flow, "source"),
    destination: endOf(flow, "destination"),
    dns: dnsOf(l7),
    http: httpOf(l7),
    dropReason: dropReason(flow),
    policyMatchType: number(flow["policy_match_type"]),
    egressAllowedBy: refsFromJson(flow["egress_allowed_by"]),
    ingressAllowedBy: refsFromJson(flow["ingress_allowed_by"]),
    egressDeniedBy: refsFromJson(flow["egress_denied_by"]),
    ingressDeniedBy: refsFromJson(flow["ingress_denied_by"]),
  };
};

/** Keys of which a bare flow has at least one, and which stand nowhere else on the outside. */
const isBareFlow = (value: Json): boolean => "verdict" in value || "l4" in value || "IP" in value;

export type Decoded =
  | { readonly kind: "event"; readonly event: HubbleEvent }
  /** Agent and debug events of the exporter, and whatever a newer Cilium adds: read, and nothing to us. */
  | { readonly kind: "other" }
  | { readonly kind: "bad"; readonly why: string };

const bad = (why: string): Decoded => ({ kind: "bad", why });
const event = (e: HubbleEvent): Decoded => ({ kind: "event", event: e });

/**
 * One line of `hubble observe -o jsonpb` or of the exporter: wrapped as GetFlowsResponse, or the bare flow of the old
 * compatibility option (C F.5). A flow without a time can be placed in no window and is bad.
 */
export const eventFromJson = (value: unknown): Decoded => {
  const line = object(value);
  if (line === null) return bad("not a JSON object");
  const at = time(line["time"]);
  const node = text(line["node_name"]);
  const wrapped = object(line["flow"]);
  const bare = wrapped ?? (isBareFlow(line) ? line : null);
  if (bare !== null) {
    const flow = flowOf(bare, at ?? Number.NaN, node);
    return Number.isNaN(flow.time) ? bad("a flow without a time") : event({ kind: "flow", flow });
  }
  const lost = object(line["lost_events"]);
  if (lost !== null) {
    const source = lost["source"];
    const end = time(lost["last"]) ?? at;
    if (end === null) return bad("lost events without a time");
    return event({
      kind: "lost",
      lost: {
        time: end,
        from: time(lost["first"]) ?? end,
        node: nodeName(node),
        source: typeof source === "number" ? lostSourceOf(source) : text(source),
        count: number(lost["num_events_lost"]),
      },
    });
  }
  const status = object(line["node_status"]);
  if (status !== null) {
    const state = status["state_change"];
    return event({
      kind: "node-status",
      status: {
        time: at ?? 0,
        state: typeof state === "number" ? nodeStateOf(state) : nodeStateNamed(text(state)),
        nodes: texts(status["node_names"]).map(nodeName),
        message: text(status["message"]),
      },
    });
  }
  return Object.keys(line).length === 0 ? bad("an empty object") : { kind: "other" };
};
