import { existsSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DAY, iso, systemClock, type Clock } from "./facts/clock.ts";
import type { ClusterFacts } from "./facts/cluster-facts.ts";
import { OperatorError } from "./facts/errors.ts";
import type { ForgeReader, ForgeWriter } from "./facts/ports.ts";
import type { Config } from "./config/schema.ts";
import { clusterFacts } from "./config/settings.ts";
import { localForge, type LocalForge } from "./forge/local.ts";
import { mirror } from "./git/mirror.ts";
import { openRepository, type GitRepository } from "./git/plumbing.ts";
import { openLedger, type LedgerStore } from "./store/ledger.ts";
import type { EvidenceStore } from "./store/evidence.ts";
import type { Hole, World } from "./world/world.ts";

/** What a face hands over: where to keep things, what is configured, and where to say how far one is. */
export interface Setting {
  readonly config: Config;
  readonly state: string;
  readonly progress: { step(what: string, done?: number, total?: number): void; clear(): void };
}

/** A repository, its forge and the ledger: cheap to open, and enough for `pr` and `log`. */
export interface Place {
  readonly setting: Setting;
  readonly clock: Clock;
  readonly forge: ForgeReader & ForgeWriter;
  /** The local forge with its desk, or null where pull requests live elsewhere. */
  readonly desk: LocalForge | null;
  readonly ledger: LedgerStore;
  /** The sample cluster, or null when a repository is configured. */
  readonly world: World | null;
  /** The configured facts, with what the sample cluster is known to have. */
  readonly facts: ClusterFacts;
  dispose(): Promise<void>;
}

/** On the sample, the names that the sample cluster serves itself. */
const SAMPLE_ZONES = ["sample.example"];

const makeStateFolder = (state: string): void => {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new OperatorError("input", "the state folder cannot be made", {
      where: state,
      remedy: "Name one that can be written with --state.",
      cause,
    });
  }
};

const openConfigured = async (setting: Setting, path: string): Promise<GitRepository> => {
  if (/^[a-z+]+:\/\/|^[\w.-]+@[\w.-]+:/.test(path)) return mirror(path, join(setting.state, "mirror.git"));
  const repository = openRepository(resolve(path));
  const branch = setting.config.repository.branch;
  if ((await repository.resolve(`refs/heads/${branch}`).catch(() => null)) !== null) return repository;
  throw new OperatorError("input", `this is no git repository with a branch ${branch}`, {
    where: path,
    remedy: "Set repository.path to a clone and repository.branch to its default branch.",
  });
};

const openForge = async (
  setting: Setting,
  repository: GitRepository,
  clock: Clock,
): Promise<{ readonly forge: ForgeReader & ForgeWriter; readonly desk: LocalForge | null }> => {
  const { forge: wanted, repository: named } = setting.config;
  if (wanted.kind === "local") {
    const forge = localForge({ repository, state: setting.state, clock, branch: named.branch });
    return { forge, desk: forge };
  }
  const [{ credentialsFrom, githubClient }, { githubForge }] = await Promise.all([
    import("./forge/github/client.ts"),
    import("./forge/github/forge.ts"),
  ]);
  const place = { owner: wanted.owner, name: wanted.name, apiUrl: wanted.apiUrl };
  const client = githubClient(place, credentialsFrom(process.env));
  return {
    forge: githubForge({ client, place, branch: named.branch, cache: join(setting.state, "blobs") }),
    desk: null,
  };
};

export const openPlace = async (setting: Setting): Promise<Place> => {
  makeStateFolder(setting.state);
  const { config } = setting;
  const world =
    config.repository.path === null && config.forge.kind === "local" ? await openSampleWorld(setting) : null;
  const clock = world?.clock ?? systemClock;
  const repository =
    world !== null
      ? openRepository(world.remote)
      : config.repository.path === null
        ? openRepository(setting.state)
        : await openConfigured(setting, config.repository.path);
  const { forge, desk } = await openForge(setting, repository, clock);
  const ledger = openLedger(join(setting.state, "ledger.sqlite"), clock);
  const facts = clusterFacts(config);
  return {
    setting,
    clock,
    forge,
    desk,
    ledger,
    world,
    facts: world === null || facts.insideZones.length > 0 ? facts : { ...facts, insideZones: SAMPLE_ZONES },
    dispose: async () => {
      ledger.dispose();
      desk?.dispose();
      world?.dispose();
    },
  };
};

/** Evidence with its key in the state folder: whoever lacks the key cannot make any. */
const openEvidence = async (setting: Setting): Promise<EvidenceStore> => {
  const [{ openEvidenceStore }, { secretFile }] = await Promise.all([
    import("./store/evidence-sqlite.ts"),
    import("./store/secret.ts"),
  ]);
  const { campaign, store } = setting.config;
  return openEvidenceStore({
    path: join(setting.state, "evidence.sqlite"),
    key: secretFile(join(setting.state, "keys", "evidence")),
    retention: store.retentionDays * DAY,
    rules: { loss: campaign.maxLoss },
  });
};

/** Plays the world's time with the real collector attached to its Relay. */
const playWorld = async (
  world: World,
  evidence: EvidenceStore,
  progress: Setting["progress"],
  span: number,
  holes: readonly Hole[],
): Promise<{ readonly flows: number }> => {
  const { collect } = await import("./hubble/collector.ts");
  const from = world.clock.now();
  const to = from + span;
  const served = await world.serve();
  try {
    const collecting = collect({
      relay: { address: served.relayAddress, tls: null },
      writer: evidence,
      source: "sample",
      since: from,
      until: to,
      follow: true,
      clock: world.clock,
    });
    // A collector that fails to start must be heard, not waited for.
    let failed: unknown = null;
    collecting.catch((error: unknown) => {
      failed = error;
    });
    while (world.followers() === 0 && failed === null) await sleep(5);
    if (failed === null)
      await world.play(to, {
        holes,
        onHour: (clock) => progress.step("reading a day of flows from Relay", clock - from, span),
      });
    return await collecting;
  } finally {
    await served.close();
  }
};

/** The sample begins with a day that was watched; a first use that was cut short goes on where it stopped. */
const watchFirstDay = async (world: World, evidence: EvidenceStore, progress: Setting["progress"]): Promise<void> => {
  const left = world.start + DAY - world.clock.now();
  if (left > 0) await playWorld(world, evidence, progress, left, []);
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

/** Removes everything that a sample left in the state folder. Keys and token stay. */
export const resetSample = async (setting: Setting): Promise<boolean> => {
  if (!existsSync(join(setting.state, "world"))) return false;
  for (const name of SAMPLE_PARTS) await rm(join(setting.state, name), { recursive: true, force: true });
  return true;
};

const SAMPLE_PARTS = [
  "world",
  "remote.git",
  ...["forge", "evidence", "checkpoints", "ledger", "signoff"].flatMap((name) =>
    ["", "-wal", "-shm"].map((end) => `${name}.sqlite${end}`),
  ),
];

const openSampleWorld = async (setting: Setting): Promise<World> => {
  const { openWorld } = await import("./world/world.ts");
  return openWorld({ dir: setting.state });
};
