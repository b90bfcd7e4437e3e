import type { Hono } from "hono";
import { afterAll, describe, expect, it } from "vitest";
import { buildApp } from "../../src/server/app.ts";
import type { ServerEnv } from "../../src/server/guard.ts";
import type { SignOffDesk } from "../../src/server/ports.ts";
import { relyingParty } from "../../src/signoff/verify.ts";
import { openField } from "../graph/field.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { softKey } from "../signoff/authenticator.ts";
import { closeServer, serverWith } from "./server-ground.ts";

afterAll(closeServer);

const ORIGIN = "http://localhost:8787";
const TOKEN = "the-token-of-the-state-folder";
const party = relyingParty(ORIGIN);
const alice = softKey("alice");
const never = (what: string) => () => Promise.reject(new Error(`nobody may ${what} here`));

const desk: SignOffDesk = {
  party,
  now: () => 1,
  pending: async () => [],
  request: async () => null,
  openings: async () => new Map(),
  opened: never("open"),
  leadsTo: (url) => url,
  aboutLinks: null,
  walked: async () => ({ flows: [], readUntil: null }),
  keys: async () => [alice.enrolled],
  enrol: never("enrol"),
  useCode: async () => null,
  attest: never("attest"),
};
const app: Hono<ServerEnv> = buildApp({
  agent: {
    ask: never("ask"),
    status: async () => ({ version: 1, clock: "2026-05-18T00:00:00Z", namespaces: [] }),
    tick: never("tick"),
    metrics: async () => "",
  },
  desk,
  token: TOKEN,
  webhookSecret: "shared with the forge",
  // A guesser is slowed down elsewhere; here every route is tried.
  now: (() => {
    let time = 0;
    return () => (time += 60_000);
  })(),
});

