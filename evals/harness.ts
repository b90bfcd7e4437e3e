import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { guardOf, readIncidents, type Incident } from "./incident.ts";
import type { Progress, Scenes } from "./scenes.ts";
import { auditedTrial } from "./trials/audited.ts";
import { draftedTrial } from "./trials/drafted.ts";
import { gatedTrial } from "./trials/gated.ts";
import { watchedTrial } from "./trials/watched.ts";
import type { Trial } from "./trials/trial.ts";

export interface EvalResult {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly outcome: "held" | "missed";
  /** What holds it: a gate, an audit rule, a source of edges, or the watch over drops. */
  readonly gate: string;
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

const tried = (scenes: Scenes, incident: Incident): Promise<Trial> => {
  if ("gate" in incident) return gatedTrial(scenes, incident);
  if ("rule" in incident) return auditedTrial(scenes, incident);
  return "edges" in incident ? draftedTrial(scenes, incident) : watchedTrial(scenes, incident);
};

/** One incident, and its mutant, on copies of a prepared state folder. */
export const replayIncident = async (scenes: Scenes, incident: Incident): Promise<EvalResult> => {
  const { id, title, source } = incident;
  const { held, caught, detail } = await tried(scenes, incident);
  return {
    id,
    title,
    source,
    outcome: held ? "held" : "missed",
    gate: guardOf(incident),
    mutant: caught ? "caught" : "survived",
    detail,
  };
};

export const reportOf = (incidents: readonly EvalResult[]): EvalReport => {
  const count = (test: (result: EvalResult) => boolean): number => incidents.filter(test).length;
  return {
    version: 1,
    incidents,
    summary: {
      held: count((r) => r.outcome === "held"),
      missed: count((r) => r.outcome === "missed"),
      caught: count((r) => r.mutant === "caught"),
      survived: count((r) => r.mutant === "survived"),
    },
  };
};

/** Whether something soaks in it: those incidents share scenes that take a day of the sample's time each. */
export const soaks = (incident: Incident): boolean =>
  [...incident.steps, ...("gate" in incident ? incident.attempt.flatMap((attempt) => attempt.after) : [])].some(
    (step) => "propose" in step,
  );

/** In a checkout, or compiled in a package. */
const WORKER = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

const inWorker = (root: string, ids: readonly string[], tell: (result: EvalResult) => void): Promise<void> =>
  new Promise((done, fail) => {
    const worker = new Worker(WORKER, { workerData: { root, ids } });
    worker.on("message", tell);
    worker.on("error", fail);
    worker.on("exit", (code) => (code === 0 ? done() : fail(new Error(`a worker ended with ${String(code)}`))));
  });

/** Replays incidents through the real graph, the real adapters and the world, in two workers. */
export const runEvals = async (options: {
  readonly only: string | null;
  readonly progress: Progress;
}): Promise<EvalReport> => {
  const incidents = readIncidents(options.only);
  const root = mkdtempSync(join(tmpdir(), "network-operator-scenes-"));
  const results = new Map<string, EvalResult>();
  const tell = (result: EvalResult): void => {
    results.set(result.id, result);
    options.progress.step(result.title, results.size, incidents.length);
  };
  try {
    const shares = [incidents.filter(soaks), incidents.filter((incident) => !soaks(incident))];
    await Promise.all(
      shares
        .filter((share) => share.length > 0)
        .map((share) =>
          inWorker(
            root,
            share.map(({ id }) => id),
            tell,
          ),
        ),
    );
    return reportOf(incidents.flatMap(({ id }) => results.get(id) ?? []));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
};
