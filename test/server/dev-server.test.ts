import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { request } from "node:http";
import { dirname, join } from "node:path";
import type { Command } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { settingOf } from "../../evals/scenes.ts";
import { recordedSignOffs, walkAndSign } from "../../evals/walk.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { openLedger } from "../../src/store/ledger.ts";
import { proposedDesk, type Desk } from "../story/cli.ts";
import { startDevServer, type DevServer } from "./langgraph-dev.ts";

// The real graph over the sample cluster, behind the server's own auth; the walk goes on where the one before it ended.
let desk: Desk;
let server: DevServer;
beforeAll(async () => {
  desk = await proposedDesk();
  // A turn of its own: this request is the server's to answer.
  await desk.run("pr", "close", "1");
  server = await startDevServer(desk.state);
});
afterAll(async () => {
  await server?.close();
  desk?.dispose();
});

/** Where the sample's clock stands after its first day, until somebody turns it. */
const clock = { now: () => Date.parse("2026-03-03T00:00:00Z") };
const setting = () => settingOf(desk.state, {}, { step: () => {}, clear: () => {} });

const entries = (): number => {
  const ledger = openLedger(join(desk.state, "ledger.sqlite"), clock);
  try {
    return ledger.entries().length;
  } finally {
    ledger.dispose();
  }
};

const newThread = async (): Promise<string> => (await server.client().threads.create()).thread_id;
const run = (thread: string, what: { input: Record<string, unknown> } | { command: Command }): Promise<object> =>
  server.client().runs.wait(thread, server.assistant, what);
const replyOf = async (values: Promise<object>): Promise<Answer> => ((await values) as { reply: Answer }).reply;

/** Every route that the installed server declares, as its files say it: a route that an upgrade brings is tried too. */
const routes = (): readonly (readonly [method: string, path: string])[] => {
  const cli = createRequire(createRequire(import.meta.url).resolve("@langchain/langgraph-cli/package.json"));
  const dist = join(dirname(cli.resolve("@langchain/langgraph-api/package.json")), "dist");
  const files = ["server.mjs", ...readdirSync(join(dist, "api")).map((name) => join("api", name))];
  const id = "00000000-0000-4000-8000-000000000000";
  return files
    .filter((name) => name.endsWith(".mjs"))
    .flatMap((name) => [
      ...readFileSync(join(dist, name), "utf8").matchAll(/\b(?:api|app)\.(get|post|put|patch|delete)\(\s*"([^"]+)"/g),
    ])
    .map(([, method = "", path = ""]) => [method.toUpperCase(), path.replaceAll(/:\w+\??/g, id)] as const);
};

/** What other servers of its kind answer, and this one must not begin to. */
const ELSEWHERE = ["/", "/docs", "/openapi.json", "/metrics", "/mcp", "/mcp/", "/a2a/network-operator", "/crons"].map(
  (path) => ["GET", path] as const,
);

/** No token, another one, and the scheme by which Studio would get in. */
const WITHOUT: readonly Record<string, string>[] = [
  {},
  { authorization: "Bearer wrong" },
  { "x-api-key": "wrong", "x-auth-scheme": "langsmith" },
];

const statusOf = async (method: string, path: string, headers: Record<string, string>): Promise<number> => {
  const body = method === "GET" ? {} : { body: "{}" };
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...body,
  });
  await answer.body?.cancel();
  return answer.status;
};

/** What a WebSocket is answered with. */
const upgraded = (path: string): Promise<number> =>
  new Promise((answered, failed) => {
    const asked = request(`${server.url}${path}`, {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-version": "13",
      },
    });
    asked.on("response", (answer) => {
      answer.resume();
      answered(answer.statusCode ?? 0);
    });
    asked.on("upgrade", (_answer, socket) => {
      socket.destroy();
      answered(101);
    });
    asked.on("error", failed).end();
  });

