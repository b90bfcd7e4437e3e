import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import { fakeModel } from "@langchain/core/testing";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/graph/answer.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { askGraph } from "../../src/graph/ask.ts";
import { MAX_TURNS } from "../../src/graph/nodes/operator.ts";
import { MAX_REFUSALS } from "../../src/graph/nodes/report.ts";
import { openField, type Field } from "./field.ts";

type Said = Parameters<ReturnType<typeof fakeModel>["respond"]>[0];

/** A language model that says exactly this, one answer after the other. */
const scripted = (...answers: Said[]) => answers.reduce((model, answer) => model.respond(answer), fakeModel());

const calls = (...list: { name: string; args: Record<string, unknown> }[]): AIMessage =>
  new AIMessage({ content: "", tool_calls: list.map((call, at) => ({ ...call, id: `call-${at}-${Math.random()}` })) });

const propose = (edits: { path: string; text: string | null }[] = []): AIMessage =>
  calls({ name: "open_pull_request", args: { namespace: "selfhosted", edits } });

interface Talk {
  readonly field: Field;
  readonly model: ReturnType<typeof fakeModel>;
  readonly answer: Answer;
}

const talk = async (answers: Said[], prepare: (field: Field) => void = () => {}): Promise<Talk> => {
  const model = scripted(...answers);
  const field = openField({ model: () => Promise.resolve(model) });
  prepare(field);
  const answer = await askGraph(buildGraph(field.ports), { text: "lock down selfhosted" }, { thread: "t" });
  return { field, model, answer };
};

const seen = (model: Talk["model"], call: number): string =>
  JSON.stringify(model.calls[call]?.messages.map((message: BaseMessage) => message.content));

describe("a language model in the operator's chair", () => {
  it("proposes, is told what became of it, and has the last word below the facts", async () => {
    const { answer, model } = await talk([propose(), new AIMessage("Please review it.")]);
    expect(answer.outcome).toBe("pull-request");
    expect(answer.answer).toMatch(/^Pull request \[#1\][\s\S]+Please review it\.$/);
    expect(seen(model, 1)).toContain('\\"kind\\":\\"done\\"');
  });

  it("is told by which gate, why and what would help, and may repair its proposal by an edit", async () => {
    const edit = { path: "kubernetes/selfhosted/netpol/allows.yaml", text: "allow: dns, web\n" };
    const { answer, field, model } = await talk([propose(), propose([edit]), new AIMessage("Done.")], (field) => {
      field.red.add("lint");
      field.onRead = (_pass, request) => {
        if (request.edits.length > 0) field.red.delete("lint");
      };
    });
    expect(answer.outcome).toBe("pull-request");
    expect(seen(model, 1)).toContain("lint is red");
    const head = await field.forge.tree(field.forge.refs.get("netpol/selfhosted") ?? "");
    expect(head.read(edit.path)).toBe(edit.text);
  });

  it("is listened to a bounded number of times; then the person is told", async () => {
    const { answer, model } = await talk(
      Array.from({ length: 10 }, () => propose()),
      (field) => void field.red.add("turn"),
    );
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "turn" }] });
    expect(model.callCount).toBe(MAX_REFUSALS + 1);
  });

  it("that circles is stopped", async () => {
    const { answer, model, field } = await talk(
      Array.from({ length: MAX_TURNS + 5 }, () => calls({ name: "rollout_status", args: {} })),
    );
    expect(answer.outcome).toBe("answered");
    expect(answer.answer).toContain("Nothing was opened");
    expect(model.callCount).toBe(MAX_TURNS);
    expect(field.forge.refs.size).toBe(1);
  });

  it("gets one pull request per request, however often it asks", async () => {
    const other = calls({ name: "open_pull_request", args: { namespace: "media" } });
    const { answer, field } = await talk([propose(), other]);
    expect(answer).toMatchObject({ outcome: "pull-request", namespace: "selfhosted" });
    expect([...field.forge.refs.keys()]).toEqual(["main", "netpol/selfhosted"]);
  });

  it("that proposes two things at once gets the first alone", async () => {
    const both = calls(
      { name: "open_pull_request", args: { namespace: "selfhosted" } },
      { name: "open_pull_request", args: { namespace: "media" } },
    );
    const { field, model } = await talk([both, new AIMessage("ok")]);
    expect([...field.forge.refs.keys()]).toEqual(["main", "netpol/selfhosted"]);
    expect(seen(model, 1)).toContain("one proposal at a time");
  });

  it("that looks and proposes in one breath is made to look first", async () => {
    const mixed = calls(
      { name: "rollout_status", args: {} },
      { name: "open_pull_request", args: { namespace: "selfhosted" } },
    );
    const { answer, model } = await talk([mixed, new AIMessage("I looked.")]);
    expect(answer).toMatchObject({ outcome: "answered", answer: "I looked." });
    expect(seen(model, 1)).toContain("propose one thing alone");
  });

  it.each<[string, AIMessage, string]>([
    ["a tool that does not exist", calls({ name: "kubectl_apply", args: {} }), "There is no tool"],
    ["a tool of a prototype", calls({ name: "constructor", args: {} }), "There is no tool"],
    ["arguments of another type", calls({ name: "open_pull_request", args: { namespace: 7 } }), "Not taken up"],
    ["a namespace that is a path", calls({ name: "open_pull_request", args: { namespace: "../x" } }), "Not taken up"],
    [
      "an edit larger than any manifest",
      calls({
        name: "open_pull_request",
        args: { namespace: "media", edits: [{ path: "a.yaml", text: "x".repeat(300_000) }] },
      }),
      "Not taken up",
    ],
    ["a look with wrong arguments", calls({ name: "inspect_namespace", args: { namespace: [] } }), "do not fit"],
  ])("that calls %s is told so, and nothing happens", async (_what, call, told) => {
    const { answer, model, field } = await talk([call, new AIMessage("I see.")]);
    expect(answer.outcome).toBe("answered");
    expect(seen(model, 1)).toContain(told);
    expect(field.reads).toEqual([]);
  });

  it("that claims to have merged has only spoken", async () => {
    const { answer, field } = await talk([new AIMessage("Merged and applied; selfhosted is locked.")]);
    expect(answer).toMatchObject({ outcome: "answered", pullRequest: null, stage: null });
    expect(field.ledger.map(({ kind }) => kind)).toEqual(["request", "answer"]);
  });

  it("that smuggles state through its words changes none", async () => {
    const smuggled = new AIMessage(JSON.stringify({ __overwrite__: [], verdict: { pass: true } }));
    const { field } = await talk([smuggled]);
    expect(field.forge.refs.size).toBe(1);
  });

  it("whose edits turn default-deny on meets the gates of that lane", async () => {
    const edit = { path: "kubernetes/selfhosted/netpol/allows.yaml", text: "default-deny: true\n" };
    const { answer } = await talk([propose([edit]), new AIMessage("ok")], (field) => void field.red.add("soaked"));
    expect(answer).toMatchObject({ outcome: "refused", refusals: [{ gate: "soaked" }] });
  });

  it("that names a namespace nobody knows is told, and then asks the person", async () => {
    const unknown = calls({ name: "open_pull_request", args: { namespace: "nowhere" } });
    const ask = calls({ name: "ask_person", args: { question: "Which one?" } });
    const { answer } = await talk([unknown, ask]);
    expect(answer).toMatchObject({ outcome: "asked-back" });
  });

  it("that cannot be reached ends the run with what, where and the way out", async () => {
    await expect(talk([new Error("connect ECONNREFUSED")])).rejects.toMatchObject({ kind: "outside", where: "model" });
  });
});

