import type { PolicyRef } from "../../facts/policy.ts";
import type { DirectionVerdict, Protocol } from "../../facts/verdict.ts";
import {
  DropReason,
  Flow,
  FlowType,
  IPVersion,
  L7FlowType,
  SocketTranslationPoint,
  TraceObservationPoint,
  TrafficDirection,
  Verdict,
  type DNS,
  type Layer4,
  type Policy,
  type TCPFlags,
} from "../../hubble/proto/flow/flow.ts";
import type { WorldNode } from "../scenario/model.ts";
import type { Decision } from "./decide.ts";
import { endpointOf, ipOf, nodeOf, type End, type WorldLabels } from "./ends.ts";

/**
 * A flow without its moment: everything Hubble says of one packet of a connection but time, uuid and the client's
 * port. The same shapes serve every repetition of the connection.
 */
export interface Shape {
  readonly node: WorldNode;
  /** Milliseconds after the connection began. */
  readonly after: number;
  readonly flow: Flow;
  /** Where the client's ephemeral port stands; null: both ports are fixed, or there are none. */
  readonly clientPort: "source" | "destination" | null;
}

export interface Connection {
  readonly source: End;
  readonly destination: End;
  readonly protocol: Protocol;
  readonly port: number;
  readonly decision: Decision;
  readonly world: WorldLabels;
  /** Queries in order, when it is a DNS lookup. */
  readonly dns: readonly DnsQuestion[];
  /** What the source dialled before socket load balancing, when that is to be shown. */
  readonly dialled: { readonly ip: string; readonly port: number } | null;
  /** No reply packets: the other way is a connection of its own. */
  readonly oneWay: boolean;
  /** Show the packets after the first as well: PSH and FIN. */
  readonly long: boolean;
}

export interface DnsQuestion {
  readonly name: string;
  readonly ips: readonly string[];
}

/** Policy-verdict, trace and L7 events by number (C F.1). */
const EVENT = { drop: 1, trace: 4, verdict: 5, sock: 7, l7: 129 } as const;

type Point = "TO_ENDPOINT" | "TO_STACK" | "TO_PROXY" | "TO_NETWORK";

const FLAGS: TCPFlags = {
  FIN: false,
  SYN: false,
  RST: false,
  PSH: false,
  ACK: false,
  URG: false,
  ECE: false,
  CWR: false,
  NS: false,
};
const SYN: TCPFlags = { ...FLAGS, SYN: true };
const SYN_ACK: TCPFlags = { ...FLAGS, SYN: true, ACK: true };
const ACK_PSH: TCPFlags = { ...FLAGS, ACK: true, PSH: true };
const ACK_FIN: TCPFlags = { ...FLAGS, ACK: true, FIN: true };

/** VXLAN's port is the same both ways; what varies is a hash in the source port. ICMP has none. */
const layer4 = (protocol: Protocol, source: number, destination: number, flags: TCPFlags, reply: boolean): Layer4 => {
  const none: Layer4 = {
    TCP: undefined,
    UDP: undefined,
    ICMPv4: undefined,
    ICMPv6: undefined,
    SCTP: undefined,
    VRRP: undefined,
    IGMP: undefined,
  };
  const ports = { sourcePort: source, destinationPort: destination };
  if (protocol === "TCP") return { ...none, TCP: { ...ports, flags } };
  if (protocol === "UDP") return { ...none, UDP: ports };
  if (protocol === "SCTP") return { ...none, SCTP: ports };
  if (protocol === "ICMPv4") return { ...none, ICMPv4: { type: reply ? 0 : destination, code: 0 } };
  if (protocol === "ICMPv6") return { ...none, ICMPv6: { type: reply ? 129 : destination, code: 0 } };
  if (protocol === "VRRP") return { ...none, VRRP: { type: destination, vrid: 0, priority: 0 } };
  return { ...none, IGMP: { type: destination, groupAddress: "" } };
};

