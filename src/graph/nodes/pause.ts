import { interrupt } from "@langchain/langgraph";
import { z } from "zod";
import type { GraphState, GraphUpdate, Pending } from "../state.ts";

const id = z.string().regex(/^[\w-]{8,64}$/);

/** The bare form of our own faces, and the two forms in which Agent Inbox and the chat interfaces answer. */
const inEveryForm = (form: Readonly<Record<string, z.ZodType<string>>>) => {
  const args = z.looseObject(form);
  return z.union([
    z.strictObject(form),
    z.strictObject({
      decisions: z.tuple([z.looseObject({ type: z.literal("edit"), edited_action: z.looseObject({ args }) })]),
    }),
    z.tuple([z.looseObject({ type: z.literal("edit"), args: z.looseObject({ args }) })]),
  ]);
};

const ATTESTATION = inEveryForm({ attestation: id });

/** A confirmation names what it is for: an answer to another question, or to an older one, is none. */
const schemaFor = (pending: Pending | null) =>
  pending?.pause === "confirmation"
    ? inEveryForm({ confirmation: id, digest: z.literal(pending.digest) })
    : ATTESTATION;

const answerOf = (answer: z.infer<ReturnType<typeof inEveryForm>>): string => {
  const given: Readonly<Record<string, unknown>> = Array.isArray(answer)
    ? answer[0].args.args
    : "decisions" in answer && typeof answer["decisions"] === "object"
      ? answer["decisions"][0].edited_action.args
      : answer;
  const named = given["attestation"] ?? given["confirmation"];
  return typeof named === "string" ? named : "";
};

const ASKED: Readonly<Record<Pending["pause"], string>> = {
  "sign-off": "Sign on the page; what is entered here is only the attestation's id.",
  confirmation: "Confirm it in the operator's terminal; what is entered here is only the confirmation's id.",
};

/** One request that the three interfaces render; an answer brings the id of a record, and no verdict. */
const card = (pending: Pending | null) => {
  const name = pending?.pause ?? "sign-off";
  const common = { namespace: pending?.namespace ?? "", digest: pending?.digest ?? "", request: pending?.record ?? "" };
  const fields =
    name === "confirmation"
      ? { ...common, lines: pending?.lines ?? [], confirmation: "" }
      : { ...common, page: pending?.page ?? "", urls: pending?.urls ?? [], attestation: "" };
  const description = `${pending?.title ?? ""}. ${ASKED[name]}`;
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
  const answer = interrupt(card(pending), { responseSchema: schemaFor(pending) });
  return {
    proposal: proposal === null ? null : { ...proposal, answer: answerOf(answer) },
    pending: null,
    reply: null,
  };
};
