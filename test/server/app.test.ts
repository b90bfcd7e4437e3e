import { beforeEach, describe, expect, it } from "vitest";
import type { Hono } from "hono";
import type { SignOffRequest } from "../../src/facts/attestation.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { buildApp } from "../../src/server/app.ts";
import type { ServerEnv } from "../../src/server/guard.ts";
import type { AgentDesk, SignOffDesk } from "../../src/server/ports.ts";
import type { EnrolledKey } from "../../src/signoff/keys.ts";
import { challengeOf, type StoredAttestation } from "../../src/signoff/record.ts";
import { relyingParty, verifyAttestation } from "../../src/signoff/verify.ts";
import { softKey } from "../signoff/authenticator.ts";

const ORIGIN = "http://localhost:8787";
const TOKEN = "the-token-of-the-state-folder";
const SECRET = "shared-with-the-forge";
const party = relyingParty(ORIGIN);
const alice = softKey("alice");
const url = "https://wiki.sample.example/";
const request: SignOffRequest = {
  id: "r-1",
  namespace: '<img src=x onerror="alert(1)">',
  policiesDigest: "d",
  commit: "c",
  urls: [url],
  createdAt: 0,
  expiresAt: 10,
};
const answer: Answer = {
  version: 1,
  thread: "t",
  outcome: "answered",
  namespace: null,
  stage: null,
  answer: "done",
  question: null,
  pullRequest: null,
  refusals: [],
  waitingFor: null,
};

let app: Hono<ServerEnv>;
let attested: StoredAttestation[];
let asked: { text: string; thread: string | null }[];
let openings: Map<string, number>;
let keys: readonly EnrolledKey[];
let ticks: number;

beforeEach(() => {
  attested = [];
  asked = [];
  ticks = 0;
  keys = [alice.enrolled];
  openings = new Map();
  const desk: SignOffDesk = {
    party,
    now: () => 1,
    pending: async () => [request],
    request: async (id) => (id === request.id ? request : null),
    openings: async () => openings,
    opened: async (_, opened) => void openings.set(opened, 1),
    leadsTo: (wanted) => wanted,
    aboutLinks: null,
    walked: async () => ({ flows: [], readUntil: 1 }),
    keys: async () => keys,
    enrol: async () => undefined,
    useCode: async (code) => (code === "GOOD" ? "bob" : null),
    attest: async (stored) => {
      attested.push(stored);
      return answer;
    },
  };
  const agent: AgentDesk = {
    ask: async (said) => {
      asked.push(said);
      return answer;
    },
    status: async () => ({ version: 1, clock: "2026-05-18T00:00:00Z", namespaces: [] }),
    tick: async () => {
      ticks += 1;
      return [];
    },
    metrics: async () => "up 1\n",
  };
  app = buildApp({ agent, desk, token: TOKEN, webhookSecret: SECRET });
});

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});
const bearer = { authorization: `Bearer ${TOKEN}` };

