import { labelSet } from "../facts/labels.ts";
import type { EndpointState, OwnerState, RollbackReader } from "../facts/rollback.ts";
import type { Identity } from "./connection.ts";
import { liveKustomizations, liveSources } from "./flux.ts";
import { ifAllowed, lazily, optional, required } from "./listing.ts";
import { condition, field, items, nameOf, namespaceOf, stringMap, text, texts, time } from "./objects.ts";
import { livePolicies } from "./policies.ts";

const FLUX = "/apis/kustomize.toolkit.fluxcd.io";
const SOURCES = "/apis/source.toolkit.fluxcd.io";
const KINDS = { gitrepositories: "GitRepository", ocirepositories: "OCIRepository", buckets: "Bucket" } as const;

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** A duration as Flux writes it (`1h`, `1h30m`), in milliseconds; null for what is none. */
export const duration = (written: string | null): number | null => {
  if (written === null || !/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(written)) return null;
  return [...written.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ""] ?? 0),
    0,
  );
};

const since = (object: unknown, type: string): number | null => {
  const found = items(field(object, "status", "conditions")).find((c) => field(c, "type") === type);
  return time(field(found, "lastTransitionTime"));
};

const entries = (object: unknown): OwnerState["carries"] => {
  const listed = field(object, "status", "inventory", "entries");
  return Array.isArray(listed) ? listed.flatMap((entry) => text(field(entry, "id")) ?? []) : null;
};

const ownerStates = (objects: readonly unknown[]): readonly OwnerState[] =>
  liveKustomizations(objects).map(({ id, suspended, ready, appliedRevision, source }, at): OwnerState => {
    const object = objects[at];
    return {
      id,
      suspended,
      // Older controllers have no such condition: there Ready is Unknown while a reconcile runs.
      reconciling:
        condition(object, "Reconciling").holds === true || (ready === null && since(object, "Ready") !== null),
      ready,
      appliedRevision,
      source,
      carries: entries(object),
      interval: duration(text(field(object, "spec", "interval"))),
    };
  });

/** `enforcing: false` is also what an agent leaves that does not publish its state (`--endpoint-status`); the word decides. */
const enforcing = (endpoint: unknown, direction: "ingress" | "egress"): boolean | null => {
  const said = field(endpoint, "status", "policy", direction);
  const state = field(said, "state");
  if (state === "enforcing" || field(said, "enforcing") === true) return true;
  return state === "non-enforcing" ? false : null;
};

const endpointStates = (endpoints: readonly unknown[]): readonly EndpointState[] =>
  endpoints.map((endpoint) => {
    const labels = texts(field(endpoint, "status", "identity", "labels"));
    return {
      namespace: namespaceOf(endpoint),
      name: nameOf(endpoint),
      labels: labels.length === 0 ? null : labelSet(labels),
      enforcing: { ingress: enforcing(endpoint, "ingress"), egress: enforcing(endpoint, "egress") },
    };
  });

/** What a rollback reads, with the identity that reads: five lists, each time anew. */
export const rollbackReader = (reader: Identity): RollbackReader => {
  const asReader = lazily(reader);
  return {
    scene: async () => {
      const connection = await asReader();
      const listed = await Promise.all([
        required(connection, "/api/v1/namespaces"),
        required(connection, "/apis/cilium.io/v2/ciliumnetworkpolicies"),
        optional(connection, "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies"),
        required(connection, "/apis/networking.k8s.io/v1/networkpolicies"),
        optional(connection, `${FLUX}/v1/kustomizations`, `${FLUX}/v1beta2/kustomizations`),
        ifAllowed(connection, "/apis/cilium.io/v2/ciliumendpoints"),
      ]);
      const [namespaces, own, clusterwide, vanilla, kustomizations, endpoints] = listed;
      const sources = await Promise.all(
        Object.entries(KINDS).map(async ([plural, kind]) =>
          liveSources(kind, await optional(connection, `${SOURCES}/v1/${plural}`, `${SOURCES}/v1beta2/${plural}`)),
        ),
      );
      return {
        namespaces: namespaces.map((object) => ({
          name: nameOf(object),
          labels: stringMap(field(object, "metadata", "labels")),
        })),
        policies: [
          ...livePolicies("CiliumNetworkPolicy", "cilium.io/v2", own),
          ...livePolicies("CiliumClusterwideNetworkPolicy", "cilium.io/v2", clusterwide),
          ...livePolicies("NetworkPolicy", "networking.k8s.io/v1", vanilla),
        ],
        owners: ownerStates(kustomizations),
        sources: sources.flat(),
        endpoints: endpointStates(endpoints),
      };
    },
  };
};
