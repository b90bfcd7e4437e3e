import { randomUUID } from "node:crypto";
import { HumanMessage } from "@langchain/core/messages";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { fill } from "../../model/prompts.ts";
import type { NodePorts } from "../ports.ts";
import { freshRun, type GraphState, type StructuredRequest, type Turn } from "../state.ts";
import { threadOf, type Node } from "./kit.ts";

/** Only the server's word counts: `configurable` and `context` are the caller's to fill. */
const askerOf = (config: LangGraphRunnableConfig): string => {
  const identity: unknown = config.serverInfo?.user?.["identity"];
  return typeof identity === "string" && identity !== "" ? identity.slice(0, 200) : "local";
};

const EXAMPLE = "selfhosted";

const turnOf = (request: StructuredRequest | null, text: string): Turn | null => {
  if (request !== null && request.kind !== "question") {
    const { kind, namespace, edits, pullRequest } = request;
    if (kind === "report-gates") {
      if (pullRequest === null) return { kind: "ask-back", question: fill("ask-pull-request", {}) };
      return { kind: "propose", wish: { kind, namespace: "", edits: [], pullRequest, call: null } };
    }
    if (namespace === null || namespace === "")
      return { kind: "ask-back", question: fill("ask-nothing", { example: EXAMPLE }) };
    return { kind: "propose", wish: { kind, namespace, edits, call: null } };
  }
  return text.trim() === "" ? { kind: "ask-back", question: fill("ask-nothing", { example: EXAMPLE }) } : null;
};

/** The last thing a person said, if it is the last thing that was said at all. */
const lastWords = ({ messages }: GraphState): string => {
  const last = messages.at(-1);
  return last !== undefined && HumanMessage.isInstance(last) ? last.text : "";
};

/**
 * Who asks, what for which namespace. Forgets everything that an earlier run of the thread left, so that no old verdict
 * is mistaken for a new one.
 */
export const intake =
  ({ ledger }: NodePorts): Node =>
  async (state, config) => {
    const { request } = state;
    const text = lastWords(state);
    const run = {
      id: randomUUID(),
      asker: askerOf(config),
      structured: request !== null && request.kind !== "question",
      namespace: null,
      turns: 0,
      proposals: 0,
      refusals: 0,
    };
    await ledger.append({
      kind: "request",
      thread: threadOf(config),
      namespace: request?.namespace ?? null,
      body: { run: run.id, asker: run.asker, ...(request === null ? { text } : { request }) },
    });
    return { ...freshRun(run), request: null, turn: turnOf(request, text) };
  };

export const afterIntake = ({ turn }: GraphState): "operate" | "propose" | "answer" => {
  if (turn === null) return "operate";
  return turn.kind === "propose" ? "propose" : "answer";
};