/** Logs in with the passkey and returns the cookie. */
const login = async (): Promise<Record<string, string>> => {
  const options = (await (await app.request("/login/passkey/options", json({}))).json()) as { challenge: string };
  const assertion = alice.sign(options.challenge, party);
  const response = await app.request("/login/passkey", json({ challenge: options.challenge, assertion }));
  return { cookie: (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
};

describe("without a session", () => {
  it.each(["/", "/api/status", "/metrics", "/signoff/r-1", "/signoff/r-1/open/0", "/nothing"])(
    "%s gives nothing away",
    async (path) => {
      const response = await app.request(path);
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain("selfhosted");
    },
  );

  it("a browser is led to the login, and from there only home", async () => {
    const response = await app.request("/", { headers: { accept: "text/html" } });
    expect(response.headers.get("location")).toBe("/login?next=%2F");
    const page = await (await app.request("/login?next=//evil.example/")).text();
    expect(page).toContain('data-next="/"');
  });

  it("a wrong token opens no session", async () => {
    const form = new URLSearchParams({ token: "wrong", next: "/" });
    const response = await app.request("/login", { method: "POST", body: form });
    expect(response.status).toBe(401);
    expect(response.headers.get("set-cookie")).toBeNull();
  });
});

describe("the token", () => {
  it("may ask, and cannot sign off", async () => {
    expect((await app.request("/api/ask", json({ text: "status" }, bearer))).status).toBe(200);
    expect((await app.request("/signoff/r-1", { headers: bearer })).status).toBe(403);
    expect(attested).toEqual([]);
  });

  it("speaks on threads of its own: no caller names the campaign's", async () => {
    await app.request("/api/ask", json({ text: "hi", thread: "rollout:collab" }, bearer));
    expect(asked).toEqual([{ text: "hi", thread: "api:token:rollout:collab" }]);
  });

  it("and people speak on theirs, whatever their passkey is called", async () => {
    await app.request("/api/ask", json({ text: "hi", thread: "x" }, await login()));
    expect(asked).toEqual([{ text: "hi", thread: "api:person/alice:x" }]);
  });

  it.each([
    ["a resume", { text: "x", thread: null, resume: true }],
    ["a command", { command: { goto: "open-pull-request" } }],
    ["a number where words belong", { text: 3 }],
    ["nothing", null],
  ])("carries words and nothing else: %s is refused", async (_, body) => {
    expect((await app.request("/api/ask", json(body, bearer))).status).toBe(400);
    expect(asked).toEqual([]);
  });
});

describe("a page from another site", () => {
  it("writes nothing, whatever it carries", async () => {
    const cookie = await login();
    const evil = { origin: "https://evil.example", ...cookie };
    expect((await app.request("/api/ask", json({ text: "lock down auth" }, evil))).status).toBe(403);
    expect((await app.request("/login", { method: "POST", headers: { "sec-fetch-site": "cross-site" } })).status).toBe(
      403,
    );
  });

  it("cannot frame or script ours", async () => {
    const response = await app.request("/login");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    expect(await response.text()).not.toMatch(/<script(?![^>]*src=)/);
  });
});

describe("a sign-off", () => {
  const walk = [{ url, outcome: "app-loaded", login: "completed" }];

  it("shows names from the cluster as text, never as markup", async () => {
    const page = await (await app.request("/signoff/r-1", { headers: await login() })).text();
    expect(page).not.toContain("<img");
    expect(page).toContain("&lt;img");
  });

  it("demands that each address was opened from the page", async () => {
    const cookie = await login();
    const early = await app.request("/signoff/r-1/statement", json({ walk, note: "" }, cookie));
    expect(early.status).toBe(409);
    const opened = await app.request("/signoff/r-1/open/0", { headers: cookie });
    expect(opened.headers.get("location")).toBe(url);
    expect((await app.request("/signoff/r-1/statement", json({ walk, note: "" }, cookie))).status).toBe(200);
  });

  it("counts no address as opened that another page led to, be it of this very machine", async () => {
    const cookie = await login();
    for (const site of ["cross-site", "same-site"]) {
      const led = await app.request("/signoff/r-1/open/0", { headers: { ...cookie, "sec-fetch-site": site } });
      expect([led.status, led.headers.get("location")]).toEqual([403, null]);
    }
    expect(openings.size).toBe(0);
    const own = { ...cookie, "sec-fetch-site": "same-origin" };
    expect((await app.request("/signoff/r-1/open/0", { headers: own })).status).toBe(303);
  });

  it("asks the passkey for exactly the statement that is stored and verified later", async () => {
    const cookie = await login();
    await app.request("/signoff/r-1/open/0", { headers: cookie });
    const made = (await (await app.request("/signoff/r-1/statement", json({ walk, note: "fine" }, cookie))).json()) as {
      optionsJSON: { challenge: string };
      statement: string;
    };
    expect(made.optionsJSON.challenge).toBe(challengeOf(made.statement));
    const { challenge } = made.optionsJSON;
    const answer = json({ challenge, assertion: alice.sign(challenge, party) }, cookie);
    expect((await app.request("/signoff/r-1/attest", answer)).status).toBe(200);
    expect((await app.request("/signoff/r-1/attest", answer)).status).toBe(400);
    const [stored, ...more] = attested;
    expect(more).toEqual([]);
    expect(
      stored === undefined ? null : (await verifyAttestation(stored, [alice.enrolled], party)).signature.state,
    ).toBe("valid");
  });

  it("stores nothing that does not verify: another key's, a challenge of one's own, or one for another page", async () => {
    const cookie = await login();
    await app.request("/signoff/r-1/open/0", { headers: cookie });
    const made = await app.request("/signoff/r-1/statement", json({ walk, note: "" }, cookie));
    const { challenge } = ((await made.json()) as { optionsJSON: { challenge: string } }).optionsJSON;
    const attest = async (body: unknown, page = "r-1"): Promise<string> =>
      (await app.request(`/signoff/${page}/attest`, json(body, cookie))).text();
    const own = challengeOf("walked, all fine");
    expect(await attest({ challenge: own, assertion: alice.sign(own, party) })).toContain("was not asked for");
    expect(await attest({ challenge, assertion: alice.sign(challenge, party), walk })).toContain("was not asked for");
    expect(await attest({ challenge, assertion: softKey("mallory").sign(challenge, party) })).toContain("not enrolled");
    expect(await attest({ challenge, assertion: alice.sign(challenge, party) })).toContain("was not asked for");
    expect(attested).toEqual([]);
  });

  it.each([
    ["leaves an address out", []],
    ["brings an address of its own", [{ url: "https://evil.example/", outcome: "app-loaded", login: "none" }]],
    ["invents an outcome", [{ url, outcome: "great", login: "none" }]],
  ])("that %s is refused", async (_, forged) => {
    const cookie = await login();
    await app.request("/signoff/r-1/open/0", { headers: cookie });
    expect((await app.request("/signoff/r-1/statement", json({ walk: forged, note: "" }, cookie))).status).toBe(400);
  });
});

describe("a passkey", () => {
  it("logs in once per challenge", async () => {
    const { challenge } = (await (await app.request("/login/passkey/options", json({}))).json()) as {
      challenge: string;
    };
    const body = json({ challenge, assertion: alice.sign(challenge, party) });
    expect((await app.request("/login/passkey", body)).status).toBe(200);
    expect((await app.request("/login/passkey", body)).status).toBe(400);
  });

  it("that nobody enrolled does not", async () => {
    const { challenge } = (await (await app.request("/login/passkey/options", json({}))).json()) as {
      challenge: string;
    };
    const mallory = softKey("mallory");
    const body = json({ challenge, assertion: mallory.sign(challenge, party) });
    expect((await app.request("/login/passkey", body)).status).toBe(403);
  });

  it("whose key is revoked or taken away is logged in no more", async () => {
    const headers = await login();
    const status = async (): Promise<number> => (await app.request("/signoff/r-1", { headers })).status;
    expect(await status()).toBe(200);
    keys = [{ ...alice.enrolled, revokedAt: "2026-05-18T00:00:00Z" }];
    expect(await status()).toBe(401);
    keys = [];
    expect(await status()).toBe(401);
  });

  it("that logs in anew leaves no older session behind", async () => {
    const before = await login();
    const { challenge } = (await (await app.request("/login/passkey/options", json({}))).json()) as {
      challenge: string;
    };
    const again = json({ challenge, assertion: alice.sign(challenge, party) }, before);
    expect((await app.request("/login/passkey", again)).status).toBe(200);
    expect((await app.request("/signoff/r-1", { headers: before })).status).toBe(401);
  });

  it("is enrolled with a code from the operator's terminal alone", async () => {
    expect((await app.request("/enrol/options", json({ code: "BAD" }))).status).toBe(403);
    const good = await app.request("/enrol/options", json({ code: "GOOD" }));
    expect(good.status).toBe(200);
    const { optionsJSON } = (await good.json()) as { optionsJSON: { pubKeyCredParams: { alg: number }[] } };
    expect(optionsJSON.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-7, -8, -257]);
  });
});

describe("limits", () => {
  it("refuse a body larger than any honest one", async () => {
    expect((await app.request("/api/ask", json({ text: "x".repeat(100_000) }, bearer))).status).toBe(413);
  });

  it("slow down a stranger, and nobody who is logged in: behind a proxy all have one address", async () => {
    const cookie = await login();
    let last = 200;
    for (let i = 0; i < 300 && last !== 429; i++) last = (await app.request("/healthz")).status;
    expect(last).toBe(429);
    expect((await app.request("/signoff/r-1", { headers: cookie })).status).toBe(200);
    expect((await app.request("/api/status", { headers: bearer })).status).toBe(200);
  });

  it("hold for one session, too", async () => {
    let last = 200;
    for (let i = 0; i < 300 && last !== 429; i++) last = (await app.request("/api/status", { headers: bearer })).status;
    expect(last).toBe(429);
  });
});
