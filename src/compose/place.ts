import { join, resolve } from "node:path";
import { systemClock, type Clock } from "../facts/clock.ts";
import type { ClusterFacts } from "../facts/cluster-facts.ts";
import { OperatorError } from "../facts/errors.ts";
import type { CheckReader, ForgeReader, ForgeWriter, GreenWriter, NoticeWriter } from "../facts/ports.ts";
import { clusterFacts } from "../config/settings.ts";
import { localForge, type LocalForge } from "../forge/local.ts";
import { localCheck, type LocalCheck } from "../forge/local-check.ts";
import { mirror } from "../git/mirror.ts";
import { openRepository, type GitRepository } from "../git/plumbing.ts";
import { openLedger, type LedgerStore } from "../store/ledger.ts";
import type { World } from "../world/world.ts";
import { isSample, makeStateFolder, type Setting } from "./setting.ts";

/** A repository, its forge and the ledger: cheap to open, and enough for `pr` and `log`. */
export interface Place {
  readonly setting: Setting;
  readonly clock: Clock;
  readonly forge: ForgeReader & ForgeWriter;
  /** The local forge with its desk and what its check says, or null where pull requests live elsewhere. */
  readonly desk: (LocalForge & { readonly check: LocalCheck["read"] }) | null;
  /** `network-operator/gates` on that forge; who may hold which of its writers is the graph's to say. */
  readonly check: { readonly read: CheckReader; readonly notices: NoticeWriter; readonly green: GreenWriter };
  readonly ledger: LedgerStore;
  /** The sample cluster, or null when a repository is configured. */
  readonly world: World | null;
  /** The configured facts, with what the sample cluster is known to have. */
  readonly facts: ClusterFacts;
  dispose(): Promise<void>;
}

/** On the sample, the names that the sample cluster serves itself. */
const SAMPLE_ZONES = ["sample.example"];

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

const isHere = (url: string): boolean => ["127.0.0.1", "[::1]", "localhost"].includes(new URL(url).hostname);

const openForge = async (
  setting: Setting,
  repository: GitRepository,
  clock: Clock,
): Promise<Pick<Place, "forge" | "desk" | "check">> => {
  const { forge: wanted, repository: named } = setting.config;
  if (wanted.kind === "local") {
    const forge = localForge({ repository, state: setting.state, clock, branch: named.branch });
    const check = localCheck({ state: setting.state, clock });
    const dispose = (): void => {
      check.dispose();
      forge.dispose();
    };
    return { forge, check, desk: { ...forge, check: check.read, dispose } };
  }
  const [{ credentialsFrom, githubClient }, { githubForge }, { githubChecks, githubGreen, githubNotices }] =
    await Promise.all([
      import("../forge/github/client.ts"),
      import("../forge/github/forge.ts"),
      import("../forge/github/check.ts"),
    ]);
  const place = { owner: wanted.owner, name: wanted.name, apiUrl: wanted.apiUrl };
  const credentials = credentialsFrom(process.env);
  // What spares GitHub from bursts is of no use to a forge on this very machine.
  const client = githubClient(place, credentials, { throttle: !isHere(wanted.apiUrl) });
  return {
    check: {
      read: githubChecks(client, place, credentials),
      notices: githubNotices(client, place, credentials.kind),
      green: githubGreen(client, place, credentials.kind, named.branch),
    },
    forge: githubForge({ client, place, branch: named.branch, cache: join(setting.state, "blobs") }),
    desk: null,
  };
};

const openSampleWorld = async (setting: Setting): Promise<World> => {
  const { openWorld } = await import("../world/world.ts");
  return openWorld({ dir: setting.state });
};

/** A repository or a forge that cannot be had: every question is answered with why. */
const outOfReach = (why: OperatorError): Pick<Place, "forge" | "desk" | "check"> => {
  const no = (): Promise<never> => Promise.reject(why);
  return {
    forge: {
      name: "out of reach",
      defaultBranch: "main",
      head: no,
      tree: no,
      branchHead: no,
      pullRequests: no,
      history: no,
      broughtBy: no,
      loopholes: no,
      writeBranch: no,
      openPullRequest: no,
      updatePullRequest: no,
    },
    desk: null,
    check: { read: { check: no }, notices: { notice: no }, green: { green: no } },
  };
};

/** A rehearsal's own surroundings: a world that is nobody's, and a forge that can be switched off. */
export interface Stage {
  readonly world: World;
  readonly isForgeOff: () => boolean;
}

const switched = (forge: Place["forge"], { isForgeOff }: Stage): Place["forge"] => {
  const why = new OperatorError("outside", "the forge is switched off", { remedy: "It is a rehearsal: carry on." });
  const { forge: silent } = outOfReach(why);
  return new Proxy(forge, { get: (there, key) => Reflect.get(isForgeOff() ? silent : there, key) as unknown });
};

/** `emergency`: what cannot be opened is no reason to stop, for it may be what a rollback repairs. */
const reachable = async (
  setting: Setting,
  world: World | null,
  clock: Clock,
  emergency: boolean,
): Promise<Pick<Place, "forge" | "desk" | "check">> => {
  const { path } = setting.config.repository;
  try {
    const repository =
      world !== null
        ? openRepository(world.remote)
        : path === null
          ? openRepository(setting.state)
          : await openConfigured(setting, path);
    return await openForge(setting, repository, clock);
  } catch (error) {
    if (emergency && error instanceof OperatorError) return outOfReach(error);
    throw error;
  }
};

export const openPlace = async (
  setting: Setting,
  { emergency = false, stage = null }: { readonly emergency?: boolean; readonly stage?: Stage | null } = {},
): Promise<Place> => {
  makeStateFolder(setting.state);
  const { config } = setting;
  const world = stage !== null ? stage.world : isSample(config) ? await openSampleWorld(setting) : null;
  const clock = world?.clock ?? systemClock;
  const { forge, desk, check } = await reachable(setting, world, clock, emergency);
  const ledger = openLedger(join(setting.state, "ledger.sqlite"), clock);
  const facts = clusterFacts(config);
  return {
    setting,
    clock,
    forge: stage === null ? forge : switched(forge, stage),
    desk,
    check,
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