describe("langgraphjs dev, to a caller without the token", () => {
  it("answers 401 on every route it has, but the one that says which version it is", async () => {
    const declared = routes();
    expect(declared.map((route) => route.join(" "))).toEqual(
      expect.arrayContaining(["POST /internal/truncate", "POST /runs/wait", "GET /ok", "PUT /store/items"]),
    );
    const open = new Set<string>();
    for (const [method, path] of [...declared, ...ELSEWHERE])
      for (const headers of WITHOUT) if ((await statusOf(method, path, headers)) !== 401) open.add(`${method} ${path}`);
    expect([...open]).toEqual(["GET /info"]);
    expect(await (await fetch(`${server.url}/info`)).json()).toEqual({
      version: "1.5.1",
      langgraph_js_version: "1.7.3",
      context: "js",
      flags: { assistants: true, crons: false, langsmith: false, langsmith_tracing_replicas: true },
    });
  });

  it("has nothing where its auth does not look, and opens no socket", async () => {
    for (const path of ["/ui", "/ui/network-operator", "/ui/..%2fthreads", "/%75i/x"])
      expect(await statusOf("GET", path, {})).toBe(404);
    expect(await statusOf("POST", "/ui/network-operator", {})).toBe(401);
    expect(await upgraded("/threads/00000000-0000-4000-8000-000000000000/stream/events")).toBe(401);
  });

  it("runs nothing", async () => {
    const before = entries();
    for (const token of [null, "wrong"]) {
      const client = server.client(token);
      const input = { request: { kind: "propose-allows", namespace: "selfhosted" } };
      await expect(client.runs.wait(null, server.assistant, { input })).rejects.toThrow("401");
      await expect(client.threads.create()).rejects.toThrow("401");
      await expect(client.assistants.search()).rejects.toThrow("401");
    }
    expect(await server.client().threads.search()).toEqual([]);
    expect(entries()).toBe(before);
  });
});

describe("langgraphjs dev, to whoever has it", () => {
  it("a request for a namespace ends in its pull request", async () => {
    const input = { messages: [{ type: "human", content: "lock down selfhosted" }] };
    expect(await replyOf(run(await newThread(), { input }))).toMatchObject({
      outcome: "pull-request",
      namespace: "selfhosted",
      stage: "allows-proposed",
      pullRequest: { number: 2, branch: "netpol/selfhosted" },
    });
  });

  const asked = { input: { request: { kind: "request-sign-off", namespace: "media" } } };
  const resumed = (attestation: string) => ({ command: { resume: { attestation } } });

  it("a sign-off pauses for a person, and goes on by nothing that is no attestation's id", async () => {
    const thread = await newThread();
    await run(thread, asked);
    const client = server.client();
    const paused = await client.threads.getState(thread);
    expect(paused.tasks.flatMap(({ interrupts }) => interrupts)).toMatchObject([
      { value: { action_requests: [{ name: "sign-off", args: { namespace: "media", attestation: "" } }] } },
    ]);
    await expect(client.threads.updateState(thread, { values: { pending: null } })).rejects.toThrow(
      "threads:update is not taken from a caller",
    );
    await expect(run(thread, { command: { goto: "record-sign-off" } })).rejects.toThrow("command.goto is not taken");
    await expect(run(thread, { command: { resume: null } })).rejects.toThrow("the resume is empty");
    await expect(run(thread, { command: { resume: {} } })).rejects.toThrow("the resume is empty");
    await expect(run(thread, { command: { resume: { approved: true } } })).rejects.toThrow(
      "not of the form that the pause asks for",
    );
    expect((await client.threads.getState(thread)).checkpoint).toEqual(paused.checkpoint);
    expect(await replyOf(run(thread, resumed("an-attestation-of-nobody")))).toMatchObject({
      outcome: "refused",
      refusals: [{ gate: "external-path", reason: "there is no sign-off with that id for this namespace" }],
    });
    expect(recordedSignOffs(setting(), clock)).toEqual([]);
  });

  it("is carried on by the id of what a passkey signed, once", async () => {
    const thread = await newThread();
    await run(thread, asked);
    const id = walkAndSign(setting(), clock, "media", { but: [] });
    expect(await replyOf(run(thread, resumed(id)))).toMatchObject({
      outcome: "answered",
      stage: "signed-off",
      answer: expect.stringContaining("`media` is signed off by robin"),
    });
    expect(recordedSignOffs(setting(), clock)).toEqual([id]);
    await expect(run(thread, resumed(id))).rejects.toThrow("waits for no answer");
    // Asked for once more, it answers with what was done, and does nothing.
    const again = await newThread();
    await run(again, asked);
    await run(again, resumed(id));
    expect(recordedSignOffs(setting(), clock)).toEqual([id]);
  });
});
