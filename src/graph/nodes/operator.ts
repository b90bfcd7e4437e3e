import { randomUUID } from "node:crypto";
import { AIMessage, SystemMessage, ToolMessage, type AIMessageChunk, type BaseMessage } from "@langchain/core/messages";
import { OperatorError } from "../../facts/errors.ts";
import { isProposal, PROPOSALS } from "../../../tools/proposals.ts";
import type { ReadingTool } from "../../../tools/reading.ts";
import { prompt } from "../../model/prompts.ts";
import { record } from "../../facts/json.ts";
import type { NodePorts } from "../ports.ts";
import type { GraphState, Turn } from "../state.ts";
import { progress, type Node } from "./kit.ts";

/** More turns than any honest request takes; a model that circles is stopped here. */
export const MAX_TURNS = 24;
/** How much of a thread the model is shown. */
const REMEMBERED = 60;

interface Call {
  readonly id: string;
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** What the model wants, checked against the schemas again whatever the provider promises. */
const turnOf = (calls: readonly Call[], text: string): Turn => {
  const [first] = calls;
  if (first === undefined) return { kind: "say", text };
  if (!calls.every(({ name }) => isProposal(name))) return { kind: "look", calls: [...calls] };
  switch (first.name) {
    case "ask_person": {
      const asked = PROPOSALS.ask_person.schema.safeParse(first.args);
      return asked.success ? { kind: "ask-back", question: asked.data.question } : { kind: "look", calls: [...calls] };
    }
    case "request_sign_off":
    case "request_rollback": {
      const asked = PROPOSALS[first.name].schema.safeParse(first.args);
      if (!asked.success) return { kind: "look", calls: [...calls] };
      const kind = first.name === "request_sign_off" ? "request-sign-off" : "request-rollback";
      return { kind: "propose", wish: { kind, namespace: asked.data.namespace, edits: [], call: first.id } };
    }
    default: {
      const asked = PROPOSALS.open_pull_request.schema.safeParse(first.args);
      if (!asked.success) return { kind: "look", calls: [...calls] };
      const { namespace, edits } = asked.data;
      return { kind: "propose", wish: { kind: "propose", namespace, edits, call: first.id } };
    }
  }
};

/** A window of the thread that begins with a person, because a tool's answer without its call is refused by providers. */
const remembered = (messages: readonly BaseMessage[]): readonly BaseMessage[] => {
  const tail = messages.slice(-REMEMBERED);
  const start = tail.findIndex((message) => message.getType() === "human");
  return start < 0 ? tail : tail.slice(start);
};

/** Every call gets an answer, those too that are not taken up. */
const unanswered = (turn: Turn, calls: readonly Call[]): ToolMessage[] => {
  if (turn.kind === "look") return [];
  const rest = turn.kind === "propose" ? calls.slice(1) : calls;
  return rest.map(
    ({ id, name }) =>
      new ToolMessage({
        tool_call_id: id,
        name,
        content: turn.kind === "propose" ? "Not taken up: one proposal at a time." : "The person is asked.",
      }),
  );
};

/** Arguments that are no JSON count as none: the call then fails its schema, and the model is told what is missing. */
const callsOf = (said: AIMessageChunk): readonly Call[] =>
  [...(said.tool_calls ?? []), ...(said.invalid_tool_calls ?? []).map((call) => ({ ...call, args: {} }))].map(
    ({ id, name, args }) => ({ id: id ?? randomUUID(), name: name ?? "", args: record(args) }),
  );

const unreachable = (cause: unknown): OperatorError => {
  const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  return new OperatorError("outside", `the model did not answer: ${why.slice(0, 300)}`, {
    where: "model",
    remedy: "Check its key, address and limits, or use `playbook`; nothing was opened.",
    cause,
  });
};

/** The model, or the playbook: looks through tools and proposes one thing. Whatever it says is a proposal. */
export const operator =
  ({ model }: NodePorts, tools: readonly ReadingTool[]): Node =>
  async (state, config) => {
    const { run } = state;
    if (run === null) return { turn: { kind: "say", text: "" } };
    if (run.turns >= MAX_TURNS)
      return { turn: { kind: "say", text: "I stop here: this took more turns than it should. Nothing was opened." } };
    progress(config, "thinking");
    const chat = await model();
    if (chat.bindTools === undefined)
      throw new OperatorError("input", "the configured model cannot call tools", {
        where: "model",
        remedy: "Choose a model with tool calls, or `playbook`.",
      });
    const bound = chat.bindTools([...tools, ...Object.values(PROPOSALS)]);
    const thread = [new SystemMessage(prompt("operator")), ...remembered(state.messages)];
    const options = config.signal === undefined ? {} : { signal: config.signal };
    const said = await bound.invoke(thread, options).catch((cause: unknown) => {
      if (config.signal?.aborted === true) throw cause;
      throw unreachable(cause);
    });
    const calls = callsOf(said);
    if (calls.length === 0 && said.text.trim() === "" && state.result === null)
      throw unreachable(new Error("what came back holds neither words nor a call"));
    const turn = turnOf(calls, said.text);
    const message = new AIMessage({ id: randomUUID(), content: said.text, tool_calls: [...calls] });
    return { messages: [message, ...unanswered(turn, calls)], turn, run: { ...run, turns: run.turns + 1 } };
  };

export const afterOperator = ({ turn, result }: GraphState): "look" | "propose" | "answer" => {
  if (turn?.kind === "look") return "look";
  // One proposal that went through is all a request gets.
  if (turn?.kind === "propose" && result?.kind !== "done" && result?.kind !== "signed") return "propose";
  return "answer";
};
