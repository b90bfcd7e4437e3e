import type { Field, Shape } from "./schema.ts";

/**
 * The keys of a Kubernetes NetworkPolicy. Its values are checked while it is lowered: to the API server null is as good as
 * absent there, unlike in a custom resource.
 */

const decided = (shape: Shape): Field => ({ shape, treatment: "decided" });
const object = (fields: Readonly<Record<string, Shape>>): Shape => ({
  type: "object",
  fields: Object.fromEntries(Object.entries(fields).map(([key, shape]) => [key, decided(shape)])),
});
const list = (item: Shape): Shape => ({ type: "list", item });

const ANY: Shape = { type: "object", fields: {}, open: true };
const TEXT: Shape = { type: "string" };

const SELECTOR = object({
  matchLabels: { type: "map", value: TEXT },
  matchExpressions: list(object({ key: TEXT, operator: TEXT, values: list(TEXT) })),
});

const PEER = object({
  podSelector: SELECTOR,
  namespaceSelector: SELECTOR,
  ipBlock: object({ cidr: TEXT, except: list(TEXT) }),
});

const PORT = object({ protocol: TEXT, port: ANY, endPort: ANY });

export const NETWORK_POLICY_SHAPE: Shape = object({
  apiVersion: TEXT,
  kind: TEXT,
  metadata: ANY,
  status: ANY,
  spec: object({
    podSelector: SELECTOR,
    policyTypes: list(TEXT),
    ingress: list(object({ from: list(PEER), ports: list(PORT) })),
    egress: list(object({ to: list(PEER), ports: list(PORT) })),
  }),
});
