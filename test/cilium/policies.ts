import { podIdentityLabels } from "../../src/cilium/labels.ts";
import { compilePolicies, type PolicySet } from "../../src/cilium/policy-set.ts";
import type { Tables } from "../../src/cilium/tables.ts";
import type { PolicyDocument } from "../../src/facts/policy.ts";
import { type CiliumSettings, defaultSettings } from "../../src/facts/settings.ts";
import type { DirectionVerdict, Endpoint, Peer, Protocol } from "../../src/facts/verdict.ts";

/** Short ways to write policies and ends in tests. */

type Spec = Readonly<Record<string, unknown>>;

export const document = (object: unknown): PolicyDocument => ({ object, origin: null });

export const cnp = (name: string, spec: Spec, namespace = "shop"): PolicyDocument =>
  document({
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: { name, namespace },
    spec: { endpointSelector: {}, ...spec },
  });

export const ccnp = (name: string, spec: Spec): PolicyDocument =>
  document({
    apiVersion: "cilium.io/v2",
    kind: "CiliumClusterwideNetworkPolicy",
    metadata: { name },
    spec: { endpointSelector: {}, ...spec },
  });

export const networkPolicy = (name: string, spec: Spec, namespace = "shop"): PolicyDocument =>
  document({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec: { podSelector: {}, ...spec },
  });

export const pod = (app: string, namespace = "shop", namedPorts?: Endpoint["namedPorts"]): Endpoint => {
  const labels = podIdentityLabels({ podLabels: { app }, namespace });
  return namedPorts === undefined ? { labels } : { labels, namedPorts };
};

export const compile = (
  documents: readonly PolicyDocument[],
  settings: Partial<CiliumSettings> = {},
  tables: Tables = {},
): PolicySet => compilePolicies(documents, { ...defaultSettings(settings.version), ...settings }, tables);

export const egress = (
  set: PolicySet,
  subject: Endpoint,
  peer: Peer,
  port = 443,
  protocol: Protocol = "TCP",
): DirectionVerdict => set.judge({ direction: "egress", subject, peer, protocol, port });

export const ingress = (
  set: PolicySet,
  subject: Endpoint,
  peer: Peer,
  port = 443,
  protocol: Protocol = "TCP",
): DirectionVerdict => set.judge({ direction: "ingress", subject, peer, protocol, port });

export const WORLD: Peer = { labels: ["reserved:world"] };
