import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parse } from "yaml";
import { iso } from "../../facts/clock.ts";
import { isRecord } from "../../facts/json.ts";
import { asObject, key, type KubeObject } from "../cluster/objects.ts";
import { identityOf, makeTokens, may, type Identity, type Tokens } from "./access.ts";
import { discovery } from "./discovery.ts";
import { objectsOf, type ListQuery } from "./objects-of.ts";
import { applyPatch } from "./patch.ts";
import type { KubeView } from "./view.ts";
import { findResource, groupVersion, type Resource } from "./resources.ts";

export interface KubeApi {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly tokens: Tokens;
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A Kubernetes `Status` with the reason clients look at. */
const failure = (code: number, reason: string, message: string): Answer => ({
  code,
  body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code },
});

const MAX_BODY = 3 * 1_024 * 1_024;

/** A small Kubernetes API over HTTP: reads, access reviews, server dry runs, and writes as the world's actions. */
export const openKubeApi = async (
  view: () => Promise<KubeView>,
  write: (key: string, object: KubeObject | null) => void,
): Promise<KubeApi> => {
  const tokens = makeTokens();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, failure(500, "InternalError", error instanceof Error ? error.message : String(error)));
    });
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const identity = identityOf(request.headers.authorization, tokens);
    if (identity === null) return send(response, failure(401, "Unauthorized", "Unauthorized"));
    const general = request.method === "GET" ? discovery(url.pathname) : null;
    if (general !== null) return send(response, { code: 200, body: general });
    if (url.pathname === REVIEWS && request.method === "POST") {
      return send(response, review(await view(), identity, await bodyOf(request)));
    }
    const target = parsePath(url.pathname);
    if (target === null)
      return send(response, failure(404, "NotFound", "the server could not find the requested resource"));
    const verb = verbOf(request.method ?? "GET", target.name, url);
    const { resource } = target;
    // A dry run asks for the same right as the deed.
    const dry = url.searchParams.get("dryRun") === "All";
    const scene = await view();
    if (!may(identity, { verb, group: resource.group, resource: resource.plural }, scene.rollbackGranted)) {
      const what = `${resource.plural}.${resource.group}`.replace(/\.$/, "");
      return send(
        response,
        failure(
          403,
          "Forbidden",
          `${what} is forbidden: User "${identity}" cannot ${verb} resource "${resource.plural}"`,
        ),
      );
    }
    if (verb === "get" || verb === "list") return send(response, read(scene, target, url));
    if (verb === "watch") return watch(view, target, url, response);
    if (!["create", "patch", "delete"].includes(verb)) {
      return send(response, failure(405, "MethodNotAllowed", `${verb} is not supported`));
    }
    const outcome = change(scene, target, verb, await bodyOf(request), request.headers["content-type"] ?? "");
    if (!("object" in outcome)) return send(response, outcome);
    if (!dry) write(outcome.key, outcome.gone === true ? null : outcome.object);
    send(response, { code: verb === "create" ? 201 : 200, body: outcome.object });
  };

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return { url: `http://127.0.0.1:${String(portOf(server))}`, tokens, close: () => closeAll(server) };
};

const REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

interface Target {
  readonly resource: Resource;
  readonly namespace: string | null;
  readonly name: string | null;
}

/** `/api/v1/...` and `/apis/group/version/...`, with or without a namespace. */
const parsePath = (path: string): Target | null => {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  const [root, ...rest] = parts;
  const [group, version, ...tail] = root === "api" ? ["", ...rest] : root === "apis" ? rest : [];
  if (group === undefined || version === undefined) return null;
  const scoped = tail[0] === "namespaces" && tail.length > 2;
  const [plural = "", name = null, ...more] = scoped ? tail.slice(2) : tail;
  const resource = findResource(group, version, plural);
  if (resource === null || more.length > 0) return null;
  return { resource, namespace: scoped ? (tail[1] ?? null) : null, name };
};

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

const verbOf = (method: string, name: string | null, url: URL): string => {
  if (method === "GET")
    return ["1", "true"].includes(url.searchParams.get("watch") ?? "") ? "watch" : name === null ? "list" : "get";
  return (
    { POST: "create", PATCH: "patch", PUT: "update", DELETE: name === null ? "deletecollection" : "delete" }[method] ??
    method
  );
};

const queryOf = ({ namespace, name }: Target, url: URL): ListQuery => ({
  namespace,
  name,
  labels: url.searchParams.get("labelSelector") ?? "",
  fields: url.searchParams.get("fieldSelector") ?? "",
});

const read = (scene: KubeView, target: Target, url: URL): Answer => {
  const { resource, name, namespace } = target;
  const items = objectsOf(scene, resource, queryOf(target, url));
  if (name === null) {
    const metadata = { resourceVersion: String(scene.version) };
    return { code: 200, body: { apiVersion: groupVersion(resource), kind: `${resource.kind}List`, metadata, items } };
  }
  const [object] = items;
  return object === undefined ? missing(resource, namespace, name) : { code: 200, body: object };
};

const missing = (resource: Resource, namespace: string | null, name: string): Answer =>
  failure(
    404,
    "NotFound",
    `${resource.plural} "${name}" not found${namespace === null ? "" : ` in namespace "${namespace}"`}`,
  );

const review = (scene: KubeView, identity: Identity, body: string): Answer => {
  const request: unknown = parse(body, { maxAliasCount: 10 });
  const spec = isRecord(request) && isRecord(request["spec"]) ? request["spec"] : {};
  const asked = isRecord(spec["resourceAttributes"]) ? spec["resourceAttributes"] : {};
  const field = (name: string): string => (typeof asked[name] === "string" ? asked[name] : "");
  const attributes = { verb: field("verb"), group: field("group"), resource: field("resource") };
  const allowed = may(identity, attributes, scene.rollbackGranted);
  return {
    code: 201,
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      metadata: {},
      spec,
      status: { allowed },
    },
  };
};

