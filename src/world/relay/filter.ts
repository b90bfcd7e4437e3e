import type { Endpoint, Flow, FlowFilter, Layer4 } from "../../hubble/proto/flow/flow.ts";

/** Whether a flow passes: in the whitelist (an empty one holds everything) and not in the blacklist (C F.3). */
export const passes = (flow: Flow, whitelist: readonly FlowFilter[], blacklist: readonly FlowFilter[]): boolean => {
  if (whitelist.length > 0 && !whitelist.some((filter) => matches(flow, filter))) return false;
  return !blacklist.some((filter) => matches(flow, filter));
};

/** Fields of one filter are ANDed, values of a field ORed. */
const matches = (flow: Flow, f: FlowFilter): boolean =>
  any(f.sourceIp, (ip) => flow.IP?.source === ip) &&
  any(f.destinationIp, (ip) => flow.IP?.destination === ip) &&
  any(f.sourcePod, (prefix) => isPod(flow.source, prefix)) &&
  any(f.destinationPod, (prefix) => isPod(flow.destination, prefix)) &&
  any(f.verdict, (verdict) => flow.verdict === verdict) &&
  any(
    f.eventType,
    (event) => flow.eventType?.type === event.type && (!event.matchSubType || flow.eventType.subType === event.subType),
  ) &&
  any(f.sourceFqdn, (name) => flow.sourceNames.includes(name)) &&
  any(f.destinationFqdn, (name) => flow.destinationNames.includes(name)) &&
  any(f.sourceLabel, (label) => hasLabel(flow.source, label)) &&
  any(f.destinationLabel, (label) => hasLabel(flow.destination, label)) &&
  any(f.protocol, (name) => protocolOf(flow).includes(name.toLowerCase())) &&
  any(f.sourcePort, (port) => portsOf(flow.l4)[0] === Number(port)) &&
  any(f.destinationPort, (port) => portsOf(flow.l4)[1] === Number(port)) &&
  any(f.reply, (reply) => flow.isReply === reply) &&
  any(f.dnsQuery, (pattern) => flow.l7?.dns !== undefined && flow.l7.dns.query.includes(pattern)) &&
  any(f.sourceIdentity, (identity) => flow.source?.identity === identity) &&
  any(f.destinationIdentity, (identity) => flow.destination?.identity === identity) &&
  any(f.nodeName, (name) => flow.nodeName === name || name === "*") &&
  any(f.sourceWorkload, (w) => hasWorkload(flow.source, w.name, w.kind)) &&
  any(f.destinationWorkload, (w) => hasWorkload(flow.destination, w.name, w.kind)) &&
  any(f.uuid, (uuid) => flow.uuid === uuid) &&
  any(f.trafficDirection, (direction) => flow.trafficDirection === direction) &&
  any(f.dropReasonDesc, (reason) => flow.dropReasonDesc === reason);

const any = <T>(wanted: readonly T[], holds: (value: T) => boolean): boolean =>
  wanted.length === 0 || wanted.some(holds);

/** `ns/prefix`, or `ns/` for all of a namespace; a name alone means the namespace `default`. */
const isPod = (end: Endpoint | undefined, prefix: string): boolean => {
  if (end === undefined || end.podName === "") return false;
  const wanted = prefix.includes("/") ? prefix : `default/${prefix}`;
  return `${end.namespace}/${end.podName}`.startsWith(wanted);
};

/** `source:key=value`, `key=value`, or a key alone. */
const hasLabel = (end: Endpoint | undefined, wanted: string): boolean =>
  end !== undefined &&
  end.labels.some((label) => {
    const bare = label.slice(label.indexOf(":") + 1);
    return [label, bare, label.split("=")[0], bare.split("=")[0]].includes(wanted);
  });

const hasWorkload = (end: Endpoint | undefined, name: string, kind: string): boolean =>
  end !== undefined && end.workloads.some((w) => (name === "" || w.name === name) && (kind === "" || w.kind === kind));

const portsOf = (l4: Layer4 | undefined): readonly [number, number] => {
  const ports = l4?.TCP ?? l4?.UDP ?? l4?.SCTP;
  return ports === undefined ? [0, 0] : [ports.sourcePort, ports.destinationPort];
};

const protocolOf = (flow: Flow): string[] => [
  ...Object.entries(flow.l4 ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [name.toLowerCase()])),
  ...(flow.l7?.dns === undefined ? [] : ["dns"]),
  ...(flow.l7?.http === undefined ? [] : ["http"]),
];
