import type { DnsRecord, Flow, FlowEnd, HttpRecord, HubbleEvent } from "../facts/flow.ts";
import { labelSet } from "../facts/labels.ts";
import type { PolicyRef } from "../facts/policy.ts";
import type { Protocol } from "../facts/verdict.ts";
import { policyRef } from "./policy-ref.ts";
import { l7Text } from "./record.ts";
import type * as wire from "./proto/flow/flow.ts";
import type { Timestamp } from "./proto/google/protobuf/timestamp.ts";
import type { GetFlowsResponse } from "./proto/observer/observer.ts";
import {
  dropReasonOf,
  FLOW_TYPES,
  lostSourceOf,
  nodeName,
  nodeStateOf,
  plainName,
  tracePointOf,
  verdictOf,
} from "./words.ts";

const time = (stamp: Timestamp | undefined): number | null =>
  stamp === undefined ? null : stamp.seconds * 1_000 + Math.floor(stamp.nanos / 1_000_000);

/** One end's own message: who it is, without what other fields say of it. */
export const whoFromProto = (
  end: wire.Endpoint | undefined,
): Pick<FlowEnd, "identity" | "namespace" | "labels" | "pod" | "workload"> => {
  const workload = end?.workloads[0];
  return {
    identity: end?.identity ?? 0,
    namespace: end === undefined || end.namespace === "" ? null : end.namespace,
    labels: labelSet(end?.labels ?? []),
    pod: end === undefined || end.podName === "" ? null : end.podName,
    workload: workload === undefined ? null : { kind: workload.kind, name: workload.name },
  };
};

const endOf = (
  end: wire.Endpoint | undefined,
  ip: string | undefined,
  names: readonly string[],
  service: wire.Service | undefined,
): FlowEnd => ({
  ...whoFromProto(end),
  ip: ip === undefined || ip === "" ? null : ip,
  names: names.map(plainName),
  service: service === undefined || service.name === "" ? null : { namespace: service.namespace, name: service.name },
});

/** What is no port is none. */
const portOf = (number: number): number => (number > 65_535 ? 0 : number);

interface Layer4 {
  readonly protocol: Protocol | null;
  readonly source: number;
  readonly destination: number;
  readonly syn: boolean;
  readonly ack: boolean;
}

const layer4 = (l4: wire.Layer4 | undefined): Layer4 => {
  const none = { source: 0, destination: 0, syn: false, ack: false };
  if (l4?.TCP !== undefined) {
    const { sourcePort, destinationPort, flags } = l4.TCP;
    const [syn, ack] = [flags?.SYN === true, flags?.ACK === true];
    return { protocol: "TCP", source: sourcePort, destination: destinationPort, syn, ack };
  }
  if (l4?.UDP !== undefined)
    return { ...none, protocol: "UDP", source: l4.UDP.sourcePort, destination: l4.UDP.destinationPort };
  if (l4?.SCTP !== undefined)
    return { ...none, protocol: "SCTP", source: l4.SCTP.sourcePort, destination: l4.SCTP.destinationPort };
  if (l4?.ICMPv4 !== undefined) return { ...none, protocol: "ICMPv4", destination: l4.ICMPv4.type };
  if (l4?.ICMPv6 !== undefined) return { ...none, protocol: "ICMPv6", destination: l4.ICMPv6.type };
  if (l4?.VRRP !== undefined) return { ...none, protocol: "VRRP" };
  if (l4?.IGMP !== undefined) return { ...none, protocol: "IGMP" };
  return { ...none, protocol: null };
};

/** L7 records of type RESPONSE (2) are answers whatever else is said (C F.2.9). */
const dnsOf = (l7: wire.Layer7 | undefined): DnsRecord | null =>
  l7?.dns === undefined
    ? null
    : {
        query: plainName(l7.dns.query),
        response: l7.type === 2,
        ips: l7.dns.ips,
        rcode: l7.dns.rcode,
        qtypes: l7.dns.qtypes,
      };

