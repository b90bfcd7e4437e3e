import { randomUUID } from "node:crypto";
import { coerceMessageLikeToMessage, HumanMessage, type BaseMessageLike } from "@langchain/core/messages";
import { Command, isCommand } from "@langchain/langgraph";
import { z } from "zod";
import { BarrierError, type BarrierCode } from "../facts/barrier.ts";
import { requestSchema } from "./state.ts";

const MAX_TEXT = 20_000;
const MAX_MESSAGES = 100;

export const refuse = (code: BarrierCode, what: string, remedy: string): BarrierError =>
  new BarrierError(code, what, { where: "graph", remedy });

export const PLAIN = "Send messages or a request, or answer the pause with a resume.";

const inputSchema = z.object({
  messages: z.unknown().optional(),
  request: requestSchema.nullish(),
});

const asHuman = (like: unknown): HumanMessage[] => {
  try {
    const message = coerceMessageLikeToMessage(like as BaseMessageLike);
    if (message.getType() !== "human") return [];
    if (message.text.length > MAX_TEXT)
      throw refuse("L2/input", `a message is longer than ${MAX_TEXT} characters`, "Say it shorter.");
    // A new id, because one that exists would rewrite what was said before (V30).
    return [new HumanMessage({ content: message.text, id: randomUUID() })];
  } catch (error) {
    if (error instanceof BarrierError) throw error;
    throw refuse("L2/input", "a message has no form that is known", 'Send { role: "user", content: "…" }.');
  }
};

/** What a person said, and nothing else: no tool call to be executed, no answer of a tool, no words put in our mouth. */
const plainInput = (input: unknown): Record<string, unknown> => {
  const parsed = inputSchema.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
    throw refuse("L2/input", `the input is not of the form that this graph takes${where}`, PLAIN);
  }
  const { messages = [], request } = parsed.data;
  const list: unknown[] = Array.isArray(messages) ? messages : [messages];
  if (list.length > MAX_MESSAGES) throw refuse("L2/input", `more than ${MAX_MESSAGES} messages at once`, PLAIN);
  return { messages: list.flatMap(asHuman), request: request ?? null };
};

/** A Command may answer a pause. It may not go anywhere, write anything or speak to a parent. */
export const checkedInput = (input: unknown): unknown => {
  if (input === null || input === undefined) return null;
  if (!isCommand(input)) return plainInput(input);
  const { goto, update, graph, resume } = input;
  const jumps = Array.isArray(goto) ? goto.length > 0 : goto !== undefined;
  if (jumps || update !== undefined || graph !== undefined)
    throw refuse("L2/command", "a command may only resume", PLAIN);
  const isNothing = typeof resume === "object" && resume !== null && Object.keys(resume).length === 0;
  if (resume === undefined || resume === null || isNothing) throw refuse("L2/command", "the resume is empty", PLAIN);
  return new Command({ resume });
};
