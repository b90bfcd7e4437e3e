import { join } from "node:path";
import { openAgents, type Agent, type Setting } from "../../src/compose.ts";
import type { GateId } from "../../src/facts/rollout.ts";
import { openRepository } from "../../src/git/plumbing.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { LANES, type Lane } from "../../src/graph/lanes.ts";
import { obedientModel } from "../obedient.ts";
import type { Attempt, GatedIncident } from "../incident.ts";
import type { Scenes } from "../scenes.ts";
import { request, signOff, told } from "../steps.ts";
import { recordedSignOffs } from "../walk.ts";
import { together, type Trial } from "./trial.ts";

const without = (gates: readonly GateId[]): readonly Lane[] =>
  LANES.map((lane) => ({
    ...lane,
    parts: lane.parts.filter((part) => !("gate" in part) || !gates.includes(part.gate)),
  }));

interface Tried {
  readonly answer: Answer;
  /** Refs of the remote that were made or moved, and sign-offs that were recorded. */
  readonly moved: readonly string[];
}

const put = (agent: Agent, setting: Setting, incident: GatedIncident, attempt: Attempt, thread: string) => {
  if ("ask" in attempt) return agent.ask({ text: attempt.ask, thread });
  return attempt.kind === "request-sign-off"
    ? signOff(agent, setting, incident, attempt, thread)
    : request(agent, incident, attempt, thread);
};

/** What people push meanwhile is theirs. */
const isTheirs = (attempt: Attempt, ref: string): boolean =>
  !("ask" in attempt) && attempt.meanwhile.length > 0 && ref === "refs/heads/main";

const tries = async (setting: Setting, incident: GatedIncident, attempt: Attempt) => {
  const agents = await openAgents(setting);
  const model = "ask" in attempt ? { model: () => Promise.resolve(obedientModel()) } : {};
  const remote = openRepository(join(setting.state, "remote.git"));
  let count = 0;
  const run = async (out: readonly GateId[]): Promise<Tried> => {
    const agent = agents({ lanes: without(out), ...model });
    const before = await remote.refs();
    const signed = recordedSignOffs(setting, agent.place.clock);
    const answer = await put(agent, setting, incident, attempt, `eval-${incident.id}-${String(++count)}`);
    const after = await remote.refs();
    const moved = [...after]
      .filter(([ref, commit]) => before.get(ref) !== commit && !isTheirs(attempt, ref))
      .map(([ref]) => ref);
    const more = recordedSignOffs(setting, agent.place.clock) > signed;
    return { answer, moved: more ? [...moved, "a sign-off"] : moved };
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

/** With every gate; with this gate alone among those that would hold it; and without any of them. */
const judged = async ({ gate }: GatedIncident, { besides }: Attempt, run: Run): Promise<Trial> => {
  const real = await run([]);
  const alone = besides.length === 0 ? real : await run(besides);
  const mutant = await run([gate, ...besides]);
  const isRefused = ({ answer, moved }: Tried): boolean => answer.refusals.length > 0 && moved.length === 0;
  const byGate = isRefused(alone) && alone.answer.refusals.some((r) => r.gate === gate);
  const held = isRefused(real) && byGate;
  const caught = mutant.moved.length > 0;
  const detail = !held ? said(byGate ? real : alone) : caught ? null : `without the gate: ${said(mutant)}`;
  return { held, caught, detail };
};

const tryOne = (scenes: Scenes, incident: GatedIncident, attempt: Attempt): Promise<Trial> =>
  "ask" in attempt || attempt.meanwhile.length === 0
    ? onOneCopy(scenes, incident, attempt, (run) => judged(incident, attempt, run))
    : judged(incident, attempt, (out) => onOneCopy(scenes, incident, attempt, (run) => run(out)));

export const gatedTrial = async (scenes: Scenes, incident: GatedIncident): Promise<Trial> => {
  const trials: Trial[] = [];
  for (const attempt of incident.attempt) trials.push(await tryOne(scenes, incident, attempt));
  return together(trials);
};
