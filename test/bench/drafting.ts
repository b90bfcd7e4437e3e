import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { draftDefaultDeny } from "../../src/drafting/default-deny.ts";
import { DAY, HOUR } from "../../src/facts/clock.ts";
import { overlay, type SourceTree } from "../../src/facts/tree.ts";
import { writer } from "../../src/gitops/edit.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import { Verdict } from "../../src/hubble/proto/flow/flow.ts";
import { loadAdmission } from "../../src/world/cluster/admission.ts";
import { renderCommit } from "../../src/world/cluster/render.ts";
import { buildTimeline } from "../../src/world/cluster/timeline.ts";
import { headOfMain } from "../../src/world/remote.ts";
import { JOURNEYS, WORKLOADS } from "../../src/world/scenario/areas.ts";
import type { Action } from "../../src/world/state.ts";
import { makeTraffic } from "../../src/world/traffic/traffic.ts";
import { openWorld, WORLD_START } from "../../src/world/world.ts";
import {
  admittedBy,
  draftOf,
  facts,
  flows,
  inventory,
  lostBy,
  merge,
  NAMESPACES,
  touches,
  tree,
} from "../drafting/sample-day.ts";
import { commit } from "../world/world.ts";

/**
 * Every namespace of the sample, drafted from one day of its traffic: what the model needs and would lose, and what the
 * rules admit besides. Then all of it is merged, locks included, and the world's clock turned through a day on which
 * everything rare happens.
 */
const started = performance.now();
const since = (from: number): string => `${((performance.now() - from) / 1_000).toFixed(1)} s`;
const rows: (readonly (string | number)[])[] = [];
let wrong = 0;
for (const namespace of NAMESPACES) {
  const result = merge(namespace);
  const lost = lostBy(namespace, result);
  const admitted = admittedBy(namespace, result);
  const needed = flows.filter((f) => touches(f, namespace)).length;
  rows.push([namespace, result.draft.rules.length, needed, lost.length, admitted.length]);
  wrong += lost.length;
  for (const flow of lost) process.stdout.write(`lost: ${flow}\n`);
}
process.stdout.write("namespace       rules  connections needed  lost  admitted besides\n");
for (const [namespace = "", ...figures] of rows)
  process.stdout.write(
    `${String(namespace).padEnd(14)}${figures.map((f, i) => String(f).padStart([7, 20, 6, 18][i] ?? 0)).join("")}\n`,
  );
const sum = (column: number): number => rows.reduce((total, row) => total + Number(row[column]), 0);
process.stdout.write(`${sum(3)} lost, ${sum(4)} admitted besides, in ${since(started)}\n`);

/** Everything at once: each namespace's allows, then its lock, on top of what the ones before it wrote. */
const locked = () => {
  let merged: SourceTree = tree;
  let read = inventory;
  const files = new Map<string, string>();
  const add = (changes: readonly { readonly path: string; readonly text: string | null }[]): void => {
    for (const { path, text } of changes) files.set(path, text ?? "");
    merged = overlay(
      merged,
      changes.map((c) => ({ ...c, mode: "100644" as const })),
    );
    read = readInventory(merged, facts);
  };
  for (const namespace of NAMESPACES) add(draftOf(namespace, merged, read).files);
  for (const namespace of NAMESPACES) add(draftDefaultDeny({ tree: merged, inventory: read, namespace, writer }).files);
  return Object.fromEntries(files);
};

const dir = mkdtempSync(join(tmpdir(), "bench-drafting-"));
try {
  const began = performance.now();
  const world = await openWorld({ dir });
  const first = await headOfMain(world.remote);
  const last = await commit(world, locked());
  world.dispose();
  const merged = WORLD_START + HOUR;
  const from = merged + 4 * HOUR;
  // One thing a minute: what people do, then a restart of everything, then a failover.
  const deeds: Action[] = [
    ...JOURNEYS.map((j) => ({ kind: "journey" as const, time: 0, journey: j.id })),
    ...WORKLOADS.map((w) => ({ kind: "restart" as const, time: 0, workload: w.id, replica: 0 })),
    { kind: "failover", time: 0, workload: "databases/pg-main", primary: 1 },
  ];
  const actions = deeds.map((deed, n) => ({ ...deed, time: from + n * 5 * 60_000 }));
  const until = Math.max(from + DAY, (actions.at(-1)?.time ?? 0) + HOUR);
  const cache = join(dir, "world", "rendered");
  const timeline = await buildTimeline({
    start: WORLD_START,
    until,
    history: [
      { time: WORLD_START, commit: first },
      { time: merged, commit: last },
    ],
    actions,
    render: (revision) => renderCommit(world.remote, revision, cache),
    admit: await loadAdmission(),
  });
  const traffic = makeTraffic({ seed: 20_260_302, start: WORLD_START, timeline, actions });
  let played = 0;
  const dropped = new Map<string, number>();
  for (let hour = from; hour < until; hour += HOUR)
    for (const { shape } of traffic.between(hour, Math.min(until, hour + HOUR))) {
      played += 1;
      const { verdict, source, destination, l4 } = shape.flow;
      if (verdict !== Verdict.DROPPED) continue;
      const told = `${source?.namespace ?? ""}/${source?.podName ?? ""} to ${destination?.namespace ?? ""}/${destination?.podName ?? ""} ${JSON.stringify(l4)}`;
      dropped.set(told, (dropped.get(told) ?? 0) + 1);
    }
  const stuck = JOURNEYS.flatMap((j) => {
    const outcome = traffic.walk(j.id, until - 1);
    return outcome === null || outcome.through ? [] : [`${j.id}: ${outcome.stoppedAt ?? "stopped"}`];
  });
  for (const [told, times] of [...dropped].slice(0, 20)) process.stdout.write(`dropped ${times} times: ${told}\n`);
  for (const journey of stuck) process.stdout.write(`stuck: ${journey}\n`);
  process.stdout.write(
    `a day with ${JOURNEYS.length} journeys, ${WORKLOADS.length} restarts and a failover, ${NAMESPACES.length} namespaces locked: ${played} flows, ${dropped.size} kinds dropped, ${stuck.length} journeys stuck, in ${since(began)}\n`,
  );
  wrong += dropped.size + stuck.length;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
if (wrong > 0) process.exitCode = 1;
