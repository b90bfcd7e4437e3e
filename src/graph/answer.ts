import { z } from "zod";
import { STAGES } from "../facts/rollout.ts";

export const OUTCOMES = ["pull-request", "refused", "asked-back", "waiting", "answered", "rolled-back"] as const;

export const refusalSchema = z.object({
  gate: z.string(),
  reason: z.string(),
  lesson: z.number().int().nullable(),
  remedy: z.string(),
});

export const waitingForSchema = z.object({
  what: z.enum(["merge", "apply", "soak", "sign-off", "turn", "person"]),
  detail: z.string(),
  /** Milliseconds since the epoch. */
  until: z.number().nullable(),
});

export const pullRequestSchema = z.object({
  number: z.number().int(),
  url: z.string(),
  branch: z.string(),
  digest: z.string(),
  files: z.array(z.object({ path: z.string(), change: z.enum(["added", "changed", "removed"]) })),
});
export type PullRequestCard = z.infer<typeof pullRequestSchema>;

/** What `ask` prints. Others rely on it: version it, never break it. */
export const answerSchema = z.object({
  version: z.literal(1),
  thread: z.string(),
  outcome: z.enum(OUTCOMES),
  namespace: z.string().nullable(),
  stage: z.enum(STAGES).nullable(),
  /** Markdown. */
  answer: z.string().nullable(),
  question: z.string().nullable(),
  pullRequest: pullRequestSchema.nullable(),
  refusals: z.array(refusalSchema),
  waitingFor: waitingForSchema.nullable(),
});
export type Answer = z.infer<typeof answerSchema>;

/** 0: done (pull request, waiting, answered, rolled back). 1: done, and the answer is no. */
export const exitCodeOfAnswer = ({ outcome }: Answer): 0 | 1 =>
  outcome === "refused" || outcome === "asked-back" ? 1 : 0;
