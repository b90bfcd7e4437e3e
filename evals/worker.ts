import { parentPort, workerData } from "node:worker_threads";
import { replayIncident } from "./harness.ts";
import { readIncidents } from "./incident.ts";
import { openScenes } from "./scenes.ts";
import { shelfIn } from "./shelf.ts";

/** Replays the incidents that it is told, one after the other, over a shelf that it shares. */
const { root, ids } = workerData as { readonly root: string; readonly ids: readonly string[] };
const scenes = openScenes(shelfIn(root), { step: () => undefined, clear: () => undefined });
for (const incident of readIncidents(null)) {
  if (!ids.includes(incident.id)) continue;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(await replayIncident(scenes, incident));
}
