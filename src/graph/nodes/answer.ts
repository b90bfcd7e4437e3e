import { randomUUID } from "node:crypto";
import { AIMessage } from "@langchain/core/messages";
import { iso } from "../../facts/clock.ts";
import { OperatorError } from "../../facts/errors.ts";
import type { Stage, WaitingFor } from "../../facts/rollout.ts";
import type { NamespaceStatus } from "../../../tools/look.ts";
import type { Answer } from "../answer.ts";
import { code, fill, plain } from "../../model/prompts.ts";
import type { NodePorts } from "../ports.ts";
import type { GraphState, Result } from "../state.ts";
import { threadOf, type Node } from "./kit.ts";

type Said = Pick<Answer, "outcome" | "answer" | "question" | "pullRequest" | "refusals" | "waitingFor">;

const NOTHING: Omit<Said, "outcome"> = {
  answer: null,
  question: null,
  pullRequest: null,
  refusals: [],
  waitingFor: null,
};

const nextOf = (branch: string): string =>
  fill(branch.endsWith(".default-deny") ? "next-default-deny" : "next-allows", {});

const ofDone = (result: Result & { kind: "done" }, namespace: string): Said => {
  const { pullRequest } = result;
  const files = pullRequest.files.map(({ path, change }) => `- ${change} ${code(path)}`).join("\n");
  return {
    ...NOTHING,
    outcome: "pull-request",
    pullRequest,
    waitingFor: { what: "merge", detail: `pull request #${pullRequest.number}`, until: null },
    answer: fill("pull-request", {
      number: String(pullRequest.number),
      url: pullRequest.url,
      namespace: code(namespace),
      note: result.note,
      branch: code(pullRequest.branch),
      digest: code(pullRequest.digest.slice(0, 12)),
      files,
      next: nextOf(pullRequest.branch),
    }),
  };
};

/** A fence longer than any in the text, so that nothing in it ends the block. */
const block = (text: string): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const printed = text.replaceAll(/[^\P{C}\n\t]/gu, "\u{FFFD}").trimEnd();
  return `${fence}yaml\n${printed}\n${fence}`;
};

const drafted = (files: readonly { readonly path: string; readonly text: string | null }[]): string =>
  fill("dry-run", {
    files: files
      .map(({ path, text }) => (text === null ? `${code(path)} removed` : `${code(path)}\n\n${block(text)}`))
      .join("\n\n"),
  });

const ofRefused = ({ refusals, waitingFor, shown }: Result & { kind: "refused" }, namespace: string): Said => ({
  ...NOTHING,
  outcome: "refused",
  refusals,
  waitingFor,
  answer: [
    fill("refused", {
      namespace: code(namespace),
      refusals: refusals
        .map(({ gate, reason, lesson, remedy }) => {
          const learnt = lesson === null ? "" : ` (lesson ${lesson})`;
          return `- **${gate}**${learnt}: ${plain(reason)}. ${plain(remedy)}`;
        })
        .join("\n"),
    }),
    ...(shown === undefined ? [] : [drafted(shown)]),
  ].join("\n\n"),
});

const ofWaiting = (waitingFor: WaitingFor, namespace: string, stage: Stage | null): Said => ({
  ...NOTHING,
  outcome: "waiting",
  waitingFor,
  answer: fill("waiting", {
    namespace: code(namespace),
    stage: stage ?? "unknown",
    what: waitingFor.what,
    detail: plain(waitingFor.detail),
    until: waitingFor.until === null ? "" : `, until ${iso(waitingFor.until)}`,
  }),
});

const ofRolledBack = (result: Result & { kind: "rolled-back" }, namespace: string): Said => {
  const { steps, notes, pullRequest, waitingFor } = result;
  const lines = [...steps, ...notes];
  return {
    ...NOTHING,
    outcome: "rolled-back",
    pullRequest,
    waitingFor,
    answer: fill("rolled-back", {
      namespace: code(namespace),
      lines: lines.map((line) => `- ${plain(line)}`).join("\n"),
      next:
        waitingFor === null
          ? "Nothing is left to do; the turn stays closed until a person releases it with a reason."
          : `Next, ${waitingFor.what}: ${plain(waitingFor.detail)}${waitingFor.until === null ? "" : `, until ${iso(waitingFor.until)}`}.`,
    }),
  };
};

