import type { ClusterReader } from "../facts/ports.ts";
import { connect, refusalOf, type ClusterAddress, type Connection } from "./connection.ts";
import {
  identityLabels,
  isRunning,
  itemsOf,
  kustomizationOf,
  podOf,
  policyOf,
  serviceOf,
  sourceOf,
} from "./objects.ts";

const PLURALS: Readonly<Record<string, string>> = {
  CiliumNetworkPolicy: "ciliumnetworkpolicies",
  CiliumClusterwideNetworkPolicy: "ciliumclusterwidenetworkpolicies",
};

const FLUX = { group: "kustomize.toolkit.fluxcd.io", version: "v1" } as const;
const SOURCES = { group: "source.toolkit.fluxcd.io", version: "v1" } as const;
const NETWORKING = { group: "networking.k8s.io", version: "v1" } as const;
const CILIUM = { group: "cilium.io", version: "v2" } as const;

/** A kind that this cluster does not have is a list of none, not a failure. */
const orNone = async (request: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await request();
  } catch (error) {
    if (refusalOf(error)?.code === 404) return { items: [] };
    throw error;
  }
};

/**
 * The live cluster through the official client, read only. `rollback` is the identity that access reviews and dry runs
 * ask for; without it they ask as the reader.
 */
export const clusterReader = (options: {
  readonly reader: ClusterAddress;
  readonly rollback: ClusterAddress | null;
}): ClusterReader => {
  let open: Promise<Connection> | null = null;
  let acting: Promise<Connection> | null = null;
  const reader = (): Promise<Connection> => (open ??= connect(options.reader));
  const actor = (): Promise<Connection> =>
    options.rollback === null ? reader() : (acting ??= connect(options.rollback));

  const custom = async (what: string, at: { group: string; version: string }, plural: string) => {
    const { call, custom: api } = await reader();
    return itemsOf(await call(what, () => orNone(() => api.listClusterCustomObject({ ...at, plural }))));
  };

  return {
    name: options.reader.context ?? "current context",
    pods: async () => {
      const { call, core } = await reader();
      const [pods, endpoints] = await Promise.all([
        call("list pods", () => core.listPodForAllNamespaces()),
        custom("list CiliumEndpoints", CILIUM, "ciliumendpoints"),
      ]);
      const identities = new Map(endpoints.map(identityLabels));
      return pods.items.filter(isRunning).map((pod) => podOf(pod, identities));
    },
    services: async () => {
      const { call, core } = await reader();
      return (await call("list Services", () => core.listServiceForAllNamespaces())).items.map(serviceOf);
    },
    policies: async () => {
      // All three raw: the client's own model of a NetworkPolicy renames `from`.
      const [namespaced, clusterwide, plain] = await Promise.all([
        custom("list CiliumNetworkPolicies", CILIUM, "ciliumnetworkpolicies"),
        custom("list CiliumClusterwideNetworkPolicies", CILIUM, "ciliumclusterwidenetworkpolicies"),
        custom("list NetworkPolicies", NETWORKING, "networkpolicies"),
      ]);
      return [
        ...namespaced.map((object) => policyOf("CiliumNetworkPolicy", object)),
        ...clusterwide.map((object) => policyOf("CiliumClusterwideNetworkPolicy", object)),
        ...plain.map((object) => policyOf("NetworkPolicy", object)),
      ];
    },
    kustomizations: async () => (await custom("list Kustomizations", FLUX, "kustomizations")).map(kustomizationOf),
    sources: async () => {
      const [git, oci] = await Promise.all([
        custom("list GitRepositories", SOURCES, "gitrepositories"),
        custom("list OCIRepositories", SOURCES, "ocirepositories"),
      ]);
      return [...git.map((o) => sourceOf("GitRepository", o)), ...oci.map((o) => sourceOf("OCIRepository", o))];
    },
    namespaces: async () => {
      const { call, core } = await reader();
      return (await call("list namespaces", () => core.listNamespace())).items.map((ns) => ({
        name: ns.metadata?.name ?? "",
        labels: ns.metadata?.labels ?? {},
      }));
    },
    nodes: async () => {
      const { call, core } = await reader();
      return (await call("list nodes", () => core.listNode())).items.map((node) => ({
        name: node.metadata?.name ?? "",
        addresses: (node.status?.addresses ?? []).filter((a) => a.type.endsWith("IP")).map((a) => a.address),
      }));
    },
    mayI: async ({ verb, group, resource, namespace }) => {
      const { call, authorization } = await actor();
      const answer = await call("review its own rights", () =>
        authorization.createSelfSubjectAccessReview({
          body: {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SelfSubjectAccessReview",
            spec: { resourceAttributes: { verb, group, resource, ...(namespace === null ? {} : { namespace }) } },
          },
        }),
      );
      return answer.status?.allowed === true;
    },
    dryRun: async ({ verb, kind, namespace, name, body }) => {
      const { custom: api, call } = await actor();
      const at = { ...CILIUM, namespace, plural: PLURALS[kind] ?? `${kind.toLowerCase()}s`, dryRun: "All" };
      return call(`try to ${verb} ${kind} ${namespace}/${name}`, async () => {
        try {
          if (verb === "create") await api.createNamespacedCustomObject({ ...at, body });
          else await mergePatch(api, { ...at, name, body });
          return null;
        } catch (error) {
          const refusal = refusalOf(error);
          if (refusal === null) throw error;
          return refusal.message;
        }
      });
    },
  };
};

/** The client sends JSON patches unless told otherwise. */
const mergePatch = async (
  api: Connection["custom"],
  request: Parameters<Connection["custom"]["patchNamespacedCustomObject"]>[0],
): Promise<unknown> => {
  const { setHeaderOptions, PatchStrategy } = await import("@kubernetes/client-node");
  return api.patchNamespacedCustomObject(request, setHeaderOptions("Content-Type", PatchStrategy.MergePatch));
};
