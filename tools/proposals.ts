import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { NAMESPACE_NAME } from "../src/facts/rollout.ts";

/**
 * Proposals exist for the model as schemas alone. Calling one sends the graph down a lane; these functions are never
 * run, and if they were they would do nothing.
 */
const NAMESPACE = z
  .string()
  .regex(NAMESPACE_NAME, "a Kubernetes namespace name")
  .describe("One namespace, by its exact name.");

const schemaOnly = (): never => {
  throw new Error("A proposal is a schema: the graph takes it down a lane, nothing runs here.");
};

/** Longer texts are no manifest, and more files are no pull request that anybody would read. */
export const EDIT_LIMITS = { path: 512, text: 200_000, files: 200 } as const;

const edits = z
  .array(
    z.object({
      path: z.string().min(1).max(EDIT_LIMITS.path).describe("Path of a file, relative to the repository."),
      text: z.string().max(EDIT_LIMITS.text).nullable().describe("The whole new text; null removes the file."),
    }),
  )
  .max(EDIT_LIMITS.files)
  .default([])
  .describe("Files that should stand differently from the draft. Leave out unless a gate's remedy asks for it.");

export const openPullRequest = tool(schemaOnly, {
  name: "open_pull_request",
  description:
    "Propose the next pull request of a namespace's rollout. The bytes are the deterministic draft with your edits laid " +
    "over it; which lane it goes down is computed from what the change does. Gates judge it, and you are told what they say.",
  schema: z.object({ namespace: NAMESPACE, edits }),
});

export const requestSignOff = tool(schemaOnly, {
  name: "request_sign_off",
  description: "Ask a person to walk the real path of an enforced namespace in a browser and sign for it.",
  schema: z.object({ namespace: NAMESPACE }),
});

export const requestRollback = tool(schemaOnly, {
  name: "request_rollback",
  description: "Propose the rehearsed rollback of one namespace. A person confirms it before anything happens.",
  schema: z.object({ namespace: NAMESPACE }),
});

export const askPerson = tool(schemaOnly, {
  name: "ask_person",
  description: "Ask the person back when the request is unclear: unknown namespace, more than one, or nothing to do.",
  schema: z.object({ question: z.string().min(1).max(2000) }),
});

/** By name: what each proposal asks for. */
export const PROPOSALS = {
  open_pull_request: openPullRequest,
  request_sign_off: requestSignOff,
  request_rollback: requestRollback,
  ask_person: askPerson,
} as const;
export type ProposalName = keyof typeof PROPOSALS;

export const isProposal = (name: string): name is ProposalName => Object.hasOwn(PROPOSALS, name);
