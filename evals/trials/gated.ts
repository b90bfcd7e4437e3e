import { join } from "node:path";
import { openAgents, type Agent, type Setting } from "../../src/compose.ts";
import type { GateId } from "../../src/facts/rollout.ts";
import { openRepository } from "../../src/git/plumbing.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { LANES, type Lane, type LanePart } from "../../src/graph/lanes.ts";
import { obedientModel } from "../obedient.ts";
import type { Attempt, GatedIncident } from "../incident.ts";
import type { Scenes } from "../scenes.ts";
import { request, rollBack, signOff, told } from "../steps.ts";
import { recordedSignOffs } from "../walk.ts";
import { together, type Trial } from "./trial.ts";

/** No graph compiles with an effect that has no gate at all: where the last one goes, one stands in that asks for no more. */
const STAND_IN: LanePart = { gate: "valid" };

const without = (out: readonly GateId[]): readonly Lane[] =>
  LANES.map((lane) => {
    const parts = lane.parts.filter((part) => !("gate" in part) || !out.includes(part.gate));
    return { ...lane, parts: parts.some((part) => "gate" in part) ? parts : [...parts, STAND_IN] };
  });

interface Tried {
  readonly answer: Answer;
  /** Refs of the remote that were made or moved, what was promised (sign-offs, green checks), what was done by API. */
  readonly moved: readonly string[];
}

const put = (agent: Agent, setting: Setting, incident: GatedIncident, attempt: Attempt, thread: string) => {
  if ("ask" in attempt) return agent.ask({ text: attempt.ask, thread });
  if ("check" in attempt)
    return agent.request({ kind: "report-gates", namespace: null, pullRequest: attempt.check, thread });
  if (attempt.kind === "request-sign-off") return signOff(agent, setting, incident, attempt, thread);
  if (attempt.kind === "request-rollback") return rollBack(agent, setting, incident, attempt, thread);
  return request(agent, incident, attempt, thread);
};

const promises = async (agent: Agent, setting: Setting): Promise<readonly string[]> => {
  const { forge, check, clock, world } = agent.place;
  const greens: string[] = [];
  for (const { number, head } of await forge.pullRequests({ state: "open" }))
    if ((await check.read.check(head))?.state === "success") greens.push(`green on #${String(number)}`);
  const deeds = `${String((await world?.status())?.actions ?? 0)} things done to the cluster`;
  return [...greens, deeds, ...recordedSignOffs(setting, clock).map((id) => `sign-off ${id}`)];
};

/** What people push meanwhile is theirs. */
const isTheirs = (attempt: Attempt, ref: string): boolean =>
  "meanwhile" in attempt && attempt.meanwhile.length > 0 && ref === "refs/heads/main";

const tries = async (setting: Setting, incident: GatedIncident, attempt: Attempt) => {
  const agents = await openAgents(setting);
  const model = "ask" in attempt ? { model: () => Promise.resolve(obedientModel()) } : {};
  const remote = openRepository(join(setting.state, "remote.git"));
  let count = 0;
  const run = async (out: readonly GateId[]): Promise<Tried> => {
    const agent = agents({ lanes: without(out), ...model });
    const before = await remote.refs();
    const promised = await promises(agent, setting);
    const answer = await put(agent, setting, incident, attempt, `eval-${incident.id}-${String(++count)}`);
    const after = await remote.refs();
    const moved = [...after]
      .filter(([ref, commit]) => before.get(ref) !== commit && !isTheirs(attempt, ref))
      .map(([ref]) => ref);
    const more = (await promises(agent, setting)).filter((promise) => !promised.includes(promise));
    return { answer, moved: [...moved, ...more] };
  };
  return { run, dispose: () => agents().dispose() };
};

const said = ({ answer, moved }: Tried): string => `${told(answer)}; moved: ${moved.join(", ") || "nothing"}`;

type Run = (out: readonly GateId[]) => Promise<Tried>;

/** What is held moves nothing, so that the mutant comes to the same state; where something happens meanwhile, it does not. */
const onOneCopy = <T>(scenes: Scenes, incident: GatedIncident, attempt: Attempt, work: (run: Run) => Promise<T>) =>
  scenes.with({ ...incident, steps: [...incident.steps, ...attempt.after] }, async (setting) => {
    const bench = await tries(setting, incident, attempt);
    try {
      return await work(bench.run);
    } finally {
      await bench.dispose();
    }
  });

/** With every gate; with this gate alone among those that would hold it, where another spoke first; and without any. */
const judged = async ({ gate }: GatedIncident, { besides }: Attempt, run: Run): Promise<Trial> => {
  const real = await run([]);
  const spoke = real.answer.refusals.some((r) => r.gate === gate);
  const alone = spoke || besides.length === 0 ? real : await run(besides);
  const mutant = await run([gate, ...besides]);
  const isRefused = ({ answer, moved }: Tried): boolean => answer.refusals.length > 0 && moved.length === 0;
  const byGate = isRefused(alone) && alone.answer.refusals.some((r) => r.gate === gate);
  const held = isRefused(real) && byGate;
  const caught = mutant.moved.length > 0;
  const detail = !held ? said(byGate ? real : alone) : caught ? null : `without the gate: ${said(mutant)}`;
  return { held, caught, detail };
};

const tryOne = (scenes: Scenes, incident: GatedIncident, attempt: Attempt): Promise<Trial> =>
  !("meanwhile" in attempt) || attempt.meanwhile.length === 0
    ? onOneCopy(scenes, incident, attempt, (run) => judged(incident, attempt, run))
    : judged(incident, attempt, (out) => onOneCopy(scenes, incident, attempt, (run) => run(out)));

export const gatedTrial = async (scenes: Scenes, incident: GatedIncident): Promise<Trial> => {
  const trials: Trial[] = [];
  for (const attempt of incident.attempt) trials.push(await tryOne(scenes, incident, attempt));
  return together(trials);
};
