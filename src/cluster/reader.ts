import { OperatorError } from "../facts/errors.ts";
import type { ClusterReader, LivePolicy } from "../facts/ports.ts";
import type { Connection, Identity, Reply } from "./connection.ts";
import { liveEndpoints } from "./endpoints.ts";
import { liveKustomizations, liveSources } from "./flux.ts";
import { ifAllowed, lazily, messageOf, optional, outside, required } from "./listing.ts";
import { field, items, nameOf, stringMap, text } from "./objects.ts";
import { livePods } from "./pods.ts";
import { livePolicies } from "./policies.ts";
import { liveServices } from "./services.ts";

export type { Identity } from "./connection.ts";

/** Kinds that a rollback touches, and where the API server keeps them. */
const PLACES: Readonly<
  Record<string, { readonly base: string; readonly plural: string; readonly namespaced: boolean }>
> = {
  CiliumNetworkPolicy: { base: "/apis/cilium.io/v2", plural: "ciliumnetworkpolicies", namespaced: true },
  CiliumClusterwideNetworkPolicy: {
    base: "/apis/cilium.io/v2",
    plural: "ciliumclusterwidenetworkpolicies",
    namespaced: false,
  },
  NetworkPolicy: { base: "/apis/networking.k8s.io/v1", plural: "networkpolicies", namespaced: true },
  Kustomization: { base: "/apis/kustomize.toolkit.fluxcd.io/v1", plural: "kustomizations", namespaced: true },
};
const FLUX_SOURCES = { gitrepositories: "GitRepository", ocirepositories: "OCIRepository", buckets: "Bucket" } as const;

/**
 * The live cluster, read only. `rollback` is the second identity that reviews and dry runs ask about; nothing here ever
 * changes an object. Methods throw OperatorError("outside") when the server cannot be reached or refuses, and
 * OperatorError("input") when the kubeconfig is the trouble.
 */
export const clusterReader = ({
  reader,
  rollback,
}: {
  readonly reader: Identity;
  readonly rollback: Identity | null;
}): ClusterReader => {
  const asReader = lazily(reader);
  const asRollback = rollback === null ? null : lazily(rollback);
  const policies = async (): Promise<readonly LivePolicy[]> => {
    const connection = await asReader();
    const [own, clusterwide, vanilla] = await Promise.all([
      optional(connection, "/apis/cilium.io/v2/ciliumnetworkpolicies"),
      optional(connection, "/apis/cilium.io/v2/ciliumclusterwidenetworkpolicies"),
      required(connection, "/apis/networking.k8s.io/v1/networkpolicies"),
    ]);
    return [
      ...livePolicies("CiliumNetworkPolicy", "cilium.io/v2", own),
      ...livePolicies("CiliumClusterwideNetworkPolicy", "cilium.io/v2", clusterwide),
      ...livePolicies("NetworkPolicy", "networking.k8s.io/v1", vanilla),
    ];
  };
  return {
    name: "server" in reader ? reader.server : (reader.context ?? "current context"),
    pods: async () => {
      const connection = await asReader();
      const [pods, endpoints] = await Promise.all([
        required(connection, "/api/v1/pods"),
        ifAllowed(connection, "/apis/cilium.io/v2/ciliumendpoints"),
      ]);
      return livePods(pods, endpoints);
    },
    services: async () => liveServices(await required(await asReader(), "/api/v1/services")),
    endpoints: async () => liveEndpoints(await ifAllowed(await asReader(), "/apis/discovery.k8s.io/v1/endpointslices")),
    policies,
    kustomizations: async () => {
      const group = "/apis/kustomize.toolkit.fluxcd.io";
      return liveKustomizations(
        await optional(await asReader(), `${group}/v1/kustomizations`, `${group}/v1beta2/kustomizations`),
      );
    },
    sources: async () => {
      const connection = await asReader();
      const group = "/apis/source.toolkit.fluxcd.io";
      const found = await Promise.all(
        Object.entries(FLUX_SOURCES).map(async ([plural, kind]) =>
          liveSources(kind, await optional(connection, `${group}/v1/${plural}`, `${group}/v1beta2/${plural}`)),
        ),
      );
      return found.flat();
    },
    namespaces: async () =>
      (await required(await asReader(), "/api/v1/namespaces")).map((object) => ({
        name: nameOf(object),
        labels: stringMap(field(object, "metadata", "labels")),
      })),
    nodes: async () =>
      (await required(await asReader(), "/api/v1/nodes")).map((object) => ({
        name: nameOf(object),
        addresses: items(field(object, "status", "addresses")).flatMap((a) =>
          field(a, "type") === "InternalIP" || field(a, "type") === "ExternalIP"
            ? (text(field(a, "address")) ?? [])
            : [],
        ),
      })),
    mayI: async ({ verb, group, resource, namespace }) => {
      if (asRollback === null) return false;
      const connection = await asRollback();
      const attributes = { verb, group, resource, ...(namespace === null ? {} : { namespace }) };
      const reply = await connection.send({
        method: "POST",
        path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: { resourceAttributes: attributes },
        },
      });
      if (reply.status !== 201 && reply.status !== 200)
        throw outside(
          connection,
          `the cluster does not answer an access review: ${messageOf(reply)}`,
          "Check the rollback identity (rollback.context)",
        );
      return field(reply.body, "status", "allowed") === true;
    },
    dryRun: async (request) => {
      if (asRollback === null) return "no identity for a rollback is configured (rollback.context)";
      return dryRun(await asRollback(), request);
    },
  };
};

const dryRun = async (
  connection: Connection,
  request: Parameters<ClusterReader["dryRun"]>[0],
): Promise<string | null> => {
  const { verb, kind, namespace, name, body } = request;
  const place = Object.hasOwn(PLACES, kind) ? PLACES[kind] : undefined;
  if (place === undefined)
    throw new OperatorError("input", `a dry run of ${kind} is not possible here`, {
      remedy: `Ask for one of ${Object.keys(PLACES).join(", ")}`,
    });
  const collection = `${place.base}${place.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : ""}/${place.plural}`;
  const query = "dryRun=All&fieldManager=network-operator";
  const patch = (): Promise<Reply> =>
    connection.send({
      method: "PATCH",
      path: `${collection}/${encodeURIComponent(name)}?${query}`,
      body,
      contentType: "application/merge-patch+json",
    });
  const replace = (): Promise<Reply> =>
    connection.send({
      method: "PATCH",
      path: `${collection}/${encodeURIComponent(name)}?${query}`,
      body: ["spec", "specs"]
        .filter((key) => body[key] !== undefined)
        .map((key) => ({ op: "add", path: `/${key}`, value: body[key] })),
      contentType: "application/json-patch+json",
    });
  const create = (): Promise<Reply> => connection.send({ method: "POST", path: `${collection}?${query}`, body });
  const first = await { patch, replace, create }[verb]();
  // What is there already can be made: the question is whether the server takes these bytes.
  const reply = verb === "create" && first.status === 409 ? await patch() : first;
  if (reply.status >= 200 && reply.status < 300) return null;
  if (reply.status === 401)
    throw outside(
      connection,
      `the cluster does not know the rollback identity: ${messageOf(reply)}`,
      "Renew its credentials",
    );
  return messageOf(reply);
};
