import type * as client from "@kubernetes/client-node";
import { OperatorError } from "../facts/errors.ts";

/** Which cluster, and as whom; contexts are names in the kubeconfig. */
export interface ClusterAddress {
  /** The kubeconfig's text, a file, or null for the usual places (KUBECONFIG, ~/.kube/config, in-cluster). */
  readonly kubeconfig: { readonly text: string } | { readonly file: string } | null;
  readonly context: string | null;
}

export interface Connection {
  readonly name: string;
  readonly core: client.CoreV1Api;
  readonly custom: client.CustomObjectsApi;
  readonly authorization: client.AuthorizationV1Api;
  /** Calls the server; a failure names what was wanted, where, and the way out. */
  readonly call: <T>(what: string, request: () => Promise<T>) => Promise<T>;
}

interface ApiError {
  readonly code: number;
  readonly body: unknown;
}

const isApiError = (error: unknown): error is ApiError =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "number";

/** The server's own word on a refusal, from its Status object. */
export const refusalOf = (error: unknown): { readonly code: number; readonly message: string } | null => {
  if (!isApiError(error)) return null;
  let body: unknown = error.body;
  if (typeof body === "string")
    try {
      body = JSON.parse(body);
    } catch {
      // The text itself is the message.
    }
  const message =
    typeof body === "object" && body !== null && "message" in body && typeof body.message === "string"
      ? body.message
      : String(body);
  return { code: error.code, message: message.split("\n")[0] ?? "" };
};

const failed = (name: string, what: string, error: unknown): OperatorError => {
  const refusal = refusalOf(error);
  if (refusal === null)
    return new OperatorError(
      "outside",
      `the cluster cannot be reached to ${what}: ${error instanceof Error ? error.message : String(error)}`,
      {
        where: name,
        remedy: "Check the context, the network, and that its credentials have not expired (kubectl get nodes).",
        cause: error,
      },
    );
  const denied = refusal.code === 401 || refusal.code === 403;
  return new OperatorError("outside", `the cluster refused to ${what} (${refusal.code}: ${refusal.message})`, {
    where: name,
    remedy: denied
      ? "Give the context's identity the right to read it; `network-operator doctor` lists what is needed."
      : "See the API server's own log.",
    cause: error,
  });
};

/** Loads the client only when a cluster is configured: paths that read files alone never pay for it. */
export const connect = async (address: ClusterAddress): Promise<Connection> => {
  const k8s = await import("@kubernetes/client-node");
  const config = new k8s.KubeConfig();
  const from = address.kubeconfig;
  const where = from !== null && "file" in from ? from.file : "kubeconfig";
  try {
    if (from === null) config.loadFromDefault();
    else if ("text" in from) config.loadFromString(from.text);
    else config.loadFromFile(from.file);
  } catch (cause) {
    throw new OperatorError("input", "the kubeconfig cannot be read", {
      where,
      remedy: "Name a kubeconfig that kubectl accepts (cluster.kubeconfig).",
      cause,
    });
  }
  const known = config.getContexts().map((context) => context.name);
  const wanted = address.context;
  if (wanted !== null) {
    if (!known.includes(wanted))
      throw new OperatorError("input", `there is no context ${JSON.stringify(wanted)}`, {
        where,
        remedy: `There are: ${known.join(", ") || "none"}.`,
      });
    config.setCurrentContext(wanted);
  }
  const name = `${config.getCurrentContext()} (${config.getCurrentCluster()?.server ?? "no server"})`;
  return {
    name,
    core: config.makeApiClient(k8s.CoreV1Api),
    custom: config.makeApiClient(k8s.CustomObjectsApi),
    authorization: config.makeApiClient(k8s.AuthorizationV1Api),
    call: async (what, request) => {
      try {
        return await request();
      } catch (error) {
        throw failed(name, what, error);
      }
    },
  };
};