const OPEN = [
  "/login",
  "/login/passkey",
  "/login/passkey/options",
  "/enrol",
  "/enrol/options",
  "/webhooks/github",
  "/healthz",
];
const routes = [
  ...new Set(app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`)),
]
  .map((route) => route.split(" ") as [string, string])
  .filter(([, path]) => !path.includes("*"))
  .map(([method, path]) => [method, path.replaceAll(/:\w+/g, "x")] as const);
const closed = routes.filter(([, path]) => !OPEN.includes(path) && !path.startsWith("/assets/"));

const send = (method: string, path: string, headers: Record<string, string> = {}): Response | Promise<Response> =>
  app.request(path, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(method === "GET" ? {} : { body: "{}" }),
  });

const passkey = async (): Promise<Record<string, string>> => {
  const options = await (await send("POST", "/login/passkey/options")).json();
  const { challenge } = options as { challenge: string };
  const body = JSON.stringify({ challenge, assertion: alice.sign(challenge, party) });
  const headers = { "content-type": "application/json" };
  const response = await app.request("/login/passkey", { method: "POST", headers, body });
  return { cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
};

describe("our own API: every route there is", () => {
  it("is found by its router, so that a new one is tried too", () => {
    expect(closed.map(([method, path]) => `${method} ${path}`)).toEqual(
      expect.arrayContaining(["POST /api/ask", "POST /api/tick", "GET /metrics", "POST /signoff/x/attest", "GET /"]),
    );
  });

  it.each(closed)("%s %s is closed without a session, whatever the caller says of itself", async (method, path) => {
    const claims: Record<string, string>[] = [
      {},
      { authorization: "Bearer " },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: `Basic ${TOKEN}` },
      { cookie: `network-operator=${TOKEN}` },
      { "x-forwarded-user": "root", "x-auth-scheme": "langsmith", "x-real-ip": "127.0.0.1" },
    ];
    for (const headers of claims) expect((await send(method, path, headers)).status).toBe(401);
  });

  it.each(closed.filter(([, path]) => path.startsWith("/signoff")))(
    "%s %s is not for the token, which can ask and operate but not sign",
    async (method, path) => {
      expect((await send(method, path, { authorization: `Bearer ${TOKEN}` })).status).toBe(403);
    },
  );

  it("and what is the operator's is not for who signs", async () => {
    expect((await send("POST", "/api/tick", await passkey())).status).toBe(403);
  });

  it.each(routes.filter(([method, path]) => method === "POST" && path !== "/webhooks/github"))(
    "%s %s takes nothing from another site, and no more than a form's worth",
    async (method, path) => {
      const evil = { authorization: `Bearer ${TOKEN}`, origin: "https://evil.example" };
      expect((await send(method, path, evil)).status).toBe(403);
      expect((await send(method, path, { ...evil, origin: "null" })).status).toBe(403);
      const stream = new ReadableStream({
        pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(32_768))),
      });
      const long = {
        method,
        body: stream,
        duplex: "half",
        headers: { authorization: `Bearer ${TOKEN}` },
      } as RequestInit;
      expect((await app.request(path, long)).status).toBe(413);
    },
  );
});

/** What `@langchain/langgraph-api` 1.5.1 serves. */
const id = "00000000-0000-4000-8000-000000000000";
type Route = [method: string, path: string, body: unknown];
const SERVED: readonly Route[] = (
  [
    ["POST", "/assistants", { graph_id: "network-operator" }],
    ["POST", "/assistants/search", {}],
    ["GET", `/assistants/${id}`],
    ["DELETE", `/assistants/${id}`],
    ["PATCH", `/assistants/${id}`, { metadata: {} }],
    ["POST", "/threads", {}],
    ["POST", "/threads/search", {}],
    ["GET", `/threads/${id}`],
    ["DELETE", `/threads/${id}`],
    ["PATCH", `/threads/${id}`, { metadata: { owner: "root" } }],
    ["POST", `/threads/${id}/copy`, {}],
    ["GET", `/threads/${id}/state`],
    ["POST", `/threads/${id}/state`, { values: {} }],
    ["POST", `/threads/${id}/history`, {}],
    ["POST", `/threads/${id}/commands`, { id: 1, method: "state.get", params: {} }],
    ["POST", "/runs/wait", { assistant_id: "network-operator" }],
    ["POST", "/runs/stream", { assistant_id: "network-operator" }],
    ["POST", "/runs/batch", [{ assistant_id: "network-operator" }]],
    ["POST", "/runs/crons", { schedule: "* * * * *", assistant_id: id }],
    ["POST", `/threads/${id}/runs/wait`, { assistant_id: "network-operator" }],
    ["DELETE", `/threads/${id}/runs/${id}`],
    ["POST", `/threads/${id}/runs/${id}/cancel`, {}],
    ["POST", "/internal/truncate", { runs: true, threads: true, assistants: true, store: true, checkpointer: true }],
    // As its router reads them, the same two.
    ["POST", "/%69nternal/truncate", { threads: true }],
    ["POST", `/threads/${id}/%63opy`, {}],
  ] as const
).map(([method, path, body]): Route => [method, path, body]);

const ask = async (headers: Record<string, string>, [method, path, body]: Route): Promise<number> => {
  const { url } = await serverWith(true);
  const init = { method, headers: { "content-type": "application/json", ...headers } };
  return (await fetch(`${url}${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) })).status;
};

describe("the LangGraph server: default deny", () => {
  it.each<Route>(SERVED)("%s %s is closed without the token", async (method, path, body) => {
    const route: Route = [method, path, body];
    for (const headers of [
      {},
      { authorization: "Bearer wrong" },
      { "x-api-key": "wrong", "x-auth-scheme": "langsmith" },
    ])
      expect(await ask(headers as Record<string, string>, route)).toBe(401);
  });

  const writes = SERVED.filter(([method, path]) =>
    /^(DELETE|PATCH)|%|POST \/(assistants$|internal|runs\/crons|threads\/[^/]+\/(copy|state))/.test(
      `${method} ${path}`,
    ),
  );
  it.each<Route>(writes)("%s %s writes nothing for whoever holds the token", async (method, path, body) => {
    const route: Route = [method, path, body];
    const server = await serverWith(true);
    server.serve(buildGraph(openField().ports));
    expect([400, 403, 404]).toContain(await ask({ authorization: `Bearer ${server.token}` }, route));
  });

  it("a thread cannot be taken over by its metadata", async () => {
    const server = await serverWith(true);
    server.serve(buildGraph(openField().ports));
    const { url, token } = server;
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const made = await fetch(`${url}/threads`, { method: "POST", headers, body: '{"metadata":{"owner":"root"}}' });
    expect((await made.json()) as object).toMatchObject({ metadata: { owner: "token" } });
  });
});
