import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Hono } from "hono";
import type { Answer } from "../../src/graph/answer.ts";
import { buildApp } from "../../src/server/app.ts";
import type { ServerEnv } from "../../src/server/guard.ts";
import type { AgentDesk, SignOffDesk } from "../../src/server/ports.ts";
import { relyingParty } from "../../src/signoff/verify.ts";
import { OperatorError } from "../../src/facts/errors.ts";

const TOKEN = "the-token-of-the-state-folder";
const SECRET = "shared-with-the-forge";
const bearer = { authorization: `Bearer ${TOKEN}` };

let ticks: number;
/** Ticks end when a test says so. */
let end: () => void;
let fails: Error | null;

const agent: AgentDesk = {
  ask: () => Promise.reject(new Error("not asked here")),
  status: async () => {
    if (fails !== null) throw fails;
    return { version: 1, clock: "2026-05-18T00:00:00Z", namespaces: [] };
  },
  tick: () => {
    ticks += 1;
    return new Promise<readonly Answer[]>((done) => (end = () => done([])));
  },
  metrics: async () => "network_operator_x 1\n",
};
const deskAt = (origin: string): SignOffDesk => ({
  party: relyingParty(origin),
  now: () => 1,
  pending: async () => [],
  request: async () => null,
  openings: async () => new Map(),
  opened: async () => undefined,
  leadsTo: (url) => url,
  aboutLinks: null,
  walked: async () => ({ flows: [], readUntil: null }),
  keys: async () => [],
  enrol: async () => undefined,
  useCode: async () => null,
  attest: () => Promise.reject(new Error("nobody signs here")),
});
const appAt = (origin: string, webhookSecret: string | null = SECRET): Hono<ServerEnv> =>
  buildApp({ agent, desk: deskAt(origin), token: TOKEN, webhookSecret });

let app: Hono<ServerEnv>;
beforeEach(() => {
  ticks = 0;
  end = () => {};
  fails = null;
  app = appAt("http://localhost:8787");
});

describe("a forge's webhook", () => {
  const body = JSON.stringify({ action: "closed", pull_request: { merged: true }, namespace: "kube-system" });
  const signed = (secret: string, event = "pull_request"): RequestInit => ({
    method: "POST",
    body,
    headers: {
      "x-github-event": event,
      "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    },
  });
  const send = (request: RequestInit): Promise<number> =>
    Promise.resolve(app.request("/webhooks/github", request)).then((answer) => answer.status);

  it("is a reason to look, when it is signed with the shared secret", async () => {
    expect(await send(signed(SECRET))).toBe(202);
    expect(ticks).toBe(1);
  });

  it("unsigned, signed by somebody else, or changed on the way is nothing", async () => {
    expect(await send({ method: "POST", body })).toBe(401);
    expect(await send(signed("guessed"))).toBe(401);
    expect(await send({ ...signed(SECRET), body: `${body} ` })).toBe(401);
    expect(await send({ ...signed(SECRET), headers: { ...bearer, "x-github-event": "push" } })).toBe(401);
    expect(ticks).toBe(0);
  });

  it("of a kind that moves no rollout is taken and not acted upon", async () => {
    expect(await send(signed(SECRET, "star"))).toBe(202);
    expect(ticks).toBe(0);
  });

  it("a flood of them is one look, and one more for what came meanwhile", async () => {
    for (let i = 0; i < 10; i++) await send(signed(SECRET));
    expect(ticks).toBe(1);
    end();
    await new Promise((done) => setTimeout(done, 0));
    expect(ticks).toBe(2);
  });

  it("of a push of many commits is read to its end, and one that is longer than any is not", async () => {
    const long = JSON.stringify({
      commits: Array.from({ length: 2_048 }, (_, id) => ({ id, message: "m".repeat(999) })),
    });
    const mac = createHmac("sha256", SECRET).update(long).digest("hex");
    const headers = { "x-github-event": "push", "x-hub-signature-256": `sha256=${mac}` };
    expect(await send({ method: "POST", body: long, headers })).toBe(202);
    expect(await send({ method: "POST", body: `${long} `, headers })).toBe(401);
    const piece = new Uint8Array(1 << 20);
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(piece) });
    expect(await send({ method: "POST", body: endless, duplex: "half", headers })).toBe(413);
    expect(ticks).toBe(1);
  });

  it("is no guess: a busy afternoon of the forge is taken whole", async () => {
    const answers: number[] = [];
    for (let i = 0; i < 60; i++) answers.push(await send(signed(SECRET, i % 2 === 0 ? "check_run" : "star")));
    expect(new Set(answers)).toEqual(new Set([202]));
  });

  it("does not exist without a secret", async () => {
    const without = appAt("http://localhost:8787", null);
    expect((await without.request("/webhooks/github", signed(""))).status).toBe(404);
  });
});

