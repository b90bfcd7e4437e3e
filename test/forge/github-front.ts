import { createServer, type IncomingMessage, type Server } from "node:http";
import type { components } from "@octokit/openapi-types";
import { createEmulator, type Emulator, type SeedConfig } from "emulate";

/** GitHub's published description of its API, as types: what this front answers is checked against it by the compiler. */
type Schemas = components["schemas"];
type Rule = Schemas["repository-rule-detailed"];
type Ruleset = Schemas["repository-ruleset"];
type Status = Schemas["status"];

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A GitHub that somebody else wrote, with the few things it lacks in front: rulesets, commit statuses, one pull request per head. */
export interface Front {
  readonly url: string;
  readonly emulator: Emulator;
  /** Rules of the default branch. */
  rules: readonly Rule[];
  bypass: NonNullable<Ruleset["current_user_can_bypass"]> | null;
  /** What a read is answered with instead; null: GitHub answers. */
  answer: (url: URL) => Answer | null;
  /** Answers instead of GitHub, for as long as it answers at all. */
  fault: (method: string, path: string) => Answer | null;
  /** Method and path of everything that was asked. */
  readonly asked: string[];
  reset(): void;
  close(): Promise<void>;
}

const RULESET = 42;

/** Approval by somebody else and of the last push, and the check from one source. */
export const HELD_BACK: readonly Rule[] = [
  {
    type: "pull_request",
    ruleset_id: RULESET,
    ruleset_source: "operator/ops",
    ruleset_source_type: "Repository",
    parameters: {
      required_approving_review_count: 1,
      require_last_push_approval: true,
      dismiss_stale_reviews_on_push: true,
      require_code_owner_review: false,
      required_review_thread_resolution: false,
    },
  },
  {
    type: "required_status_checks",
    ruleset_id: RULESET,
    ruleset_source: "operator/ops",
    ruleset_source_type: "Repository",
    parameters: {
      required_status_checks: [{ context: "network-operator/gates", integration_id: 12_345 }],
      strict_required_status_checks_policy: true,
    },
  },
];

const bytesOf = async (request: IncomingMessage): Promise<Buffer> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
};

const ruleset = (bypass: Front["bypass"]): Ruleset => ({
  id: RULESET,
  name: "main",
  source: "operator/ops",
  source_type: "Repository",
  enforcement: "active",
  ...(bypass === null ? {} : { current_user_can_bypass: bypass }),
});

interface Given {
  readonly state: string;
  readonly context: string;
  readonly description: string;
}

const statusOf = (id: number, sha: string, given: Given, url: string): Status => ({
  id,
  node_id: `S_${id}`,
  url: `${url}/repos/operator/ops/statuses/${sha}`,
  state: given.state,
  context: given.context,
  description: given.description,
  target_url: null,
  avatar_url: null,
  created_at: "2026-05-20T12:00:00Z",
  updated_at: "2026-05-20T12:00:00Z",
  creator: null,
});

const SEED = {
  tokens: { secret: { login: "operator", scopes: ["repo"] }, weak: { login: "guest", scopes: ["repo"] } },
  github: {
    users: [{ login: "operator" }, { login: "guest" }],
    repos: [{ owner: "operator", name: "ops", auto_init: true }],
    apps: [
      {
        app_id: 12_345,
        slug: "network-operator",
        name: "network-operator",
        permissions: { contents: "write", pull_requests: "write", checks: "write", metadata: "read" },
        installations: [
          {
            installation_id: 100,
            account: "operator",
            permissions: { contents: "write", pull_requests: "write", checks: "write", metadata: "read" },
          },
        ],
      },
    ],
  },
} satisfies SeedConfig;

export const openFront = async (): Promise<Front> => {
  const emulator = await createEmulator({ service: "github", port: 0, seed: SEED });
  let statuses: Status[] = [];
  const front: Front = {
    url: "",
    emulator,
    rules: HELD_BACK,
    bypass: "never",
    answer: () => null,
    fault: () => null,
    asked: [],
    reset: () => {
      emulator.reset();
      statuses = [];
      front.asked.length = 0;
      Object.assign(front, { rules: HELD_BACK, bypass: "never", answer: () => null, fault: () => null });
    },
    close: async () => {
      await new Promise((done) => server.close(done));
      await emulator.close();
    },
  };

  const own = async (method: string, path: string, body: Buffer): Promise<Answer | null> => {
    if (/\/rules\/branches\/[^/]+$/.test(path)) return { status: 200, body: front.rules };
    if (path.endsWith(`/rulesets/${RULESET}`)) return { status: 200, body: ruleset(front.bypass) };
    const post = /\/statuses\/([0-9a-f]{40})$/.exec(path);
    if (method === "POST" && post?.[1] !== undefined) {
      const given = JSON.parse(body.toString("utf8")) as Given;
      if (given.description.length > 140)
        return { status: 422, body: { message: "Validation Failed: description is too long" } };
      const made = statusOf(statuses.length + 1, post[1], given, front.url);
      statuses = [made, ...statuses];
      return { status: 201, body: made };
    }
    const list = /\/commits\/([0-9a-f]{40})\/statuses$/.exec(path);
    if (list?.[1] !== undefined)
      return { status: 200, body: statuses.filter(({ url }) => url.endsWith(list[1] ?? "")) };
    if (method !== "POST" || !path.endsWith("/pulls")) return null;
    const { head } = JSON.parse(body.toString("utf8")) as { head: string };
    const open = await fetch(`${emulator.url}${path}?state=open`, { headers: { authorization: "token secret" } });
    const there = (await open.json()) as { head: { ref: string } }[];
    return there.some((pull) => pull.head.ref === head)
      ? { status: 422, body: { message: `Validation Failed: A pull request already exists for operator:${head}.` } }
      : null;
  };

  // Writes one after the other: what is looked at before one of them is not overtaken by another.
  let turn: Promise<unknown> = Promise.resolve();
  const server: Server = createServer((request, response) => {
    const handle = async (): Promise<void> => {
      const method = request.method ?? "GET";
      const url = new URL(request.url ?? "/", "http://front");
      const body = await bytesOf(request);
      const path = decodeURIComponent(url.pathname);
      front.asked.push(`${method} ${path}`);
      const read = method === "GET" ? front.answer(url) : null;
      const answer = read ?? front.fault(method, path) ?? (await own(method, path, body));
      if (answer !== null) {
        response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
        response.end(JSON.stringify(answer.body));
        return;
      }
      const headers = new Headers();
      for (const name of ["authorization", "accept", "content-type"]) {
        const value = request.headers[name];
        if (typeof value === "string") headers.set(name, value);
      }
      const sent = await fetch(`${emulator.url}${request.url ?? "/"}`, {
        method,
        headers,
        ...(body.length === 0 ? {} : { body }),
      });
      response.writeHead(sent.status, { "content-type": sent.headers.get("content-type") ?? "application/json" });
      response.end(Buffer.from(await sent.arrayBuffer()));
    };
    turn = request.method === "GET" ? (void handle(), turn) : turn.then(handle);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return Object.assign(front, { url: `http://127.0.0.1:${address.port}` });
};
