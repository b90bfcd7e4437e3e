import { HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/graph/answer.ts";
import { wire } from "../../src/graph/build.ts";
import { openField, type Field } from "./field.ts";

const ask = async (field: Field, input: string | Record<string, unknown>, thread = "t"): Promise<Answer> => {
  const graph = wire(field.ports).compile({ checkpointer: field.ports.checkpointer });
  const said = typeof input === "string" ? { messages: [new HumanMessage(input)] } : input;
  const state = await graph.invoke(said, { configurable: { thread_id: thread }, recursionLimit: 100 });
  if (state.reply === null) throw new Error("no reply");
  return state.reply;
};

describe("one request, one answer", () => {
  it("opens one pull request for the namespace that was named", async () => {
    const field = openField();
    const answer = await ask(field, "lock down selfhosted");
    expect(answer).toMatchObject({ outcome: "pull-request", namespace: "selfhosted", pullRequest: { number: 1 } });
    expect(field.forge.refs.has("netpol/selfhosted")).toBe(true);
  });
});
