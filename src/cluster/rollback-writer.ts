import { OperatorError } from "../facts/errors.ts";
import type { LivePolicy } from "../facts/ports.ts";
import type { RollbackWriter, Written } from "../facts/rollback.ts";
import type { Connection, Identity, Reply } from "./connection.ts";
import { lazily, messageOf, outside } from "./listing.ts";
import { field, text } from "./objects.ts";

/** Makes the patch that switches a lock off; the writer knows objects, not policy. */
export type Disarm = (object: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

const MERGE = "application/merge-patch+json";
const DONE: Written = { done: true };

const settled = (connection: Connection, what: string, reply: Reply): Written => {
  if (reply.status >= 200 && reply.status < 300) return DONE;
  if (reply.status === 409 || reply.status === 404) return { done: false, why: messageOf(reply) };
  if (reply.status === 401 || reply.status === 403)
    throw outside(
      connection,
      `the rollback identity may not ${what}: ${messageOf(reply)}`,
      "Give rollback.context the right; doctor prints the role",
    );
  throw outside(
    connection,
    `the API server does not ${what}: ${messageOf(reply)}`,
    "Run the rollback again: it goes on from what it finds",
  );
};

const pathOf = ({ ref }: LivePolicy): string => {
  if (ref.kind !== "CiliumNetworkPolicy" || ref.namespace === null)
    throw new OperatorError("input", `a rollback never changes a ${ref.kind}`, { remedy: "Change it by hand." });
  const parts = [ref.namespace, ref.name].map(encodeURIComponent);
  return `/apis/cilium.io/v2/namespaces/${parts[0] ?? ""}/ciliumnetworkpolicies/${parts[1] ?? ""}`;
};

/** As read: a write is refused by the server when the object is another one by now. */
const versionOf = ({ object, ref }: LivePolicy): { readonly uid: string; readonly resourceVersion: string } => {
  const uid = text(field(object, "metadata", "uid"));
  const resourceVersion = text(field(object, "metadata", "resourceVersion"));
  if (uid !== null && resourceVersion !== null) return { uid, resourceVersion };
  throw new OperatorError("outside", `the API server gave ${ref.name} no uid or resourceVersion`, {
    remedy: "Check that this is a Kubernetes API server.",
  });
};

/** The rollback's own identity (`rollback.context`): it suspends, patches and deletes, and holds nothing else. */
export const rollbackWriter = (identity: Identity, disarming: Disarm): RollbackWriter => {
  const asRollback = lazily(identity);
  return {
    suspend: async (kustomization, suspended) => {
      const [namespace = "", name = ""] = kustomization.split("/").map(encodeURIComponent);
      const connection = await asRollback();
      const send = (version: string): Promise<Reply> =>
        connection.send({
          method: "PATCH",
          path: `/apis/kustomize.toolkit.fluxcd.io/${version}/namespaces/${namespace}/kustomizations/${name}?fieldManager=network-operator`,
          body: { spec: { suspend: suspended } },
          contentType: MERGE,
        });
      const first = await send("v1");
      // A cluster from before Flux 2.0 serves the older version alone, and a 404 that names no object says so.
      const isUnserved = first.status === 404 && text(field(first.body, "details", "name")) === null;
      const reply = isUnserved ? await send("v1beta2") : first;
      return settled(connection, `suspend or resume ${kustomization}`, reply);
    },
    disarm: async (policy) => {
      const connection = await asRollback();
      const patch = disarming(policy.object);
      const metadata = { ...(patch["metadata"] as object | undefined), ...versionOf(policy) };
      const reply = await connection.send({
        method: "PATCH",
        path: `${pathOf(policy)}?fieldManager=network-operator`,
        body: { ...patch, metadata },
        contentType: MERGE,
      });
      return settled(connection, `patch ${policy.ref.name}`, reply);
    },
    remove: async (policy) => {
      const connection = await asRollback();
      const reply = await connection.send({
        method: "DELETE",
        path: pathOf(policy),
        body: { apiVersion: "v1", kind: "DeleteOptions", preconditions: versionOf(policy) },
      });
      // Somebody was faster: gone is gone.
      return reply.status === 404 ? DONE : settled(connection, `delete ${policy.ref.name}`, reply);
    },
  };
};
