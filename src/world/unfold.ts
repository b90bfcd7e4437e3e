import { Kept } from "../facts/kept.ts";
import { loadAdmission } from "./cluster/admission.ts";
import type { Rendering } from "./cluster/render.ts";
import { buildTimeline, type Timeline } from "./cluster/timeline.ts";
import type { Scene } from "./relay/rings.ts";
import type { Workload } from "./scenario/model.ts";
import type { Action, MainCommit } from "./state.ts";
import { makeTraffic, type Traffic } from "./traffic/traffic.ts";

/** All that a world depends on; a commit of the history names every byte of it. */
export interface Past {
  readonly seed: number;
  readonly start: number;
  readonly until: number;
  readonly now: number;
  readonly history: readonly MainCommit[];
  readonly actions: readonly Action[];
  readonly guests: readonly Workload[];
}

export interface Unfolded {
  readonly scene: Scene;
  readonly timeline: Timeline;
  readonly traffic: Traffic;
}

/** By all that they depend on, so that a world that is opened again in this process is not worked out again. */
const unfolded = new Kept<Promise<Unfolded>>(4);

/** Forgets what was worked out from this past: it is worked out anew when somebody asks. */
export const forget = (key: string): void => {
  unfolded.forget(key);
};

/** What becomes of a past. `key` is its text; what failed is tried again. */
export const unfold = (past: Past, key: string, render: (commit: string) => Promise<Rendering>): Promise<Unfolded> => {
  const unfolding = unfolded.of(key, () => worked(past, render));
  unfolding.catch(() => forget(key));
  return unfolding;
};

const worked = async (
  { seed, start, until, now, history, actions, guests }: Past,
  render: (commit: string) => Promise<Rendering>,
): Promise<Unfolded> => {
  const timeline = await buildTimeline({ start, until, history, actions, admit: await loadAdmission(), render });
  const traffic = makeTraffic({ seed, start, timeline, actions, guests });
  return { timeline, traffic, scene: { start, now, traffic, actions } };
};
