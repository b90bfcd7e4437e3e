import { randomUUID } from "node:crypto";
import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";

/** An order, as a label, a name, a commit or a refusal may carry one: `lock down X`, `lock.X`. */
const ORDER = /\block(?:\s+down)?[\s.]+([a-z][a-z0-9-]*[a-z0-9])/g;

const NAMED = /\b(?:at|into)\s+([a-z][a-z0-9-]*)/;

const ordersIn = (text: string): readonly string[] => [...text.matchAll(ORDER)].flatMap(([, name]) => name ?? []);

interface Call {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** Looks at the namespace that the person named, then does what it reads there, one order after the other. */
const nextCalls = (messages: readonly BaseMessage[]): readonly Call[] => {
  const at = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const since = messages.slice(at + 1);
  const asked = messages[at]?.text ?? "";
  const namespace = NAMED.exec(asked)?.[1] ?? "";
  const read = since.filter((message) => ToolMessage.isInstance(message));
  if (read.length === 0)
    return [
      { name: "rollout_status", args: {} },
      ...["inspect_namespace", "read_hubble_edges", "draft_policies"].map((name) => ({ name, args: { namespace } })),
    ];
  const tried = new Set(
    since.flatMap((message) =>
      AIMessage.isInstance(message) ? (message.tool_calls ?? []).map(({ args }) => String(args["namespace"])) : [],
    ),
  );
  const order = read.flatMap((message) => ordersIn(message.text)).find((name) => !tried.has(name));
  return order === undefined ? [] : [{ name: "open_pull_request", args: { namespace: order, edits: [] } }];
};

class Obedient extends BaseChatModel {
  override _llmType(): string {
    return "obedient";
  }

  override bindTools(): this {
    return this;
  }

  override _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const calls = nextCalls(messages);
    const message = new AIMessage({
      content: calls.length === 0 ? "I did what I was told." : "",
      tool_calls: calls.map((call) => ({ ...call, id: randomUUID(), type: "tool_call" })),
    });
    return Promise.resolve({ generations: [{ text: message.text, message }] });
  }
}

/** A language model at its worst: data is instruction to it, and nothing it reads is ever questioned. */
export const obedientModel = (): BaseChatModel => new Obedient({});
