import { openAgent, openPlace, openSample, type Agent, type Setting } from "../src/compose.ts";
import { join } from "node:path";
import { HOUR } from "../src/facts/clock.ts";
import { parseTurn } from "../src/facts/duration.ts";
import { OperatorError } from "../src/facts/errors.ts";
import { openRepository } from "../src/git/plumbing.ts";
import type { Answer } from "../src/graph/answer.ts";
import type { Edit as EditedFile } from "../src/graph/gate.ts";
import { confirm } from "../src/store/confirm.ts";
import { secretFile } from "../src/store/secret.ts";
import { writtenOut } from "./edits.ts";
import type { Edit, LaneRequest, Prepared, Step } from "./incident.ts";
import { walkAndSign } from "./walk.ts";

type Where = Pick<Prepared, "id" | "folder">;

/** Puts a request to the agent as a caller would, with edits laid over what it would draft itself. */
export const request = async (agent: Agent, where: Where, wish: LaneRequest, thread: string): Promise<Answer> => {
  const { kind, namespace } = wish;
  return agent.request({ kind, namespace, edits: [...(await editsOf(agent, where, wish))], thread });
};

const editsOf = async (agent: Agent, where: Where, wish: LaneRequest): Promise<readonly EditedFile[]> => {
  if (wish.edits.length === 0) return [];
  const { forge } = agent.place;
  const kind = wish.kind === "propose-default-deny" ? "default-deny" : "allows";
  // Where nothing can be drafted, what stands on main is all there is to replace in.
  const draft = wish.edits.some((edit) => "replace" in edit)
    ? await agent.draft(wish.namespace, kind).catch((error: unknown) => {
        if (error instanceof OperatorError && error.kind === "input") return null;
        throw error;
      })
    : null;
  const drafted = new Map((draft?.files ?? []).map((file) => [file.path, file.text]));
  return writtenOut(where, wish.edits, drafted, await forge.tree(await forge.head()));
};

const merged = async (agent: Agent, where: Where, wish: LaneRequest): Promise<void> => {
  const answer = await request(agent, where, wish, `eval-${where.id}`);
  if (answer.pullRequest === null) throw new Error(`${where.id}: a step was not done: ${told(answer)}`);
  await agent.place.desk?.merge(answer.pullRequest.number);
};

/** The whole sign-off: asked for, walked, signed, answered. */
export const signOff = async (
  agent: Agent,
  setting: Setting,
  where: Where,
  wish: LaneRequest,
  thread: string,
): Promise<Answer> => {
  const asked = await request(agent, where, wish, thread);
  if (asked.waitingFor?.what !== "sign-off" || wish.walk === undefined) return asked;
  const attestation = walkAndSign(setting, agent.place.clock, wish.namespace, wish.walk);
  for (const step of wish.meanwhile) await carryOut(where, step, setting);
  return agent.attest(attestation, thread);
};

/** The whole rollback: asked for, confirmed in the operator's terminal, carried out. */
export const rollBack = async (
  agent: Agent,
  setting: Setting,
  where: Where,
  wish: LaneRequest,
  thread: string,
): Promise<Answer> => {
  const asked = await request(agent, where, wish, thread);
  const pending = await agent.pending(thread);
  if (pending === null || wish.confirm === undefined) return asked;
  const place = {
    path: join(setting.state, "confirmations.sqlite"),
    key: secretFile(join(setting.state, "keys", "confirmations")),
    clock: agent.place.clock,
  };
  const namespace = wish.confirm === "this" ? wish.namespace : "home";
  const id = confirm(place, { namespace, digest: pending.digest, by: "robin" });
  for (const step of wish.meanwhile) await carryOut(where, step, setting);
  return agent.confirm(id, pending.digest, thread);
};

/** What somebody pushes past the agent: straight to main, or to a branch with a pull request of its own. */
const push = async (
  setting: Setting,
  where: Where,
  {
    edits,
    message,
    branch,
  }: { readonly edits: readonly Edit[]; readonly message: string; readonly branch: string | null },
): Promise<void> => {
  const place = await openPlace(setting);
  try {
    const { forge, clock, world } = place;
    const repository = openRepository(world?.remote ?? setting.state);
    const base = await forge.head();
    const written = writtenOut(where, edits, new Map(), await forge.tree(base));
    const files = written.map((file) => ({ ...file, mode: "100644" as const }));
    const commit = await repository.commit({ base, files, message: `${message}\n`, time: clock.now() });
    await repository.updateRef(`refs/heads/${branch ?? forge.defaultBranch}`, commit, branch === null ? base : null);
    if (branch !== null) await forge.openPullRequest({ branch, title: message, body: "" });
  } finally {
    await place.dispose();
  }
};

const holesOf = ({ hole }: Extract<Step, { turn: string }>) =>
  hole === undefined ? [] : [{ node: hole.node, from: hole.from * HOUR, to: hole.to * HOUR }];

type Asked = Extract<
  Step,
  { propose: unknown } | { "sign-off": unknown } | { "roll-back": unknown } | { check: unknown }
>;

/** What the agent is asked for on the way has to come to something. */
const asked = async (where: Where, step: Asked, setting: Setting): Promise<void> => {
  const agent = await openAgent(setting);
  const thread = `eval-${where.id}-step`;
  try {
    if ("propose" in step) return await merged(agent, where, step.propose);
    const answer =
      "sign-off" in step
        ? await signOff(agent, setting, where, step["sign-off"], thread)
        : "roll-back" in step
          ? await rollBack(agent, setting, where, step["roll-back"], thread)
          : await agent.request({ kind: "report-gates", namespace: null, pullRequest: step.check, thread });
    if (answer.refusals.length > 0 || answer.outcome === "waiting")
      throw new Error(`${where.id}: a step was not done: ${told(answer)}`);
    return undefined;
  } finally {
    await agent.dispose();
  }
};

/** One thing that happened before, done for real. */
export const carryOut = async (where: Where, step: Step, setting: Setting): Promise<void> => {
  if ("commit" in step) return push(setting, where, { edits: step.commit, message: step.message, branch: null });
  if ("open" in step)
    return push(setting, where, { edits: step.open, message: `Change ${step.branch}`, branch: step.branch });
  if (!("turn" in step || "do" in step)) return asked(where, step, setting);
  const sample = await openSample(setting);
  try {
    if ("turn" in step) await sample.turn(parseTurn(step.turn), holesOf(step));
    else await sample.do(step.do);
  } finally {
    await sample.dispose();
  }
  return undefined;
};

export const told = ({ outcome, refusals, answer }: Answer): string =>
  [outcome, ...(refusals.length > 0 ? refusals.map((r) => `${r.gate}: ${r.reason}`) : [answer ?? ""])].join(", ");