/** Every flow that one connection leaves in Hubble, on whichever nodes, in order (C F.2, F.4). */
export const shapesOf = (c: Connection): { readonly shapes: readonly Shape[]; readonly delivered: boolean } => {
  const shapes: Shape[] = [];
  const { source, destination, decision } = c;
  const { egress, ingress } = decision.verdict;
  const home = source.kind === "pod" ? source.pod.node : null;
  const far = destination.kind === "pod" ? destination.pod.node : null;
  const sameNode = home !== null && home.name === nodeOf(destination)?.name;
  const add = (
    node: WorldNode,
    after: number,
    flow: Partial<Flow>,
    how: { reply?: boolean; flags?: TCPFlags } = {},
  ): void => {
    shapes.push(packet(c, node, after, flow, how.reply ?? false, how.flags ?? SYN));
  };

  if (c.dialled !== null && home !== null) for (const flow of socketShapes(c, home)) shapes.push(flow);
  if (home !== null && decision.watched.egress) {
    add(home, 0, verdictFlow(egress, "egress"));
    if (egress.verdict === "dropped") {
      add(home, 0, dropFlow(egress, "egress"));
      return { shapes, delivered: false };
    }
  }
  const proxied = home !== null && egress.outcome === "allowed-l7";
  if (proxied) {
    add(home, 1, traceFlow("TO_PROXY", "egress"));
    for (const flow of dnsShapes(c, home, "REQUEST")) shapes.push(flow);
  }
  if (home !== null && !(sameNode && far !== null)) {
    add(home, 1, traceFlow("TO_STACK", "egress"));
    if (destination.kind === "world") add(home, 1, masqueraded(c, home));
  }
  if (far !== null) {
    if (decision.watched.ingress) {
      add(far, 2, verdictFlow(ingress, "ingress"));
      if (ingress.verdict === "dropped") {
        add(far, 2, dropFlow(ingress, "ingress"));
        return { shapes, delivered: false };
      }
    }
    add(far, 2, traceFlow("TO_ENDPOINT", "ingress"));
  }
  if (c.oneWay) return { shapes, delivered: true };

  const back = (after: number, flags: TCPFlags): void => {
    // To a pod of the same node the answer is reported by the client's own program, as its egress (C F.2.3).
    if (far !== null && !(sameNode && home !== null))
      add(far, after, traceFlow("TO_STACK", "ingress", true), { reply: true, flags });
    if (home !== null) add(home, after + 1, traceFlow("TO_ENDPOINT", "egress", true), { reply: true, flags });
  };
  back(3, SYN_ACK);
  if (c.long && c.protocol === "TCP") {
    if (far !== null) add(far, 9, traceFlow("TO_ENDPOINT", "ingress"), { flags: ACK_PSH });
    back(30, ACK_PSH);
    if (far !== null) add(far, 60, traceFlow("TO_ENDPOINT", "ingress"), { flags: ACK_FIN });
    else if (home !== null) add(home, 60, traceFlow("TO_STACK", "egress"), { flags: ACK_FIN });
  }
  if (proxied) for (const flow of dnsShapes(c, home, "RESPONSE")) shapes.push(flow);
  return { shapes, delivered: true };
};

const packet = (
  c: Connection,
  node: WorldNode,
  after: number,
  flow: Partial<Flow>,
  reply: boolean,
  flags: TCPFlags,
): Shape => {
  const [from, to] = reply ? [c.destination, c.source] : [c.source, c.destination];
  const ports = reply ? ([c.port, 0] as const) : ([0, c.port] as const);
  const hasPorts = c.protocol === "TCP" || c.protocol === "UDP" || c.protocol === "SCTP";
  const names =
    c.source.kind === "pod" && c.destination.kind === "world" && c.destination.name !== null
      ? [c.destination.name]
      : [];
  return {
    node,
    after,
    clientPort: hasPorts ? (reply ? "destination" : "source") : null,
    flow: Flow.fromPartial({
      verdict: Verdict.FORWARDED,
      Type: FlowType.L3_L4,
      nodeName: node.name,
      IP: { source: ipOf(from), destination: ipOf(to), ipVersion: IPVersion.IPv4 },
      l4: layer4(c.protocol, ports[0], ports[1], flags, reply),
      source: endpointOf(from, node, c.world),
      destination: endpointOf(to, node, c.world),
      // Known to the source endpoint's own DNS history alone (C F.2.7).
      ...(node.name === nodeOf(c.source)?.name ? (reply ? { sourceNames: names } : { destinationNames: names }) : {}),
      ...flow,
    }),
  };
};

const directionOf = (direction: "ingress" | "egress"): TrafficDirection =>
  direction === "ingress" ? TrafficDirection.INGRESS : TrafficDirection.EGRESS;

const SUB_TYPE: Readonly<Record<Point, number>> = { TO_ENDPOINT: 0, TO_PROXY: 1, TO_STACK: 3, TO_NETWORK: 11 };

/** FROM_* points never appear: monitor aggregation hides them at its default (C F.4). */
const traceFlow = (point: Point, direction: "ingress" | "egress", reply = false): Partial<Flow> => ({
  verdict: Verdict.FORWARDED,
  eventType: { type: EVENT.trace, subType: SUB_TYPE[point] },
  traceObservationPoint: TraceObservationPoint[point],
  trafficDirection: directionOf(direction),
  isReply: reply,
  reply,
});

/** The same packet after masquerading: the node's address goes out, and Hubble keeps the pod's beside it. */
const masqueraded = (c: Connection, node: WorldNode): Partial<Flow> => ({
  ...traceFlow("TO_NETWORK", "egress"),
  IP: {
    source: ipOf(c.source),
    destination: ipOf(c.destination),
    ipVersion: IPVersion.IPv4,
    encrypted: false,
    sourceXlated: node.ip,
  },
});

const policiesOf = (verdict: DirectionVerdict): Policy[] => {
  const seen = new Map<string, PolicyRef>();
  for (const { policy } of verdict.by) seen.set(`${policy.kind}/${policy.namespace ?? ""}/${policy.name}`, policy);
  return [...seen.values()].map((policy) => ({
    name: policy.name,
    namespace: policy.namespace ?? "",
    labels: [
      `k8s:io.cilium.k8s.policy.derived-from=${policy.kind}`,
      `k8s:io.cilium.k8s.policy.name=${policy.name}`,
      ...(policy.namespace === null ? [] : [`k8s:io.cilium.k8s.policy.namespace=${policy.namespace}`]),
    ],
    revision: 2,
    kind: policy.kind,
  }));
};