/** `gone`: the object goes, as it stands here. */
type Change = Answer | { readonly key: string; readonly object: KubeObject; readonly gone?: boolean };

const isHeld = ({ metadata: { finalizers } }: KubeObject): boolean =>
  Array.isArray(finalizers) && finalizers.length > 0;

/** Whoever put a finalizer there has to take it away first; until then the object stands, and does what it does. */
const removed = (scene: KubeView, at: string, live: KubeObject): Change => {
  if (!isHeld(live)) return { key: at, object: live, gone: true };
  const deletionTimestamp = live.metadata["deletionTimestamp"] ?? iso(scene.now);
  return { key: at, object: { ...live, metadata: { ...live.metadata, deletionTimestamp } } };
};

const change = (scene: KubeView, target: Target, verb: string, body: string, contentType: string): Change => {
  const { resource, namespace } = target;
  const sent = verb === "create" ? asObject(parsed(body)) : null;
  if (verb === "create" && sent === null) return failure(400, "BadRequest", "the body is no object with kind and name");
  const name = target.name ?? sent?.metadata.name ?? "";
  const at = key(groupVersion(resource), resource.kind, resource.namespaced ? namespace : null, name);
  const live = scene.cluster.objects.get(at);
  if (verb === "create") {
    if (live !== undefined) return failure(409, "AlreadyExists", `${resource.plural} "${name}" already exists`);
    if (resource.namespaced && !scene.cluster.objects.has(key("v1", "Namespace", null, namespace ?? ""))) {
      return failure(404, "NotFound", `namespaces "${namespace ?? ""}" not found`);
    }
  } else if (live === undefined) return missing(resource, namespace, name);
  const moved = verb === "create" ? null : conflict(scene, target, verb, contentType, body);
  if (moved !== null)
    return failure(409, "Conflict", `${resource.plural} "${name}": the object has been modified (${moved})`);
  if (verb === "delete") return removed(scene, at, live ?? { apiVersion: "", kind: "", metadata: { name } });
  const next = verb === "create" ? sent : patched(live, contentType, body);
  if (next === null) return failure(400, "BadRequest", "the patch cannot be applied");
  // What the server keeps book of is not the writer's to say.
  const { resourceVersion: _version, uid: _uid, generation: _generation, ...metadata } = next.metadata;
  const object: KubeObject = {
    ...next,
    metadata: { ...metadata, name, ...(resource.namespaced && namespace !== null ? { namespace } : {}) },
  };
  const refused = scene.admit(object);
  if (refused !== null)
    return failure(422, "Invalid", `${resource.kind}.${resource.group} "${name}" is invalid: ${refused}`);
  return { key: at, object, gone: object.metadata["deletionTimestamp"] !== undefined && !isHeld(object) };
};

/** Optimistic locking: a merge patch or a delete may name the version and the object that it means. */
const conflict = (scene: KubeView, target: Target, verb: string, contentType: string, body: string): string | null => {
  const sent = parsed(body);
  const merges = contentType.startsWith("application/merge-patch");
  const named = verb === "delete" ? field(sent, "preconditions") : merges ? field(sent, "metadata") : undefined;
  const [object] = objectsOf(scene, target.resource, {
    namespace: target.namespace,
    name: target.name,
    labels: "",
    fields: "",
  });
  const differs = ["uid", "resourceVersion"].find((key) => {
    const wanted = field(named, key);
    return wanted !== undefined && wanted !== object?.metadata[key];
  });
  return differs ?? null;
};

const field = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

const parsed = (body: string): unknown => {
  try {
    return parse(body, { maxAliasCount: 10 });
  } catch {
    return null;
  }
};

const patched = (live: KubeObject | undefined, contentType: string, body: string): KubeObject | null => {
  try {
    return live === undefined ? null : asObject(applyPatch(live, contentType.split(";")[0] ?? "", body));
  } catch {
    return null;
  }
};

/** Everything once as ADDED, then what changes, until the client goes or its time is up. */
const watch = (view: () => Promise<KubeView>, target: Target, url: URL, response: ServerResponse): void => {
  response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
  const sent = new Map<string, string>();
  const line = (type: string, object: unknown): void => {
    response.write(`${JSON.stringify({ type, object })}\n`);
  };
  const look = async (): Promise<void> => {
    const scene = await view();
    const present = new Set<string>();
    for (const object of objectsOf(scene, target.resource, queryOf(target, url))) {
      const id = `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
      const text = JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion: "" } });
      present.add(id);
      if (sent.get(id) !== text) line(sent.has(id) ? "MODIFIED" : "ADDED", object);
      sent.set(id, text);
    }
    for (const [id, text] of sent) {
      if (present.has(id)) continue;
      line("DELETED", JSON.parse(text));
      sent.delete(id);
    }
  };
  const timer = setInterval(() => void look().catch(() => response.end()), 200);
  const seconds = Number(url.searchParams.get("timeoutSeconds") ?? "300");
  const end = setTimeout(() => response.end(), Math.min(seconds, 600) * 1_000);
  response.on("close", () => {
    clearInterval(timer);
    clearTimeout(end);
  });
  void look().catch(() => response.end());
};

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error("the request's body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};

const send = (response: ServerResponse, { code, body }: Answer): void => {
  if (response.headersSent) {
    response.end();
    return;
  }
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

const closeAll = async (server: Server): Promise<void> => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
};
