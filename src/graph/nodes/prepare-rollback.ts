import { HOUR } from "../../facts/clock.ts";
import type { Undo } from "../../facts/rollback.ts";
import { code, fill, plain } from "../../model/prompts.ts";
import { some } from "../gates/kit.ts";
import type { NodePorts } from "../ports.ts";
import type { Readings } from "../readings.ts";
import type { GraphUpdate, Pending, Result } from "../state.ts";
import { threadOf, type Node } from "./kit.ts";

/** A question on a thread is no emergency any more after this; asking again costs nothing. */
const LIFE = HOUR;

export const linesOf = (undo: Undo): readonly string[] => [
  ...undo.policies.map(({ next }) => next),
  undo.stillLocked.length === 0
    ? `after that none of ${undo.endpoints} endpoints is under default-deny`
    : `still under default-deny after that: ${some(undo.stillLocked)}`,
];

const refused = (reason: string, remedy: string): GraphUpdate => {
  const result: Result = {
    kind: "refused",
    refusals: [{ gate: "door", reason, lesson: null, remedy }],
    waitingFor: null,
  };
  return { pending: null, result };
};

const settled = (namespace: string, undo: Undo): GraphUpdate => {
  const note =
    undo.stillLocked.length === 0
      ? `No default-deny locks ${namespace}: there is nothing to roll back.`
      : `Nothing of the rollout locks ${namespace}. What does was there before, and a rollback leaves it: ${some(undo.stillLocked)}.`;
  return { pending: null, result: { kind: "settled", note } };
};

/** Says what will be undone, and how a person confirms it: in the operator's own terminal, for exactly this digest. */
export const prepareRollback =
  ({ hasRollback, ledger }: NodePorts, readings: Readings): Node =>
  async ({ proposal, run }, config) => {
    if (proposal === null || run === null) return refused("there is no proposal", "Ask again.");
    const { namespace } = proposal;
    const { undo, now } = await readings.of(run.id, proposal);
    if (!undo.known) return refused(`what would be undone cannot be known: ${undo.why}`, undo.wouldHelp);
    const { digest, policies, steps, waitingFor } = undo.value;
    if (policies.length === 0) return settled(namespace, undo.value);
    if (waitingFor !== null) return { pending: null, result: { kind: "waiting", waitingFor, note: "" } };
    if (!hasRollback)
      return refused(
        "no identity for a rollback is configured (rollback.context)",
        `Name one, or type it yourself: ${steps.filter((step) => !step.startsWith("#")).join("; ")}`,
      );
    await ledger.append({
      kind: "pause",
      thread: threadOf(config),
      namespace,
      body: { run: run.id, request: digest, digest },
    });
    const lines = linesOf(undo.value);
    const pending: Pending = {
      pause: "confirmation",
      record: digest,
      digest,
      namespace,
      title: `Roll back ${namespace}`,
      urls: [],
      lines: [...lines],
      page: null,
      expiresAt: now + LIFE,
    };
    return {
      pending,
      reply: {
        version: 1,
        thread: threadOf(config),
        outcome: "waiting",
        namespace,
        stage: null,
        answer: fill("rollback-asked", {
          namespace: code(namespace),
          name: namespace,
          lines: lines.map((line) => `- ${plain(line)}`).join("\n"),
          digest: code(digest.slice(0, 12)),
        }),
        question: null,
        pullRequest: null,
        refusals: [],
        waitingFor: { what: "person", detail: `network-operator rollback ${namespace}`, until: null },
      },
    };
  };
