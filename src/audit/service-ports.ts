import type { ServiceFact, ServicePortFact } from "../facts/inventory.ts";
import type { Certainty } from "../facts/known.ts";
import type { Origin } from "../facts/policy.ts";
import type { Protocol } from "../facts/verdict.ts";
import type { Context } from "./context.ts";
import type { End } from "./ends.ts";
import { weaker } from "./rule.ts";
import { matches, readSelector } from "./selector.ts";

/** A port that a Service (or a gateway's load balancer) has, and the container port that policy sees instead. */
export interface Translated {
  readonly service: string;
  readonly port: number;
  readonly containerPort: number;
  readonly sure: Certainty;
  readonly origin: Origin | null;
}

const opens = (end: End, protocol: Protocol, port: number): boolean =>
  (end.pod?.fact.containers ?? []).some((c) => c.ports.some((p) => p.port === port && p.protocol === protocol));

const knowsPorts = (end: End): boolean => (end.pod?.fact.containers ?? []).some((c) => c.ports.length > 0);

const targetOf = (end: End, port: ServicePortFact): number | null => {
  if (port.containerPort !== null) return port.containerPort;
  if (typeof port.targetPort === "number") return port.targetPort;
  return end.endpoint.namedPorts?.[port.targetPort.toLowerCase()]?.port ?? null;
};

const picks = (service: ServiceFact, end: End): boolean => {
  const wanted = service.selector;
  if (wanted === null || service.namespace !== end.namespace || Object.keys(wanted).length === 0) return false;
  return matches(readSelector({ matchLabels: wanted }), end) === "yes";
};

/** The Services in front of an end. */
export const servicesBefore = (context: Context, end: End): readonly ServiceFact[] =>
  context.inventory.services.filter((s) => picks(s, end));

/** The gateways whose data plane an end is. */
const gatewayPorts = (context: Context, end: End): readonly Translated[] =>
  context.inventory.gateways
    .filter((g) => g.podNamespace === end.namespace && Object.keys(g.podLabels).length > 0)
    .filter((g) => matches(readSelector({ matchLabels: g.podLabels }), end) === "yes")
    .flatMap((g) =>
      g.listeners.map((l) => ({
        service: `gateway ${g.namespace}/${g.name}`,
        port: l.port,
        containerPort: l.containerPort,
        sure: g.sure,
        origin: g.origin,
      })),
    );

/** A well-known port that the pods, whose ports are known, do not open: the Service in front is not written anywhere. */
export const openedInstead = (context: Context, end: End, protocol: Protocol, port: number): readonly number[] => {
  if ((port !== 80 && port !== 443) || opens(end, protocol, port)) return [];
  if (servicesBefore(context, end).some((s) => s.ports.some((p) => targetOf(end, p) === port))) return [];
  const known = (end.pod?.fact.containers ?? []).flatMap((c) => c.ports.filter((p) => p.protocol === protocol));
  return known.some((p) => p.sure === "guess") ? [] : known.map((p) => p.port);
};

/** When this port is a Service's and no container's: which one, and what it is translated to. */
export const servicePortOf = (context: Context, end: End, protocol: Protocol, port: number): Translated | null => {
  if (opens(end, protocol, port)) return null;
  const before = servicesBefore(context, end).flatMap((service): Translated[] =>
    service.ports.flatMap((p) => {
      const containerPort = targetOf(end, p);
      if (p.port !== port || p.protocol !== protocol || containerPort === null) return [];
      const sure = knowsPorts(end) ? service.sure : weaker(service.sure, end.sure);
      return [
        { service: `Service ${service.namespace}/${service.name}`, port, containerPort, sure, origin: service.origin },
      ];
    }),
  );
  const all = [...before, ...gatewayPorts(context, end).filter((t) => t.port === port)];
  // A port that some Service passes on unchanged is a container port, said or not.
  const passedOn = [
    ...servicesBefore(context, end).flatMap((s) => s.ports.map((p) => targetOf(end, p))),
    ...gatewayPorts(context, end).map((t) => t.containerPort),
  ];
  if (all.some((t) => t.containerPort === port) || passedOn.includes(port)) return null;
  return all[0] ?? null;
};
