import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DAY, iso } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import type { EvidenceStore } from "../store/evidence.ts";
import type { Hole, World } from "../world/world.ts";
import { openEvidence } from "./evidence.ts";
import { openPlace } from "./place.ts";
import type { Setting } from "./setting.ts";

/** Plays the world's time with the real collector attached to its Relay. */
export const playWorld = async (
  world: World,
  evidence: EvidenceStore,
  progress: Setting["progress"],
  span: number,
  holes: readonly Hole[],
): Promise<{ readonly flows: number }> => {
  const { collect } = await import("../hubble/collector.ts");
  const from = world.clock.now();
  const to = from + span;
  // Rendering a commit takes seconds on a small machine; Relay answers at once when that is behind us.
  await world.status();
  const served = await world.serve();
  const stop = new AbortController();
  try {
    const collecting = collect({
      relay: { address: served.relayAddress, tls: null },
      writer: evidence,
      source: "sample",
      since: from,
      until: to,
      follow: true,
      signal: stop.signal,
    });
    // A collector that fails to start must be heard, not waited for.
    const failed = collecting.then(
      () => true,
      () => true,
    );
    const follows = async (): Promise<boolean> => {
      while (world.followers() === 0) await sleep(5, undefined, { signal: stop.signal });
      return false;
    };
    if (!(await Promise.race([failed, follows()])))
      await world.play(to, {
        holes,
        onHour: (clock) => progress.step("reading a day of flows from Relay", clock - from, span),
      });
    return await collecting;
  } finally {
    // Where playing failed, nobody must go on waiting for flows that will not come.
    stop.abort();
    await served.close();
  }
};

/** The sample begins with a day that was watched; a first use that was cut short goes on where it stopped. */
export const watchFirstDay = async (
  world: World,
  evidence: EvidenceStore,
  progress: Setting["progress"],
): Promise<void> => {
  const left = world.start + DAY - world.clock.now();
  if (left > 0) await playWorld(world, evidence, progress, left, []);
};

export const firstDay = async (setting: Setting, world: World): Promise<void> => {
  if (world.clock.now() >= world.start + DAY) return;
  const evidence = await openEvidence(setting);
  try {
    await watchFirstDay(world, evidence, setting.progress);
  } finally {
    await evidence.dispose();
  }
};

/** The sample cluster for a person: turn its clock, do something in it. */
export interface Sample {
  status(): ReturnType<World["status"]>;
  /** Holes are hours after the turn begins, in milliseconds. */
  turn(
    span: number,
    holes: readonly { readonly node: string; readonly from: number; readonly to: number }[],
  ): Promise<{ readonly clock: string; readonly flows: number }>;
  do(words: string): ReturnType<World["do"]>;
  dispose(): Promise<void>;
}

export const openSample = async (setting: Setting): Promise<Sample> => {
  const place = await openPlace(setting);
  const { world } = place;
  if (world === null) {
    await place.dispose();
    throw new OperatorError("input", "a repository is configured, so there is no sample cluster", {
      where: setting.config.repository.path ?? "forge",
      remedy: "Run `sample` without that configuration.",
    });
  }
  const evidence = await openEvidence(setting);
  await watchFirstDay(world, evidence, setting.progress);
  return {
    status: () => world.status(),
    turn: async (span, holes) => {
      const now = world.clock.now();
      const made = holes.map((hole) => ({ ...hole, from: now + hole.from, to: now + hole.to }));
      const { flows } = await playWorld(world, evidence, setting.progress, span, made);
      return { clock: iso(world.clock.now()), flows };
    },
    do: (words) => world.do(words),
    dispose: async () => {
      await evidence.dispose();
      await place.dispose();
    },
  };
};

const SAMPLE_PARTS = [
  "world",
  "remote.git",
  ...["forge", "evidence", "checkpoints", "ledger", "signoff"].flatMap((name) =>
    ["", "-wal", "-shm"].map((end) => `${name}.sqlite${end}`),
  ),
];

/** Removes everything that a sample left in the state folder. Keys and token stay. */
export const resetSample = async (setting: Setting): Promise<boolean> => {
  if (!existsSync(join(setting.state, "world"))) return false;
  for (const name of SAMPLE_PARTS) await rm(join(setting.state, name), { recursive: true, force: true });
  return true;
};