const ofTurn = ({ turn }: GraphState): Said => {
  if (turn?.kind === "ask-back") return { ...NOTHING, outcome: "asked-back", question: turn.question };
  if (turn?.kind === "say" && turn.text.trim() !== "") return { ...NOTHING, outcome: "answered", answer: turn.text };
  return { ...NOTHING, outcome: "asked-back", question: fill("ask-nothing", { example: "selfhosted" }) };
};

/** What happened is said by what happened; the model's closing words stand below it. */
const saidOf = (state: GraphState, namespace: string, stage: Stage | null): Said => {
  const { result, turn } = state;
  const words = turn?.kind === "say" && turn.text.trim() !== "" ? `\n\n${turn.text.trim()}` : "";
  const withWords = (said: Said): Said => ({ ...said, answer: `${said.answer ?? ""}${words}` });
  if (result === null) return ofTurn(state);
  if (result.kind === "done") return withWords(ofDone(result, namespace));
  if (result.kind === "signed") {
    const answer = fill("signed", { namespace: code(namespace), by: plain(result.by) });
    return withWords({ ...NOTHING, outcome: "answered", answer });
  }
  if (result.kind === "green") {
    const { number, head, summary } = result;
    const answer = fill("green", { number: String(number), head: code(head.slice(0, 12)), summary: plain(summary) });
    return withWords({ ...NOTHING, outcome: "answered", answer });
  }
  if (result.kind === "rolled-back") return withWords(ofRolledBack(result, namespace));
  if (result.kind === "waiting") return withWords(ofWaiting(result.waitingFor, namespace, stage));
  if (result.kind === "ask-back") return { ...NOTHING, outcome: "asked-back", question: result.question };
  if (result.kind === "refused") {
    const question = turn?.kind === "ask-back" ? turn.question : null;
    return { ...withWords(ofRefused(result, namespace)), question };
  }
  if (result.kind !== "settled") return ofTurn(state);
  const answer = fill("settled", { namespace: code(namespace), stage: stage ?? "unknown", note: result.note });
  return withWords({ ...NOTHING, outcome: "answered", answer });
};

const isRollback = ({ turn }: GraphState): boolean => turn?.kind === "propose" && turn.wish.kind === "request-rollback";

/** On the day of a rollback the forge may be out of reach, and what was done has to be told all the same. */
const statuses = async (look: NodePorts["look"], state: GraphState): Promise<readonly NamespaceStatus[]> => {
  try {
    return await look.status();
  } catch (error) {
    if (isRollback(state) && error instanceof OperatorError) return [];
    throw error;
  }
};

/** The one answer of a run: what others rely on, and the text that a person reads. */
export const answer =
  ({ look, ledger }: NodePorts): Node =>
  async (state, config) => {
    const { run, result } = state;
    const namespace = run?.namespace ?? null;
    const about = result === null || namespace === "" ? null : namespace;
    const status = about === null ? undefined : (await statuses(look, state)).find(({ name }) => name === about);
    const stage = status?.stage ?? null;
    const said = saidOf(state, about ?? "this pull request", stage);
    const reply: Answer = {
      version: 1,
      thread: threadOf(config),
      namespace: status !== undefined || (isRollback(state) && result?.kind !== "ask-back") ? about : null,
      stage,
      ...said,
    };
    await ledger.append({
      kind: "answer",
      thread: reply.thread,
      namespace: reply.namespace,
      body: { run: run?.id ?? null, outcome: reply.outcome, pullRequest: reply.pullRequest?.number ?? null },
    });
    // What the operator said last already stands in the thread.
    if (state.turn?.kind === "say" && result === null) return { reply };
    return { reply, messages: [new AIMessage({ id: randomUUID(), content: reply.answer ?? reply.question ?? "" })] };
  };