/** Allowed by nobody in particular: the synthesised allow-any, and nothing is named (C F.2.12). */
const verdictFlow = (verdict: DirectionVerdict, direction: "ingress" | "egress"): Partial<Flow> => {
  const base: Partial<Flow> = {
    eventType: { type: EVENT.verdict, subType: 0 },
    trafficDirection: directionOf(direction),
  };
  const policies = policiesOf(verdict);
  const side = direction === "ingress" ? "ingress" : "egress";
  if (verdict.verdict === "dropped") {
    const denied = verdict.outcome === "denied";
    return {
      ...base,
      ...dropped(denied),
      ...(denied ? { policyMatchType: 2, [`${side}DeniedBy`]: policies } : {}),
    };
  }
  return {
    ...base,
    verdict: verdict.outcome === "allowed-l7" ? Verdict.REDIRECTED : Verdict.FORWARDED,
    isReply: false,
    // All, where the allow-any matched; else identity and port, the commonest.
    policyMatchType: policies.length === 0 ? 4 : 2,
    [`${side}AllowedBy`]: policies,
    ...(verdict.outcome === "allowed-l7" ? { proxyPort: 36_379 } : {}),
  };
};

const dropped = (denied: boolean): Partial<Flow> => ({
  verdict: Verdict.DROPPED,
  dropReason: denied ? DropReason.POLICY_DENY : DropReason.POLICY_DENIED,
  dropReasonDesc: denied ? DropReason.POLICY_DENY : DropReason.POLICY_DENIED,
});

/** The drop event beside the verdict event of the same packet (C F.2.4); whether it was a reply is not known. */
const dropFlow = (verdict: DirectionVerdict, direction: "ingress" | "egress"): Partial<Flow> => ({
  ...dropped(verdict.outcome === "denied"),
  eventType: {
    type: EVENT.drop,
    subType: verdict.outcome === "denied" ? DropReason.POLICY_DENY : DropReason.POLICY_DENIED,
  },
  trafficDirection: directionOf(direction),
});

/** What the socket's program saw before and after it chose a backend: addresses from before translation. */
const socketShapes = (c: Connection, node: WorldNode): Shape[] => {
  const dialled = c.dialled ?? { ip: ipOf(c.destination), port: c.port };
  const before: End = { kind: "world", ip: dialled.ip, name: null };
  const shape = (to: End, port: number, point: SocketTranslationPoint, verdict: Verdict): Shape => ({
    node,
    after: 0,
    clientPort: null,
    flow: Flow.fromPartial({
      verdict,
      Type: FlowType.SOCK,
      nodeName: node.name,
      IP: { source: ipOf(c.source), destination: ipOf(to), ipVersion: IPVersion.IPv4 },
      l4: layer4(c.protocol, 0, port, FLAGS, false),
      source: endpointOf(c.source, node, c.world),
      destination: to === before ? {} : endpointOf(to, node, c.world),
      eventType: { type: EVENT.sock, subType: point },
      sockXlatePoint: point,
      trafficDirection: TrafficDirection.EGRESS,
    }),
  });
  return [
    shape(before, dialled.port, SocketTranslationPoint.SOCK_XLATE_POINT_PRE_DIRECTION_FWD, Verdict.TRACED),
    shape(c.destination, c.port, SocketTranslationPoint.SOCK_XLATE_POINT_POST_DIRECTION_FWD, Verdict.TRANSLATED),
  ];
};

/** Requests and answers as the DNS proxy logs them; an answer has its ends swapped and keeps its direction (C F.2.9). */
const dnsShapes = (c: Connection, node: WorldNode, half: "REQUEST" | "RESPONSE"): Shape[] =>
  c.dns.map((question, index) => {
    const answer = half === "RESPONSE";
    const dns: DNS = {
      query: `${question.name}.`,
      ips: answer ? [...question.ips] : [],
      ttl: answer && question.ips.length > 0 ? 30 : 0,
      cnames: [],
      observationSource: "proxy",
      rcode: answer && question.ips.length === 0 ? 3 : 0,
      qtypes: ["A"],
      rrtypes: answer && question.ips.length > 0 ? ["A"] : [],
    };
    return packet(
      c,
      node,
      (answer ? 5 : 1) + index * 2,
      {
        Type: FlowType.L7,
        eventType: { type: EVENT.l7, subType: 0 },
        l7: {
          type: answer ? L7FlowType.RESPONSE : L7FlowType.REQUEST,
          latencyNs: answer ? 900_000 : 0,
          dns,
          http: undefined,
        },
        trafficDirection: TrafficDirection.EGRESS,
        isReply: answer,
        reply: answer,
      },
      answer,
      FLAGS,
    );
  });
