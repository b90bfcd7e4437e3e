import { HumanMessage } from "@langchain/core/messages";
import { z } from "zod";
import { OperatorError } from "../facts/errors.ts";
import { answerSchema, type Answer } from "./answer.ts";
import type { OperatorGraph } from "./build.ts";
import type { StructuredRequest } from "./state.ts";

export type Question =
  { readonly text: string } | { readonly request: Partial<StructuredRequest> & Pick<StructuredRequest, "kind"> };

const progressSchema = z.object({ kind: z.literal("progress"), text: z.string() });
const valuesSchema = z.object({ reply: answerSchema.nullish() });

/**
 * One request, one answer, on one thread of the sealed graph.
 *
 * @throws OperatorError `outside` when something could not be reached, `busy` when another run holds the thread,
 *   `input` for what cannot be read
 */
export const askGraph = async (
  graph: OperatorGraph,
  question: Question,
  options: { readonly thread: string; readonly signal?: AbortSignal; readonly onProgress?: (text: string) => void },
): Promise<Answer> => {
  const input = "text" in question ? { messages: [new HumanMessage(question.text)] } : { request: question.request };
  const stream = await graph.stream(input, {
    configurable: { thread_id: options.thread },
    streamMode: ["values", "custom"],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  let reply: Answer | null = null;
  for await (const [mode, chunk] of stream as AsyncIterable<[string, unknown]>) {
    const progress = mode === "custom" ? progressSchema.safeParse(chunk) : null;
    if (progress?.success === true) options.onProgress?.(progress.data.text);
    const values = mode === "values" ? valuesSchema.safeParse(chunk) : null;
    if (values?.success === true) reply = values.data.reply ?? null;
  }
  if (reply !== null) return reply;
  throw new OperatorError("input", "the run paused without an answer", {
    where: options.thread,
    remedy: "Answer the pause on the sign-off page, or ask on another thread.",
  });
};
