import { guardOf, readIncidents, type Incident } from "./incident.ts";
import { openScenes, ownShelf, type Progress, type Scenes } from "./scenes.ts";
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

/** Replays incidents through the real graph, the real adapters and the world. */
export const runEvals = async (options: {
  readonly only: string | null;
  readonly progress: Progress;
}): Promise<EvalReport> => {
  const incidents = readIncidents(options.only);
  const own = ownShelf();
  try {
    const scenes = openScenes(own.shelf, options.progress);
    const results: EvalResult[] = [];
    for (const [index, incident] of incidents.entries()) {
      options.progress.step(incident.title, index, incidents.length);
      results.push(await replayIncident(scenes, incident));
    }
    return reportOf(results);
  } finally {
    own.dispose();
  }
};
