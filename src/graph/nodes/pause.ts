import { interrupt } from "@langchain/langgraph";
import { z } from "zod";
import type { GraphState, GraphUpdate, Pending } from "../state.ts";

const id = z.string().regex(/^[\w-]{8,64}$/);
const args = z.looseObject({ attestation: id });

/** `{ attestation }` from the page; and the two forms in which Agent Inbox and the chat interfaces answer. */
const answerSchema = z.union([
  z.strictObject({ attestation: id }),
  z.strictObject({
    decisions: z.tuple([z.looseObject({ type: z.literal("edit"), edited_action: z.looseObject({ args }) })]),
  }),
  z.tuple([z.looseObject({ type: z.literal("edit"), args: z.looseObject({ args }) })]),
]);

const attestationOf = (answer: z.infer<typeof answerSchema>): string => {
  if (Array.isArray(answer)) return answer[0].args.args.attestation;
  return "attestation" in answer ? answer.attestation : answer.decisions[0].edited_action.args.attestation;
};

/** One request that the three interfaces render; an answer brings the id of an attestation, and no verdict. */
const card = (pending: Pending | null) => {
  const fields = {
    namespace: pending?.namespace ?? "",
    digest: pending?.digest ?? "",
    request: pending?.record ?? "",
    page: pending?.page ?? "",
    urls: pending?.urls ?? [],
    attestation: "",
  };
  const name = pending?.pause ?? "sign-off";
  const description = `${pending?.title ?? ""}. Sign on the page; what is entered here is only the attestation's id.`;
  return {
    action_requests: [{ name, args: fields, arguments: fields, description }],
    review_configs: [{ action_name: name, actionName: name, allowed_decisions: ["edit"], allowedDecisions: ["edit"] }],
  };
};

/**
 * Waits for a person. The interrupt is the first statement and all there is: what stands before one runs again on resume,
 * and what stands around one can swallow it. The answer is an id; gates behind this read what it names from the store.
 */
export const awaitAnswer = ({ pending, proposal }: GraphState): GraphUpdate => {
  const answer: z.infer<typeof answerSchema> = interrupt(card(pending), { responseSchema: answerSchema });
  return {
    proposal: proposal === null ? null : { ...proposal, answer: attestationOf(answer) },
    pending: null,
    reply: null,
  };
};
