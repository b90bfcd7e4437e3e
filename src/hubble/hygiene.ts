import type { DropClass } from "../facts/edge.ts";
import type { End } from "./ends.ts";
import type { FlowRecord } from "./record.ts";

/** Why a record makes no edge. Each is counted: what is left out must be known. */
export type LeftOut =
  | "reply"
  | "socket"
  | "before-translation"
  | "debug"
  | "no-verdict"
  | "no-protocol"
  | "hairpin"
  | "icmp-error"
  | "not-governed"
  | "too-many-ports";

export type Kind = "judged" | "dropped" | "error" | LeftOut;

const isJudgedVerdict = (verdict: FlowRecord["verdict"]): boolean =>
  verdict === "FORWARDED" || verdict === "REDIRECTED" || verdict === "AUDIT";

/** ICMP errors belong to a flow that is judged itself (C D.7, G.2.4): unreachable, quench, time exceeded, parameter. */
const isIcmpError = ({ protocol, port }: FlowRecord): boolean =>
  protocol === "ICMPv4"
    ? port === 3 || port === 4 || port === 11 || port === 12
    : protocol === "ICMPv6" && port >= 1 && port <= 4;

/**
 * What a record may say. Judged are FORWARDED, REDIRECTED and AUDIT after service translation: TO_* traces, policy verdicts
 * and L7 requests; FROM_* points and sockets stand before it and carry addresses no policy ever sees (C D.1, G.2).
 */
export const kindOf = (flow: FlowRecord): Kind => {
  if (flow.type === "SOCK" || flow.eventType === 7 || flow.verdict === "TRACED" || flow.verdict === "TRANSLATED")
    return "socket";
  if (flow.eventType === 2 || flow.eventType === 3) return "debug";
  if (flow.isReply === true) return "reply";
  if (flow.protocol === null) return "no-protocol";
  if (isIcmpError(flow)) return "icmp-error";
  if (flow.verdict === "DROPPED") return "dropped";
  if (flow.verdict === "ERROR") return "error";
  if (!isJudgedVerdict(flow.verdict)) return "no-verdict";
  if (flow.point !== null && flow.point.startsWith("FROM")) return "before-translation";
  return "judged";
};

/** Linux hands out client ports from here on; Kubernetes' node ports end below. */
const EPHEMERAL = 32_768;

/** Whether its ports decide if it is a late answer. */
export const mayBeStray = ({ opens, protocol }: FlowRecord): boolean =>
  !opens && (protocol === "TCP" || protocol === "UDP" || protocol === "SCTP");

/**
 * Looks like an answer whose connection Cilium no longer knew: towards a client's port, no SYN, and not known to be a reply.
 * It keeps the server's port, so that a reader of the whole window can see whose answer it was.
 */
export const isStray = (flow: FlowRecord): boolean => {
  if (flow.port < EPHEMERAL || flow.sourcePort === 0 || !mayBeStray(flow)) return false;
  return flow.sourcePort < EPHEMERAL || flow.isReply === null;
};

/** A pod that reaches itself through its own service is exempt (C D.8). */
export const isHairpin = (flow: FlowRecord, source: End, destination: End): boolean =>
  source === destination &&
  ((flow.source.pod !== null && flow.source.pod === flow.destination.pod) ||
    (flow.sourceIp !== "" && flow.sourceIp === flow.destinationIp));

const POLICY = new Set(["POLICY_DENIED", "POLICY_DENY", "AUTH_REQUIRED"]);
const START_UP = new Set([
  "DROP_EP_NOT_READY",
  "DROP_HOST_NOT_READY",
  "NO_CONFIGURATION_AVAILABLE_TO_PERFORM_POLICY_DECISION",
  "MISSED_TAIL_CALL",
  "INVALID_IDENTITY",
]);
/** Kernel chatter that no policy could allow: multicast housekeeping, foreign link layers, forged sources. */
const NOISE = new Set([
  "UNSUPPORTED_L2_PROTOCOL",
  "UNSUPPORTED_L3_PROTOCOL",
  "UNKNOWN_ICMPV6_CODE",
  "UNKNOWN_ICMPV6_TYPE",
  "FORBIDDEN_ICMPV6_MESSAGE",
  "IGMP_HANDLED",
  "IGMP_SUBSCRIBED",
  "MULTICAST_HANDLED",
  "VLAN_FILTERED",
]);
const MULTICAST = /^(?:22[4-9]|23\d)\.|^255\.255\.255\.255$|^ff[0-9a-f]{2}:/i;

/**
 * What a drop is about. A policy drop is never noise; one at an endpoint that has no identity yet is start-up, a class of its
 * own, because what fails there fails again at every restart (lesson 33). A reason nobody knows is the datapath's.
 */
export const dropClass = (flow: FlowRecord): DropClass => {
  const reason = flow.dropReason ?? "";
  const isInit = [flow.source, flow.destination].some((end) => end.labels.includes("reserved:init"));
  if (START_UP.has(reason) || isInit) return "start-up";
  if (POLICY.has(reason) || flow.type === "L7") return "policy";
  if (NOISE.has(reason)) return "noise";
  const isUnparsed = reason === "CT_UNKNOWN_L4_PROTOCOL" || reason === "UNKNOWN_L4_PROTOCOL";
  return isUnparsed && MULTICAST.test(flow.destinationIp) ? "noise" : "datapath";
};

/** The reason as it is counted; a proxy's refusal has none of the datapath's. */
export const dropReason = (flow: FlowRecord): string =>
  flow.dropReason ?? (flow.type === "L7" ? "L7_DENIED" : "DROP_REASON_UNKNOWN");