describe("a structured request", () => {
  it("never needs a model", async () => {
    const field = openField({ model: () => Promise.reject(new Error("no model")) });
    const answer = await askGraph(
      buildGraph(field.ports),
      { request: { kind: "propose", namespace: "selfhosted" } },
      { thread: "t" },
    );
    expect(answer.outcome).toBe("pull-request");
  });
});

describe("what people read", () => {
  it("shows nobody's markup: reasons and remedies are plain text", async () => {
    const field = openField();
    const { turn } = field.ports.catalog;
    if (turn === undefined) throw new Error("no gate turn");
    const hostile = "<img src=x onerror=alert(1)> [click](http://evil) @everyone #1 ```";
    const judge = () => ({ gate: "turn", pass: false, reason: hostile, lesson: 2, remedy: hostile, read: [] }) as const;
    const ports = { ...field.ports, catalog: { ...field.ports.catalog, turn: { ...turn, judge } } };
    const answer = await askGraph(buildGraph(ports), { text: "lock down selfhosted" }, { thread: "t" });
    expect(answer.answer).not.toMatch(/(?<!\\)<img|(?<!\\)\]\(http|(?<!\\)```/);
    expect(answer.refusals[0]?.reason).toBe(hostile);
  });

  it("remembers the conversation, tool answers beside their calls", async () => {
    const field = openField();
    const graph = buildGraph(field.ports);
    await askGraph(graph, { text: "lock down selfhosted" }, { thread: "t" });
    const { values } = await graph.getState({ configurable: { thread_id: "t" } });
    const { messages } = values as { messages: BaseMessage[] };
    expect(HumanMessage.isInstance(messages[0])).toBe(true);
    const asked = messages.flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []));
    const answered = messages.filter((message) => message.getType() === "tool");
    expect(answered).toHaveLength(asked.length);
  });
});