describe("rights", () => {
  it("a tick of the campaign is for the operator, whose token it is", async () => {
    const asked = app.request("/api/tick", { method: "POST", headers: bearer });
    await new Promise((done) => setTimeout(done, 0));
    end();
    expect((await asked).status).toBe(200);
    expect((await app.request("/api/tick", { method: "POST" })).status).toBe(401);
    expect(ticks).toBe(1);
  });

  it("a guesser of codes and tokens is slowed down long before a reader is", async () => {
    const guess = async (): Promise<number> =>
      (await app.request("/login", { method: "POST", body: new URLSearchParams({ token: "x" }) })).status;
    const answers: number[] = [];
    for (let i = 0; i < 25; i++) answers.push(await guess());
    expect(answers.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(answers.slice(20)).toEqual(Array(5).fill(429));
    expect((await app.request("/healthz")).status).toBe(200);
  });
});

describe("where pages live", () => {
  const page = (url: string): Promise<Response> =>
    Promise.resolve(app.request(url, { headers: { accept: "text/html", host: new URL(url).host } }));

  it("a browser that came by another name of this machine is sent to the one that passkeys know", async () => {
    const sent = await page("http://127.0.0.1:8787/signoff/r");
    expect([sent.status, sent.headers.get("location")]).toEqual([307, "http://localhost:8787/signoff/r"]);
    expect((await page("http://rebound.example:8787/")).headers.get("location")).toBe("http://localhost:8787/");
    expect((await page("http://localhost:8787/login")).status).toBe(200);
  });

  it("a proxy that passes on another host than people asked for sends nobody in circles", async () => {
    const proxied = appAt("https://netpol.example");
    const headers = { accept: "text/html", host: "127.0.0.1:8787" };
    expect((await proxied.request("http://127.0.0.1:8787/login", { headers })).status).toBe(200);
  });

  it("cookies of a public address are bound to it and to TLS", async () => {
    const form = { method: "POST", body: new URLSearchParams({ token: TOKEN, next: "/" }) };
    const open = await appAt("https://netpol.example").request("https://netpol.example/login", form);
    expect(open.headers.get("set-cookie")).toMatch(
      /^__Host-network-operator=.*; Path=\/; HttpOnly; Secure; SameSite=Strict/,
    );
    const local = await app.request("/login", form);
    expect(local.headers.get("set-cookie")).toMatch(/^network-operator=.*HttpOnly; SameSite=Strict/);
  });

  it("what one person is shown is kept by nobody in between", async () => {
    expect((await app.request("/", { headers: bearer })).headers.get("cache-control")).toBe("no-store");
    expect((await app.request("/assets/style.css")).headers.get("cache-control")).toBe("no-cache");
  });

  it("an answer that cannot be given says why, in the form that was asked for, without a stack", async () => {
    fails = new OperatorError("outside", "Hubble Relay does not answer", {
      where: "<b>relay</b>",
      remedy: "Start it.",
    });
    const asked = await app.request("/", { headers: { ...bearer, accept: "text/html" } });
    expect(asked.status).toBe(503);
    const text = await asked.text();
    expect(text).toContain("Hubble Relay does not answer");
    expect(text).not.toContain("<b>relay");
    expect((await app.request("/api/status", { headers: bearer })).headers.get("content-type")).toMatch(/json/);
  });
});
