import { existsSync } from "node:fs";
import type { KubeConfig, RequestContext } from "@kubernetes/client-node";
import { OperatorError } from "../facts/errors.ts";

/** Who we are for one API server: a context of a kubeconfig, or a plain URL. */
export type Identity =
  | {
      /** Null: what `kubectl` would take (`KUBECONFIG`, `~/.kube/config`, or the pod's own account). */
      readonly kubeconfig: { readonly text: string } | { readonly file: string } | null;
      /** Null: the current context. */
      readonly context: string | null;
    }
  | { readonly server: string; readonly token: string | null };

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export interface Connection {
  /** The server's URL, for messages. */
  readonly server: string;
  send(request: {
    readonly method: "GET" | "POST" | "PATCH" | "DELETE";
    readonly path: string;
    readonly body?: unknown;
    readonly contentType?: string;
  }): Promise<Reply>;
}

const TIMEOUT_MS = 30_000;

const LOOPBACK = /^http:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?(?:\/|$)/;

const remedyFor = "Check the kubeconfig and its context (cluster.context); `doctor` says what is wrong";

const load = (config: KubeConfig, identity: Extract<Identity, { kubeconfig: unknown }>): void => {
  const { kubeconfig, context } = identity;
  const where = kubeconfig !== null && "file" in kubeconfig ? kubeconfig.file : null;
  if (where !== null && !existsSync(where))
    throw new OperatorError("input", "there is no such kubeconfig", { where, remedy: remedyFor });
  try {
    if (kubeconfig === null) config.loadFromDefault();
    else if ("text" in kubeconfig) config.loadFromString(kubeconfig.text);
    else config.loadFromFile(kubeconfig.file);
    if (context !== null) config.setCurrentContext(context);
  } catch (cause) {
    throw new OperatorError("input", "the kubeconfig cannot be read", { where, remedy: remedyFor, cause });
  }
  const known = config.getContexts().map((c) => c.name);
  if (config.getCurrentCluster() === null)
    throw new OperatorError("input", `the kubeconfig has no context ${JSON.stringify(config.getCurrentContext())}`, {
      where,
      remedy: known.length === 0 ? remedyFor : `There are: ${known.join(", ")}`,
    });
};

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 300) };
  }
};

/** The reason beneath `fetch failed`. */
const innermost = (error: unknown): string => {
  let current: unknown = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error && current.message !== "" ? current.message : String(current);
};

type Request = Parameters<Connection["send"]>[0];
type Send = (request: Request) => Promise<{ readonly status: number; readonly text: string }>;

/** A URL and a token: what Kubernetes' own library would add is the second that it takes to load. */
const byToken = ({ server, token }: Extract<Identity, { server: string }>): Send => {
  // As `fetch` will read it: a scheme in capitals, or behind a blank, is no other scheme.
  if (!URL.canParse(server))
    throw new OperatorError("input", "this is no URL of an API server", { where: server, remedy: "Use https" });
  const address = new URL(server).href;
  if (!address.startsWith("https:") && !LOOPBACK.test(address))
    throw new OperatorError("input", "plain HTTP is for this machine alone: credentials would travel in the clear", {
      where: server,
      remedy: "Use https",
    });
  const base = withoutSlash(address);
  return async ({ method, path, body, contentType }) => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        Accept: "application/json",
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "Content-Type": contentType ?? "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // Whoever answers in another's place may not be asked over TLS.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, text: await response.text() };
  };
};

/** Certificates, tokens that expire, exec plugins, proxies: the library knows them; it is loaded when they are asked for. */
const byKubeconfig = async (
  identity: Extract<Identity, { kubeconfig: unknown }>,
): Promise<{ readonly server: string; readonly send: Send }> => {
  const client = await import("@kubernetes/client-node");
  const config = new client.KubeConfig();
  load(config, identity);
  const server = withoutSlash(config.getCurrentCluster()?.server ?? "");
  const library = new client.IsomorphicFetchHttpLibrary();
  return {
    server,
    send: async ({ method, path, body, contentType }) => {
      const request: RequestContext = new client.RequestContext(`${server}${path}`, client.HttpMethod[method]);
      request.setHeaderParam("Accept", "application/json");
      if (body !== undefined) {
        request.setHeaderParam("Content-Type", contentType ?? "application/json");
        request.setBody(JSON.stringify(body));
      }
      request.setSignal(AbortSignal.timeout(TIMEOUT_MS));
      await config.applySecurityAuthentication(request);
      const response = await library.send(request).toPromise();
      return { status: response.httpStatusCode, text: await response.body.text() };
    },
  };
};

/**
 * A connection that knows Kubernetes' authentication (certificates, tokens, exec plugins) and nothing of its types.
 *
 * @throws OperatorError("input") for a kubeconfig that is missing, unreadable, or without the context
 */
export const connect = async (identity: Identity): Promise<Connection> => {
  const { server, send: ask } =
    "server" in identity
      ? { server: withoutSlash(identity.server), send: byToken(identity) }
      : await byKubeconfig(identity);
  const send: Connection["send"] = async (request) => {
    try {
      const { status, text } = await ask(request);
      return { status, body: parsed(text) };
    } catch (cause) {
      throw new OperatorError("outside", `the cluster's API server does not answer: ${innermost(cause)}`, {
        where: server,
        remedy: "Check that it is reachable from here and that the credentials still hold",
        cause,
      });
    }
  };
  // The first request goes alone: it is the one that runs an exec plugin or fetches a token, and ten need not do so at once.
  let first: Promise<unknown> | null = null;
  return {
    server,
    send: async (request) => {
      if (first !== null) {
        await first.catch(() => null);
        return send(request);
      }
      const reply = send(request);
      first = reply;
      return reply;
    },
  };
};
