import { serve, type ServerType } from "@hono/node-server";
import type { Hono } from "hono";
import type { SignOffRequest } from "../../../src/facts/attestation.ts";
import { askGraph } from "../../../src/graph/ask.ts";
import { buildApp } from "../../../src/server/app.ts";
import type { ServerEnv } from "../../../src/server/guard.ts";
import type { SignOffDesk } from "../../../src/server/ports.ts";
import { relyingParty } from "../../../src/signoff/verify.ts";
import { Answered } from "../vector.ts";
import { openArena, type Arena } from "./arena.ts";
import type { Hands } from "./hands.ts";
import type { Scenario } from "./moves.ts";

const TOKEN = "the-token-of-this-state-folder-and-no-other";

let listening: { readonly server: ServerType; readonly origin: string } | null = null;
let current: Hono<ServerEnv> | null = null;

const listen = async (): Promise<string> => {
  if (listening !== null) return listening.origin;
  const fetch = (request: Request) => current?.fetch(request) ?? new Response(null, { status: 503 });
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
  listening = { server, origin: `http://127.0.0.1:${await promise}` };
  return listening.origin;
};

export const closeServe = async (): Promise<void> => {
  const { server } = listening ?? {};
  listening = null;
  if (server !== undefined) await new Promise<void>((done) => void server.close(() => done()));
};

/** Nobody's passkey is enrolled: whatever comes to be stored here was not signed by anybody. */
const deskOf = (arena: Arena, origin: string): SignOffDesk => {
  const { signOff } = arena.ports;
  const requests = (): readonly SignOffRequest[] => signOff?.requests(null) ?? [];
  return {
    party: relyingParty(origin),
    now: () => 0,
    pending: async () => requests(),
    request: async (id) => requests().find((entry) => entry.id === id) ?? null,
    openings: async () => new Map(),
    opened: async () => undefined,
    leadsTo: (url) => url,
    aboutLinks: null,
    walked: async () => ({ flows: [], readUntil: null }),
    keys: async () => [],
    enrol: async () => arena.watch.reach("a passkey enrolled", "with no code from the operator's terminal"),
    useCode: async () => null,
    attest: async () => {
      arena.watch.reach("an attestation stored", "without the right to sign");
      throw new Error("nobody may come here");
    },
  };
};

const HEADERS: readonly Readonly<Record<string, string>>[] = [
  {},
  { origin: "https://evil.example" },
  { "sec-fetch-site": "cross-site" },
  { host: "evil.example" },
  { authorization: "Bearer wrong" },
  { authorization: "" },
  { "x-forwarded-for": "127.0.0.1", "x-auth-scheme": "langsmith", "x-user": "root" },
  { cookie: "network-operator=AAAA" },
];

/** Our own API, as a caller has it: words go where words go, everything else is tried at every door there is. */
export const openServe = async (made: Scenario): Promise<{ readonly arena: Arena; readonly hands: Hands }> => {
  const origin = await listen();
  const arena = openArena({ ...made, sealed: true });
  const { graph } = arena;
  current = buildApp({
    agent: {
      ask: ({ text, thread }) => askGraph(graph, { text }, { thread: thread ?? "asked" }),
      status: async () => ({ version: 1, clock: "1970-01-01T00:00:00Z", namespaces: [] }),
      tick: async () => [],
      metrics: async () => "",
    },
    desk: deskOf(arena, origin),
    token: TOKEN,
    webhookSecret: "shared with nobody here",
    now: () => 0,
  });
  let sent = 0;
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const odd = HEADERS[(sent += 1) % (HEADERS.length * 4)] ?? {};
    const response = await fetch(`${origin}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}`, ...odd },
      body: JSON.stringify(body) ?? "null",
      redirect: "manual",
    });
    const text = await response.text();
    if (!response.ok) throw new Answered(response.status, text.slice(0, 100));
    return text;
  };
  const wordsOf = (input: unknown): unknown =>
    typeof input === "object" && input !== null && "messages" in input && Array.isArray(input.messages)
      ? (input.messages[0] as { content?: unknown } | undefined)?.content
      : undefined;
  return {
    arena,
    hands: {
      send: (thread, { input, command, configurable, options }) => {
        const text = wordsOf(input);
        if (command === undefined && configurable === undefined && options === undefined && text !== undefined)
          return post("/api/ask", { text, thread });
        if (command?.resume !== undefined) return post("/signoff/request-selfhosted/attest", command.resume);
        return post("/api/ask", { text: "status", thread, input, command, configurable, ...options });
      },
      edit: (thread, values) => post(`/threads/${thread}/state`, { values }),
      born: (_thread, values) => post("/enrol", values),
      checkpoints: async () => [],
    },
  };
};
