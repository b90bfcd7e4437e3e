import type { GatewayFact, RouteFact } from "../facts/inventory.ts";
import type { Endpoint, Peer } from "../facts/verdict.ts";
import type { Context } from "./context.ts";
import { hostMatches } from "./hostnames.ts";
import { podPeer } from "./judge.ts";
import { matches, readSelector } from "./selector.ts";

/** The data-plane pod of a gateway as an endpoint: one of the inventory's where it is known, else by its labels. */
export const gatewayEndpoint = (context: Context, gateway: GatewayFact): Endpoint | null => {
  if (Object.keys(gateway.podLabels).length === 0) return null;
  const wanted = readSelector({ matchLabels: gateway.podLabels });
  const pod = context.podsIn(gateway.podNamespace).find((p) => matches(wanted, p) === "yes");
  return pod?.endpoint ?? context.judge.endpoint(gateway.podNamespace, gateway.podLabels);
};

/** How a backend sees the gateway; null when its pods are not known. */
export const gatewayPeer = (context: Context, gateway: GatewayFact): Peer | null => {
  if (gateway.servedBy === "cilium") return { labels: ["reserved:ingress"] };
  const endpoint = gatewayEndpoint(context, gateway);
  return endpoint === null ? null : podPeer(endpoint);
};

export interface Published {
  readonly gateway: GatewayFact;
  readonly route: RouteFact | null;
  readonly containerPort: number;
}

const isHttps = (protocol: string): boolean => /^(https|tls)$/i.test(protocol);

/** The container port that a connection to a gateway's port ends on. */
export const containerPortFor = (gateway: GatewayFact, port: number): number | null =>
  (
    gateway.listeners.find((l) => l.port === port && isHttps(l.protocol)) ??
    gateway.listeners.find((l) => l.port === port)
  )?.containerPort ?? null;

/** The in-cluster gateways that serve a host name, by their routes. */
export const publishersOf = (context: Context, host: string, port: number): readonly Published[] => {
  const gateways = new Map(context.inventory.gateways.map((g) => [`${g.namespace}/${g.name}`, g]));
  return context.inventory.routes.flatMap((route) => {
    if (!route.hostnames.some((h) => hostMatches(h, host))) return [];
    return [...new Set(route.gateways)].flatMap((id): Published[] => {
      const gateway = gateways.get(id);
      const containerPort = gateway === undefined ? null : containerPortFor(gateway, port);
      return gateway === undefined || containerPort === null ? [] : [{ gateway, route, containerPort }];
    });
  });
};
