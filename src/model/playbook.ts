import { randomUUID } from "node:crypto";
import { BaseChatModel, type BaseChatModelParams } from "@langchain/core/language_models/chat_models";
import { AIMessage, HumanMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { z } from "zod";
import { iso } from "../facts/clock.ts";
import { intentOf, type Intent } from "./intent.ts";
import { listed, near } from "./names.ts";
import { code, fill, plain } from "./prompts.ts";

const statusSchema = z.object({
  names: z.array(z.string()),
  rows: z.array(
    z.object({
      name: z.string(),
      stage: z.string(),
      waitingFor: z.object({ what: z.string(), detail: z.string(), until: z.number().nullable() }).nullable(),
      pullRequest: z.object({ number: z.number(), url: z.string() }).nullable(),
    }),
  ),
});
type Status = z.infer<typeof statusSchema>;

interface Step {
  readonly tool: string;
  readonly args: Record<string, unknown>;
}
type Move = { readonly steps: readonly Step[] } | { readonly text: string };

const ask = (question: string): Move => ({ steps: [{ tool: "ask_person", args: { question } }] });

/** What is looked at before a proposal; the gates look at all of it again. */
const LOOKS: Readonly<Record<string, readonly string[]>> = {
  surveyed: ["read_hubble_edges", "draft_policies"],
  "allows-proposed": ["read_hubble_edges"],
  soaking: ["read_hubble_edges", "replay_flows"],
  "default-deny-proposed": ["replay_flows"],
};

const statusLine = ({ name, stage, waitingFor, pullRequest }: Status["rows"][number]): string => {
  const until = waitingFor?.until === null || waitingFor === null ? "" : `, until ${iso(waitingFor.until)}`;
  return fill("status", {
    namespace: code(name),
    stage,
    waiting: waitingFor === null ? "" : ` and waits for ${waitingFor.what}: ${plain(waitingFor.detail)}${until}`,
    pull: pullRequest === null ? "" : ` Pull request [#${pullRequest.number}](${pullRequest.url}).`,
  });
};

const moveFor = (intent: Intent, status: Status, done: ReadonlySet<string>): Move => {
  const { names, rows } = status;
  const example = names[0] ?? "selfhosted";
  switch (intent.kind) {
    case "lock": {
      const { namespace } = intent;
      const stage = rows.find(({ name }) => name === namespace)?.stage ?? "";
      const looks = (LOOKS[stage] ?? []).filter((tool) => !done.has(tool));
      if (looks.length > 0) return { steps: looks.map((tool) => ({ tool, args: { namespace } })) };
      return { steps: [{ tool: "open_pull_request", args: { namespace } }] };
    }
    case "sign-off":
      return { steps: [{ tool: "request_sign_off", args: { namespace: intent.namespace } }] };
    case "rollback":
      return { steps: [{ tool: "request_rollback", args: { namespace: intent.namespace } }] };
    case "status": {
      const about = rows.filter(({ name }) => intent.namespace === null || name === intent.namespace);
      return {
        text:
          about.length === 1 ? about.map(statusLine).join("") : about.map((row) => `- ${statusLine(row)}`).join("\n"),
      };
    }
    case "unknown-namespace": {
      const close = near(intent.name, names);
      const hint = close.length === 0 ? "" : ` Did you mean ${listed(close)}?`;
      return ask(fill("ask-unknown", { name: code(intent.name), near: hint, known: listed(names) }));
    }
    case "several":
      return ask(fill("ask-several", { names: listed(intent.names) }));
    case "which":
      return ask(fill("ask-namespace", { example, known: listed(names) }));
    case "unclear":
      break;
  }
  return ask(fill("ask-nothing", { example }));
};

/** Tool answers since the person spoke last, by the tool's name. */
const answersOf = (messages: readonly BaseMessage[]): { text: string; answers: ReadonlyMap<string, string> } => {
  const at = messages.findLastIndex((message) => HumanMessage.isInstance(message));
  const since = messages.slice(at + 1);
  const called = new Map<string, string>();
  const answers = new Map<string, string>();
  for (const message of since) {
    if (AIMessage.isInstance(message))
      for (const { id, name } of message.tool_calls ?? []) if (id !== undefined) called.set(id, name);
    if (ToolMessage.isInstance(message)) answers.set(called.get(message.tool_call_id) ?? "", message.text);
  }
  return { text: messages[at]?.text ?? "", answers };
};

const parsedStatus = (text: string): Status | null => {
  try {
    const parsed = statusSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

const PROPOSED = ["open_pull_request", "request_sign_off", "request_rollback"];

/** The next move of a conversation: the same messages always give the same move. */
export const nextMove = (messages: readonly BaseMessage[]): Move => {
  const { text, answers } = answersOf(messages);
  // What came of it is told by what happened, not by me.
  if (PROPOSED.some((name) => answers.has(name))) return { text: "" };
  const said = answers.get("rollout_status");
  if (said === undefined) return { steps: [{ tool: "rollout_status", args: {} }] };
  const status = parsedStatus(said);
  if (status === null) return { text: `I cannot tell where the namespaces stand. ${plain(said)}` };
  return moveFor(intentOf(text, status.names), status, new Set(answers.keys()));
};

/**
 * A chat model without a language model: deterministic, offline, no key. It walks the stages in order through the same
 * tool calls that a language model would make, and the gates trust it as little.
 */
export class Playbook extends BaseChatModel {
  constructor(fields: BaseChatModelParams = {}) {
    super(fields);
  }

  override _llmType(): string {
    return "playbook";
  }

  /** It knows its tools by heart. */
  override bindTools(): this {
    return this;
  }

  override _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const move = nextMove(messages);
    const message =
      "text" in move
        ? new AIMessage(move.text)
        : new AIMessage({
            content: "",
            tool_calls: move.steps.map(({ tool, args }) => ({ id: randomUUID(), name: tool, args, type: "tool_call" })),
          });
    return Promise.resolve({ generations: [{ text: message.text, message }] });
  }
}
