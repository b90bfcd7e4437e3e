import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAgent, openSample, type Agent, type Setting } from "../src/compose.ts";
import { configSchema, type Config } from "../src/config/schema.ts";
import { parseTurn } from "../src/facts/duration.ts";
import type { GateId } from "../src/facts/rollout.ts";
import type { Answer } from "../src/graph/answer.ts";
import type { Edit } from "../src/graph/gate.ts";
import { LANES, type Lane } from "../src/graph/lanes.ts";
import { openRepository } from "../src/git/plumbing.ts";
import { readIncidents, type Incident, type IncidentRequest } from "./incident.ts";

export interface EvalResult {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly outcome: "held" | "missed";
  readonly gate: GateId;
  readonly mutant: "caught" | "survived";
  /** What happened, where that is not what should have. */
  readonly detail: string | null;
}

/** The contract of `evals --format json`. */
export interface EvalReport {
  readonly version: 1;
  readonly incidents: readonly EvalResult[];
  readonly summary: {
    readonly held: number;
    readonly missed: number;
    readonly caught: number;
    readonly survived: number;
  };
}

interface Progress {
  step(what: string, done?: number, total?: number): void;
  clear(): void;
}

const without = (gates: readonly GateId[]): readonly Lane[] =>
  LANES.map((lane) => ({
    ...lane,
    parts: lane.parts.filter((part) => !("gate" in part) || !gates.includes(part.gate)),
  }));

const settingOf = (state: string, config: Config, progress: Progress): Setting => ({ state, config, progress });

/** Edits as an incident writes them down, against what the draft says today. */
const editsOf = async (agent: Agent, incident: Incident, request: IncidentRequest): Promise<readonly Edit[]> => {
  if (request.edits.length === 0) return [];
  const kind = request.kind === "propose-default-deny" ? "default-deny" : "allows";
  const draft = await agent.draft(request.namespace, kind);
  return request.edits.map((edit) => {
    if ("file" in edit) return { path: edit.path, text: readFileSync(join(incident.folder, edit.file), "utf8") };
    let text = draft.files.find((file) => file.path === edit.path)?.text ?? null;
    if (text === null)
      throw new Error(
        `${incident.id}: the draft writes no ${edit.path}, only ${draft.files.map((f) => f.path).join(", ")}`,
      );
    for (const { from, to } of edit.replace) {
      if (!text.includes(from))
        throw new Error(`${incident.id}: ${edit.path} does not hold ${JSON.stringify(from)}:\n${text}`);
      text = text.replaceAll(from, to);
    }
    return { path: edit.path, text };
  });
};

const ask = async (agent: Agent, incident: Incident, request: IncidentRequest): Promise<Answer> =>
  agent.request({
    kind: request.kind,
    namespace: request.namespace,
    edits: [...(await editsOf(agent, incident, request))],
    thread: `eval-${incident.id}`,
  });

/** Everything before the attempt, once: what comes after is tried on copies. */
const prepare = async (incident: Incident, setting: Setting): Promise<void> => {
  for (const step of incident.steps) {
    if ("propose" in step) {
      const agent = await openAgent(setting);
      try {
        const answer = await ask(agent, incident, step.propose);
        if (answer.pullRequest === null)
          throw new Error(
            `${incident.id}: a step was refused: ${answer.refusals.map((r) => `${r.gate}: ${r.reason}`).join("; ")}`,
          );
        await agent.place.desk?.merge(answer.pullRequest.number);
      } finally {
        await agent.dispose();
      }
      continue;
    }
    const sample = await openSample(setting);
    try {
      if ("turn" in step) await sample.turn(parseTurn(step.turn), []);
      else await sample.do(step.do);
    } finally {
      await sample.dispose();
    }
  }
};

interface Attempt {
  readonly answer: Answer;
  /** Refs of the remote that the attempt made or moved. */
  readonly moved: readonly string[];
}

