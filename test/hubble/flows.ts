import type { Flow, FlowEnd } from "../../src/facts/flow.ts";
import { labelSet } from "../../src/facts/labels.ts";

/** Flows for tests, said in few words. */
export const T0 = Date.UTC(2026, 4, 17, 9, 0, 0);

export const pod = (namespace: string, name: string, more: Partial<FlowEnd> = {}): FlowEnd => {
  const app = name.replace(/-.*/, "");
  return {
    identity: 1000 + name.length,
    namespace,
    labels: labelSet([`k8s:app=${app}`, `k8s:io.kubernetes.pod.namespace=${namespace}`]),
    pod: name,
    workload: null,
    ip: `10.42.0.${(namespace.length * 7 + name.length * 13) % 250}`,
    names: [],
    service: null,
    ...more,
  };
};

export const deployed = (namespace: string, name: string, more: Partial<FlowEnd> = {}): FlowEnd =>
  pod(namespace, `${name}-6d9f5c7c9-x2x7k`, { workload: { kind: "Deployment", name }, ...more });

export const reserved = (name: string, ip: string, more: Partial<FlowEnd> = {}): FlowEnd => ({
  identity: 2,
  namespace: null,
  labels: [`reserved:${name}`],
  pod: null,
  workload: null,
  ip,
  names: [],
  service: null,
  ...more,
});

export const flow = (source: FlowEnd, destination: FlowEnd, port: number, more: Partial<Flow> = {}): Flow => ({
  time: T0,
  node: "worker-1",
  uuid: null,
  verdict: "FORWARDED",
  type: "L3_L4",
  eventType: 4,
  eventSubType: 3,
  observationPoint: "TO_STACK",
  direction: "egress",
  isReply: false,
  protocol: "TCP",
  sourcePort: 41_822,
  destinationPort: port,
  tcpSyn: true,
  tcpAck: false,
  source,
  destination,
  dns: null,
  http: null,
  dropReason: null,
  policyMatchType: 0,
  egressAllowedBy: [],
  ingressAllowedBy: [],
  egressDeniedBy: [],
  ingressDeniedBy: [],
  ...more,
});

/** The last hop on the destination's node. */
export const delivered = (source: FlowEnd, destination: FlowEnd, port: number, more: Partial<Flow> = {}): Flow =>
  flow(source, destination, port, {
    eventSubType: 0,
    observationPoint: "TO_ENDPOINT",
    direction: "ingress",
    node: "worker-2",
    ...more,
  });

/** A policy verdict of a new connection. */
export const verdict = (source: FlowEnd, destination: FlowEnd, port: number, more: Partial<Flow> = {}): Flow =>
  flow(source, destination, port, { eventType: 5, eventSubType: 0, observationPoint: null, ...more });

export const dropped = (source: FlowEnd, destination: FlowEnd, port: number, more: Partial<Flow> = {}): Flow =>
  flow(source, destination, port, {
    verdict: "DROPPED",
    eventType: 1,
    eventSubType: 133,
    observationPoint: null,
    isReply: null,
    dropReason: "POLICY_DENIED",
    ...more,
  });
