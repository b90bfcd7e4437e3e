import { join } from "node:path";
import { loadAdmission } from "../../src/world/cluster/admission.ts";
import { renderCommit } from "../../src/world/cluster/render.ts";
import { buildTimeline, type Timeline } from "../../src/world/cluster/timeline.ts";
import { headOfMain } from "../../src/world/remote.ts";
import type { Action } from "../../src/world/state.ts";
import { makeTraffic, type Traffic } from "../../src/world/traffic/traffic.ts";
import { WORLD_START } from "../../src/world/world.ts";
import { freshDir } from "./world.ts";

interface Played {
  readonly traffic: Traffic;
  readonly timeline: Timeline;
}

let quiet: Promise<Played> | null = null;

/** The sample's traffic without its servers; the one in which nobody does anything is made once. */
export const trafficOf = (actions: readonly Action[] = []): Promise<Played> => {
  if (actions.length > 0) return make(actions);
  quiet ??= make(actions);
  return quiet;
};

const make = async (actions: readonly Action[]): Promise<Played> => {
  const dir = await freshDir();
  const remote = join(dir, "remote.git");
  const cache = join(dir, "world", "rendered");
  const timeline = await buildTimeline({
    start: WORLD_START,
    until: WORLD_START + 30 * 86_400_000,
    history: [{ time: WORLD_START, commit: await headOfMain(remote) }],
    actions,
    render: (commit) => renderCommit(remote, commit, cache),
    admit: await loadAdmission(),
  });
  return { timeline, traffic: makeTraffic({ seed: 20_260_302, start: WORLD_START, timeline, actions }) };
};