const attempt = async (
  incident: Incident,
  prepared: string,
  lanes: readonly Lane[],
  config: Config,
  progress: Progress,
): Promise<Attempt> => {
  const state = mkdtempSync(join(tmpdir(), "network-operator-eval-"));
  try {
    cpSync(prepared, state, { recursive: true });
    const remote = openRepository(join(state, "remote.git"));
    const before = await remote.refs();
    const agent = await openAgent(settingOf(state, config, progress), { lanes });
    try {
      const answer = await ask(agent, incident, incident.attempt);
      const after = await remote.refs();
      return { answer, moved: [...after].filter(([ref, commit]) => before.get(ref) !== commit).map(([ref]) => ref) };
    } finally {
      await agent.dispose();
    }
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
};

const said = ({ answer, moved }: Attempt): string =>
  `${answer.outcome}${answer.refusals.map((r) => `, ${r.gate}: ${r.reason}`).join("")}${answer.answer === null ? "" : `, ${answer.answer}`}; moved: ${moved.join(", ") || "nothing"}`;

/** One incident, and its mutant, on copies of a prepared state folder. */
export const replayIncident = async (incident: Incident, sample: string, progress: Progress): Promise<EvalResult> => {
  const prepared = mkdtempSync(join(tmpdir(), "network-operator-incident-"));
  try {
    cpSync(sample, prepared, { recursive: true });
    const config = configSchema.parse(incident.config);
    await prepare(incident, settingOf(prepared, config, progress));
    const run = (gates: readonly GateId[]): Promise<Attempt> =>
      attempt(incident, prepared, without(gates), config, progress);
    // With every gate; with this gate alone among those that would hold it; and without any of them.
    const real = await run([]);
    const alone = incident.besides.length === 0 ? real : await run(incident.besides);
    const mutant = await run([incident.gate, ...incident.besides]);
    const heldBy = (tried: Attempt): boolean =>
      tried.answer.outcome === "refused" &&
      tried.answer.refusals.some((r) => r.gate === incident.gate) &&
      tried.moved.length === 0;
    const held = real.answer.outcome === "refused" && real.moved.length === 0 && heldBy(alone);
    const caught = mutant.answer.outcome === "pull-request" && mutant.moved.length > 0;
    const detail = !held ? said(heldBy(alone) ? real : alone) : caught ? null : `without the gate: ${said(mutant)}`;
    return {
      id: incident.id,
      title: incident.title,
      source: incident.source,
      outcome: held ? "held" : "missed",
      gate: incident.gate,
      mutant: caught ? "caught" : "survived",
      detail,
    };
  } finally {
    rmSync(prepared, { recursive: true, force: true });
  }
};

/** A state folder in which the sample's first day was watched. */
export const prepareSample = async (progress: Progress): Promise<{ readonly state: string; dispose(): void }> => {
  const state = mkdtempSync(join(tmpdir(), "network-operator-sample-"));
  const first = await openAgent(settingOf(state, configSchema.parse({}), progress));
  await first.dispose();
  return { state, dispose: () => rmSync(state, { recursive: true, force: true }) };
};

/** Replays incidents through the real graph, the real adapters and the world. */
export const runEvals = async (options: {
  readonly only: string | null;
  readonly progress: Progress;
}): Promise<EvalReport> => {
  const incidents = readIncidents(options.only);
  const sample = await prepareSample(options.progress);
  try {
    const results: EvalResult[] = [];
    for (const [index, incident] of incidents.entries()) {
      options.progress.step(incident.title, index, incidents.length);
      results.push(await replayIncident(incident, sample.state, options.progress));
    }
    const count = (test: (result: EvalResult) => boolean): number => results.filter(test).length;
    return {
      version: 1,
      incidents: results,
      summary: {
        held: count((r) => r.outcome === "held"),
        missed: count((r) => r.outcome === "missed"),
        caught: count((r) => r.mutant === "caught"),
        survived: count((r) => r.mutant === "survived"),
      },
    };
  } finally {
    sample.dispose();
  }
};
