import { HumanMessage } from "@langchain/core/messages";
import { Command } from "@langchain/langgraph";
import { z } from "zod";
import { OperatorError } from "../facts/errors.ts";
import { answerSchema, type Answer } from "./answer.ts";
import type { OperatorGraph } from "./build.ts";
import type { StructuredRequest } from "./state.ts";

/** Something said, something asked for by name, or the answer to a pause: the id of an attestation or a confirmation. */
export type Question =
  | { readonly text: string }
  | { readonly request: Partial<StructuredRequest> & Pick<StructuredRequest, "kind"> }
  | { readonly attestation: string }
  | { readonly confirmation: string; readonly digest: string };

const inputOf = (question: Question): Parameters<OperatorGraph["stream"]>[0] => {
  if ("text" in question) return { messages: [new HumanMessage(question.text)] };
  if ("request" in question) return { request: question.request };
  return new Command({ resume: question });
};

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
  const stream = await graph.stream(inputOf(question), {
    configurable: { thread_id: options.thread },
    streamMode: ["values", "custom"],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  let reply: Answer | null = null;
  for await (const [mode, chunk] of stream as AsyncIterable<[string, unknown]>) {
    const progress = mode === "custom" ? progressSchema.safeParse(chunk) : null;
    if (progress?.success === true) options.onProgress?.(progress.data.text);
    const values = mode === "values" ? valuesSchema.safeParse(chunk) : null;
    // The last chunk of a pause is the interrupt alone, and says nothing of the reply.
    if (values?.success === true && values.data.reply !== undefined) reply = values.data.reply;
  }
  if (reply !== null) return reply;
  throw new OperatorError("input", "the run paused without an answer", {
    where: options.thread,
    remedy: "Answer the pause on the sign-off page, or ask on another thread.",
  });
};
