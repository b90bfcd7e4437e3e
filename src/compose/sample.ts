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

/** Evidence and clock move together, a day at a time: what was cut short is played again, from where both stand. */
const AT_ONCE = DAY;
/** Nothing is committed before the end of what is played at once. Milliseconds; the longest timer there is. */
const NEVER = 2 ** 31 - 1;

/** Plays the world's time with the real collector attached to its Relay. */
export const playWorld = async (
  world: World,
  evidence: EvidenceStore,
  progress: Setting["progress"],
  span: number,
  holes: readonly Hole[],
): Promise<{ readonly flows: number }> => {
  const from = world.clock.now();
  const to = from + span;
  const onHour = (clock: number): void => progress.step("reading a day of flows from Relay", clock - from, span);
  // Rendering a commit takes seconds on a small machine; Relay answers at once when that is behind us.
  await world.status();
  const served = await world.serve();
  let flows = 0;
  try {
    do {
      const until = Math.min(to, world.clock.now() + AT_ONCE);
      flows += await playTo(until, { world, evidence, relayAddress: served.relayAddress, onHour, holes });
    } while (world.clock.now() < to);
    return { flows };
  } finally {
    await served.close();
  }
};

/** One connection of the collector. Returns the flows counted. */
const playTo = async (
  until: number,
  part: {
    readonly world: World;
    readonly evidence: EvidenceStore;
    readonly relayAddress: string;
    readonly onHour: (clock: number) => void;
    readonly holes: readonly Hole[];
  },
): Promise<number> => {
  const { collect } = await import("../hubble/collector.ts");
  const { world, evidence, relayAddress, onHour, holes } = part;
  const stop = new AbortController();
  try {
    const collecting = collect({
      relay: { address: relayAddress, tls: null },
      writer: evidence,
      source: "sample",
      since: world.clock.now(),
      until,
      follow: true,
      commitEvery: NEVER,
      commitFlows: Number.POSITIVE_INFINITY,
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
    if (!(await Promise.race([failed, follows()]))) await world.play(until, { holes, onHour, kept: () => collecting });
    return (await collecting).flows;
  } finally {
    // Where playing failed, nobody must go on waiting for flows that will not come.
    stop.abort();
  }
};

/** How long another process may take to make the first day, and how often to look whether it has. Milliseconds. */
const PATIENCE = 60_000;
const LOOK = 250;

/**
 * The sample begins with a day that was watched. A first use that was cut short made none of it and it is played again;
 * while another process is at it, its end is waited for.
 */
export const watchFirstDay = async (
  world: World,
  evidence: EvidenceStore,
  progress: Setting["progress"],
): Promise<void> => {
  const patience = Date.now() + PATIENCE;
  for (;;) {
    const left = world.start + DAY - world.clock.now();
    if (left <= 0) return;
    try {
      await playWorld(world, evidence, progress, left, []);
      return;
    } catch (error) {
      const isBusy = error instanceof OperatorError && error.kind === "busy";
      if (!isBusy || Date.now() > patience) throw error;
      progress.step("another process is making the sample's first day");
      await sleep(LOOK);
    }
  }
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
  ...["forge", "evidence", "checkpoints", "ledger", "signoff", "confirmations", "rehearsals"].flatMap((name) =>
    ["", "-wal", "-shm"].map((end) => `${name}.sqlite${end}`),
  ),
];

/** Removes everything that a sample left in the state folder. Keys and token stay. */
export const resetSample = async (setting: Setting): Promise<boolean> => {
  if (!existsSync(join(setting.state, "world"))) return false;
  for (const name of SAMPLE_PARTS) await rm(join(setting.state, name), { recursive: true, force: true });
  return true;
};
