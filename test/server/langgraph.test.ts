import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "@langchain/langgraph-sdk";
import { openDesk, sign } from "../graph/desk.ts";
import { startLangGraphServer, type LangGraphServer } from "./langgraph-server.ts";

let server: LangGraphServer;
beforeAll(async () => {
  server = await startLangGraphServer();
});
afterAll(() => server.close());

const question = { request: { kind: "request-sign-off", namespace: "selfhosted" } };

describe("the LangGraph server, through its own client", () => {
  it("asks, pauses for a person, and is carried on by an attestation's id", async () => {
    const desk = openDesk();
    server.serve(desk.graph());
    const client = server.client();
    const { thread_id: thread } = await client.threads.create();
    await client.runs.wait(thread, server.assistant, { input: question });
    expect(await client.threads.get(thread)).toMatchObject({ status: "interrupted" });
    expect(desk.recorded).toEqual([]);
    const id = sign(desk);
    await client.runs.wait(thread, server.assistant, { command: { resume: { attestation: id } } });
    expect(desk.recorded).toEqual([{ attestation: id, namespace: "selfhosted" }]);
  });

  it("serves the chat interfaces: a key, a thread's past, a card with an answer to fill in", async () => {
    const desk = openDesk();
    server.serve(desk.graph());
    const chat = new Client({ apiUrl: server.url, apiKey: server.token, callerOptions: { maxRetries: 0 } });
    const { thread_id: thread } = await chat.threads.create();
    const input = { messages: [{ type: "human", content: "sign off selfhosted" }] };
    const how = { streamMode: "values", streamSubgraphs: true, streamResumable: true } as const;
    const events: string[] = [];
    for await (const { event } of chat.runs.stream(thread, server.assistant, { input, ...how })) events.push(event);
    expect(events).toContain("values");
    const [task] = (await chat.threads.getState(thread)).tasks.filter(({ interrupts }) => interrupts.length > 0);
    expect(task?.interrupts[0]?.value).toMatchObject({
      action_requests: [{ name: "sign-off", args: { namespace: "selfhosted", attestation: "" } }],
      review_configs: [{ action_name: "sign-off", allowed_decisions: ["edit"] }],
    });
    expect(await chat.threads.getHistory(thread)).not.toEqual([]);
    expect((await chat.threads.search()).map(({ thread_id }) => thread_id)).toContain(thread);
    const edited_action = { name: "sign-off", args: { attestation: sign(desk) } };
    const command = { resume: { decisions: [{ type: "edit", edited_action }] } };
    for await (const { event } of chat.runs.stream(thread, server.assistant, { command, ...how })) events.push(event);
    expect(events).not.toContain("error");
    expect(desk.recorded).toHaveLength(1);
  });

  it("an answer counts once: the second says that nothing waits", async () => {
    const desk = openDesk();
    server.serve(desk.graph());
    const client = server.client();
    const { thread_id: thread } = await client.threads.create();
    await client.runs.wait(thread, server.assistant, { input: question });
    const command = { resume: { attestation: sign(desk) } };
    await client.runs.wait(thread, server.assistant, { command });
    await expect(client.runs.wait(thread, server.assistant, { command })).rejects.toThrow("waits for no answer");
    expect(desk.recorded).toHaveLength(1);
  });

  it("gives nothing to a caller without the token", async () => {
    const desk = openDesk();
    server.serve(desk.graph());
    for (const token of [null, "wrong"]) {
      const client = server.client(token);
      await expect(client.threads.create()).rejects.toThrow("401");
      await expect(client.runs.wait(null, server.assistant, { input: question })).rejects.toThrow("401");
      await expect(client.assistants.search()).rejects.toThrow("401");
    }
    expect(desk.field.reads).toEqual([]);
  });
});
