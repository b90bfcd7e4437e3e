import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { askGraph } from "../../src/graph/ask.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { chatModel } from "../../src/model/model.ts";
import { openField, type Field } from "../graph/field.ts";

// A provider's own client, loaded by its name as the configuration gives it, speaks to a chat-completions endpoint.
interface Asked {
  readonly messages: readonly { readonly role: string; readonly content?: unknown; readonly tool_call_id?: string }[];
  readonly tools?: readonly { readonly type: string; readonly function: { readonly name: string } }[];
}
type Reply = { readonly status: number; readonly body: string };

const asked: Asked[] = [];
let replies: Reply[] = [];
let server: Server;

const completion = (message: Record<string, unknown>, finish: "stop" | "tool_calls"): Reply => ({
  status: 200,
  body: JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_772_000_000,
    model: "gpt-4o",
    choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, finish_reason: finish }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }),
});
const calls = (name: string, args: unknown): Reply => {
  const call = { id: `call_${name}`, type: "function", function: { name, arguments: JSON.stringify(args) } };
  return completion({ tool_calls: [call] }, "tool_calls");
};
const says = (content: string): Reply => completion({ content }, "stop");

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    request.on("end", () => {
      asked.push(JSON.parse(text) as Asked);
      const { status, body } = replies.shift() ?? { status: 500, body: "{}" };
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, "127.0.0.1", done);
  });
  vi.stubEnv("OPENAI_API_KEY", "a-key-of-nobody");
  vi.stubEnv("OPENAI_BASE_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`);
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.close();
});
afterEach(() => {
  asked.length = 0;
  replies = [];
});

const talk = async (said: readonly Reply[]): Promise<{ readonly field: Field; readonly ask: Promise<unknown> }> => {
  replies = [...said];
  const field = openField({ model: chatModel("openai:gpt-4o") });
  return { field, ask: askGraph(buildGraph(field.ports), { text: "lock down selfhosted" }, { thread: "t" }) };
};

describe("a provider's model by its name", () => {
  it("looks, proposes, and its proposal goes down the same lane", async () => {
    const { field, ask } = await talk([
      calls("rollout_status", {}),
      calls("open_pull_request", { namespace: "selfhosted" }),
      says("Please review it."),
    ]);
    await expect(ask).resolves.toMatchObject({ outcome: "pull-request", namespace: "selfhosted" });
    expect([...field.forge.refs.keys()]).toEqual(["main", "netpol/selfhosted"]);
    const [first, second] = asked;
    expect(first?.messages[0]?.role).toBe("system");
    expect(first?.tools?.map((tool) => tool.function.name)).toEqual(
      expect.arrayContaining(["rollout_status", "open_pull_request", "request_sign_off", "ask_person"]),
    );
    expect(second?.messages.at(-1)).toMatchObject({ role: "tool", tool_call_id: "call_rollout_status" });
  });

  it.each<[string, Reply, RegExp]>([
    ["a key that is refused", { status: 401, body: '{"error":{"message":"Incorrect API key"}}' }, /did not answer/],
    ["a limit that is reached", { status: 400, body: '{"error":{"message":"context too long"}}' }, /context too long/],
    ["an answer that is no completion", { status: 200, body: '{"choices":"none"}' }, /did not answer/],
  ])("%s is one line with a remedy, and nothing was opened", async (_what, reply, line) => {
    const { field, ask } = await talk([reply]);
    await expect(ask).rejects.toMatchObject({ kind: "outside", line: expect.stringMatching(line) as string });
    expect([...field.forge.refs.keys()]).toEqual(["main"]);
  });

  it("arguments that are no JSON are answered as a tool's mistake, and nothing was opened", async () => {
    const call = {
      id: "call_1",
      type: "function",
      function: { name: "open_pull_request", arguments: '{"namespace":' },
    };
    const { field, ask } = await talk([completion({ tool_calls: [call] }, "tool_calls"), says("I could not.")]);
    await expect(ask).resolves.toMatchObject({ outcome: "answered", pullRequest: null });
    expect([...field.forge.refs.keys()]).toEqual(["main"]);
  });

  it("whose package is not installed is named with the way out", async () => {
    await expect(chatModel("mistralai:large")()).rejects.toMatchObject({
      kind: "outside",
      line: expect.stringContaining("@langchain/mistralai") as string,
    });
  });
});
