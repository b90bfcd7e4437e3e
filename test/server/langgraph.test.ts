import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
