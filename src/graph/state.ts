import { MessagesValue, StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import { EDIT_LIMITS } from "../../tools/proposals.ts";
import { ASKED_LANES, GATES, LANES as LANE_IDS } from "../facts/rollout.ts";
import { answerSchema, pullRequestSchema, refusalSchema, waitingForSchema } from "./answer.ts";

/** Interrupted threads outlive deployments: a later version reads this one, this one refuses a later. */
export const SCHEMA_VERSION = 1;

export const editSchema = z.object({
  path: z.string().min(1).max(EDIT_LIMITS.path),
  text: z.string().max(EDIT_LIMITS.text).nullable(),
});

export const REQUEST_KINDS = [...ASKED_LANES, "propose", "question"] as const;

const pullRequestNumber = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);

/** Straight to its lane, without a model. The namespace is checked against the repository before anything else. */
export const requestSchema = z.strictObject({
  kind: z.enum(REQUEST_KINDS),
  namespace: z.string().max(253).nullable().default(null),
  edits: z.array(editSchema).max(EDIT_LIMITS.files).default([]),
  /** The pull request that `report-gates` is asked for; no other kind has one. */
  pullRequest: pullRequestNumber.nullable().default(null),
});
export type StructuredRequest = z.infer<typeof requestSchema>;

const changeKind = z.enum(["allows", "default-deny", "repair", "fleet-repair", "rollback"]);

export const laneRequestSchema = z.object({
  lane: z.enum(LANE_IDS),
  draft: changeKind.nullable(),
  namespace: z.string(),
  edits: z.array(editSchema),
  answer: z.string().nullable(),
  /** Set on the lanes of the check alone. */
  pullRequest: pullRequestNumber.optional(),
});

/** What somebody wants done; what becomes of it is worked out from the repository. */
export const wishSchema = z.object({
  kind: z.enum(["propose", ...ASKED_LANES]),
  namespace: z.string(),
  edits: z.array(editSchema),
  pullRequest: pullRequestNumber.optional(),
  /** The model's tool call that asked for it; null for a structured request. */
  call: z.string().nullable(),
});
export type Wish = z.infer<typeof wishSchema>;

const toolCallSchema = z.object({ id: z.string(), name: z.string(), args: z.record(z.string(), z.unknown()) });

/** One turn of the operator: it looks, proposes one thing, asks back, or says something. */
export const turnSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("look"), calls: z.array(toolCallSchema) }),
  z.object({ kind: z.literal("propose"), wish: wishSchema }),
  z.object({ kind: z.literal("ask-back"), question: z.string() }),
  z.object({ kind: z.literal("say"), text: z.string() }),
]);
export type Turn = z.infer<typeof turnSchema>;

/** What a proposal came to. */
export const resultSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("on-lane"), lane: z.enum(LANE_IDS) }),
  z.object({ kind: z.literal("done"), adopted: z.boolean(), pullRequest: pullRequestSchema, note: z.string() }),
  z.object({ kind: z.literal("signed"), adopted: z.boolean(), by: z.string(), attestation: z.string() }),
  z.object({
    kind: z.literal("green"),
    adopted: z.boolean(),
    number: z.number().int(),
    head: z.string(),
    summary: z.string(),
  }),
  z.object({
    kind: z.literal("rolled-back"),
    adopted: z.boolean(),
    steps: z.array(z.string()),
    notes: z.array(z.string()),
    pullRequest: pullRequestSchema.nullable(),
    waitingFor: waitingForSchema.nullable(),
  }),
  z.object({ kind: z.literal("again"), why: z.string() }),
  z.object({
    kind: z.literal("refused"),
    refusals: z.array(refusalSchema),
    waitingFor: waitingForSchema.nullable(),
    /** In dry run: the files that would have been written. */
    shown: z.array(editSchema).optional(),
  }),
  z.object({ kind: z.literal("waiting"), waitingFor: waitingForSchema, note: z.string() }),
  z.object({ kind: z.literal("settled"), note: z.string() }),
  z.object({ kind: z.literal("ask-back"), question: z.string() }),
]);
export type Result = z.infer<typeof resultSchema>;

/** A gate's last word, for the router behind it. Evidence, not authority: the door judges again. */
export const verdictSchema = z.object({ lane: z.enum(LANE_IDS), gate: z.enum(GATES), pass: z.boolean() });

/** What a pause asks a person, frozen before it is asked. The record that it names stands outside the thread. */
export const pendingSchema = z.object({
  pause: z.enum(["sign-off", "confirmation"]),
  /** Of the record that an answer has to be for. */
  record: z.string(),
  digest: z.string(),
  namespace: z.string(),
  title: z.string(),
  urls: z.array(z.string()),
  /** What will be done, line by line, where that is what is asked. */
  lines: z.array(z.string()).default([]),
  /** Where a person answers; null when there is no page. */
  page: z.string().nullable(),
  expiresAt: z.number(),
});
export type Pending = z.infer<typeof pendingSchema>;

const runSchema = z.object({
  id: z.string(),
  /** As the server says; never from the caller's input. */
  asker: z.string(),
  structured: z.boolean(),
  /** The namespace last proposed for. */
  namespace: z.string().nullable(),
  turns: z.number().int(),
  /** Proposals made in this run, and how often one was refused. */
  proposals: z.number().int(),
  refusals: z.number().int(),
});
export type Run = z.infer<typeof runSchema>;

export const State = new StateSchema({
  schemaVersion: z.number().int().default(SCHEMA_VERSION),
  messages: MessagesValue,
  request: requestSchema.nullable().default(null),
  run: runSchema.nullable().default(null),
  turn: turnSchema.nullable().default(null),
  proposal: laneRequestSchema.nullable().default(null),
  verdict: verdictSchema.nullable().default(null),
  /** Of the proposal at hand, in order; to be read by people. */
  decisions: z
    .array(z.object({ gate: z.string(), pass: z.boolean(), reason: z.string(), read: z.array(z.string()) }))
    .default([]),
  pending: pendingSchema.nullable().default(null),
  result: resultSchema.nullable().default(null),
  reply: answerSchema.nullable().default(null),
});
export type GraphState = (typeof State)["State"];
export type GraphUpdate = (typeof State)["Update"];

/** All that a caller may say. */
export const Input = new StateSchema({
  messages: MessagesValue,
  request: requestSchema.nullable().default(null),
});

/** Nothing of an earlier run on the same thread is left to be mistaken for this one's. */
export const freshRun = (run: Run): GraphUpdate => ({
  schemaVersion: SCHEMA_VERSION,
  run,
  turn: null,
  proposal: null,
  verdict: null,
  decisions: [],
  pending: null,
  result: null,
  reply: null,
});