const httpOf = (l7: wire.Layer7 | undefined): HttpRecord | null =>
  l7?.http === undefined
    ? null
    : { response: l7.type === 2, code: l7.http.code, method: l7.http.method, url: l7.http.url };

/** What was parsed of a message, and its line for people. */
export const l7FromProto = (
  l7: wire.Layer7,
  httpPaths: boolean,
): { readonly dns: DnsRecord | null; readonly text: string | null } => {
  const dns = dnsOf(l7);
  return { dns, text: l7Text(dns, httpOf(l7), httpPaths) };
};

const refs = (policies: readonly wire.Policy[]): readonly PolicyRef[] =>
  policies.length === 0 ? [] : policies.flatMap((p) => policyRef(p) ?? []);

const dropReason = (flow: wire.Flow): string | null => {
  if (flow.dropReasonDesc !== 0) return dropReasonOf(flow.dropReasonDesc);
  return flow.dropReason === 0 ? null : dropReasonOf(flow.dropReason);
};

/** A flow off the wire in the Words. `at` and `node` are the envelope's, for flows that carry neither themselves. */
export const flowFromProto = (flow: wire.Flow, at = 0, node = ""): Flow => {
  const l4 = layer4(flow.l4);
  const eventType = flow.eventType?.type ?? 0;
  const point = flow.traceObservationPoint === 0 ? "" : tracePointOf(flow.traceObservationPoint);
  return {
    time: time(flow.time) ?? at,
    node: nodeName(flow.nodeName === "" ? node : flow.nodeName),
    uuid: flow.uuid === "" ? null : flow.uuid,
    verdict: verdictOf(flow.verdict),
    type: FLOW_TYPES[flow.Type] ?? "UNKNOWN_TYPE",
    eventType,
    eventSubType: flow.eventType?.subType ?? 0,
    observationPoint: point === "" ? null : point,
    direction: flow.trafficDirection === 1 ? "ingress" : flow.trafficDirection === 2 ? "egress" : null,
    // The old field cannot tell "no" from "not known", so only its "yes" is believed.
    isReply: flow.isReply ?? (flow.reply ? true : null),
    protocol: l4.protocol,
    sourcePort: portOf(l4.source),
    destinationPort: portOf(l4.destination),
    tcpSyn: l4.syn,
    tcpAck: l4.ack,
    source: endOf(flow.source, flow.IP?.source, flow.sourceNames, flow.sourceService),
    destination: endOf(flow.destination, flow.IP?.destination, flow.destinationNames, flow.destinationService),
    dns: dnsOf(flow.l7),
    http: httpOf(flow.l7),
    dropReason: dropReason(flow),
    policyMatchType: flow.policyMatchType,
    egressAllowedBy: refs(flow.egressAllowedBy),
    ingressAllowedBy: refs(flow.ingressAllowedBy),
    egressDeniedBy: refs(flow.egressDeniedBy),
    ingressDeniedBy: refs(flow.ingressDeniedBy),
  };
};

/** What the server sent, or null for a kind that only a newer one knows. */
export const eventFromProto = (response: GetFlowsResponse): HubbleEvent | null => {
  const at = time(response.time);
  if (response.flow !== undefined)
    return { kind: "flow", flow: flowFromProto(response.flow, at ?? 0, response.nodeName) };
  if (response.lostEvents !== undefined) {
    const { source, numEventsLost, first, last } = response.lostEvents;
    const end = time(last) ?? at ?? 0;
    return {
      kind: "lost",
      lost: {
        time: end,
        from: time(first) ?? end,
        node: nodeName(response.nodeName),
        source: lostSourceOf(source),
        count: numEventsLost,
      },
    };
  }
  if (response.nodeStatus !== undefined) {
    const { stateChange, nodeNames, message } = response.nodeStatus;
    return {
      kind: "node-status",
      status: { time: at ?? 0, state: nodeStateOf(stateChange), nodes: nodeNames.map(nodeName), message },
    };
  }
  return null;
};
