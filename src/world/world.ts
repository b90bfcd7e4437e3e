import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MINUTE, iso, type Clock } from "../facts/clock.ts";
import { OperatorError } from "../facts/errors.ts";
import { KNOWN_ACTIONS, parseAction } from "./actions.ts";
import { loadAdmission } from "./cluster/admission.ts";
import type { ClusterState, KustomizationState } from "./cluster/flux.ts";
import { isFluxKustomization, specOf } from "./cluster/objects.ts";
import { renderCommit, type Rendering } from "./cluster/render.ts";
import { isEnforced } from "./kube/running.ts";
import { kubeconfigOf } from "./kube/kubeconfig.ts";
import { openKubeApi, type KubeApi } from "./kube/server.ts";
import type { KubeView } from "./kube/view.ts";
import { openRelay, type Relay } from "./relay/relay.ts";
import type { Scene } from "./relay/rings.ts";
import { SAMPLE_FOLDER, createRemote, headOfMain } from "./remote.ts";
import { workload } from "./scenario/make.ts";
import type { Workload } from "./scenario/model.ts";
import { NODES } from "./scenario/nodes.ts";
import { openState, type Action, type FaultKind, type WorldState } from "./state.ts";
import { isOn } from "./switches.ts";
import type { JourneyOutcome, Traffic } from "./traffic/traffic.ts";
import { forget, unfold, type Past, type Unfolded } from "./unfold.ts";

/** World time begins on a Monday at midnight UTC; the repository is some weeks older. */
export const WORLD_START = Date.UTC(2026, 2, 2);
const REPOSITORY_TIME = Date.UTC(2026, 1, 1);
const SEED = 20_260_302;

export interface Hole {
  readonly node: string;
  /** Milliseconds since the epoch, half-open. */
  readonly from: number;
  readonly to: number;
  /** How the tap fails; a node that Relay cannot reach unless said otherwise. */
  readonly kind?: FaultKind;
}

export interface WorldStatus {
  readonly start: number;
  readonly clock: number;
  readonly head: string;
  /** The source's last fetched commit. */
  readonly fetched: string | null;
  readonly kustomizations: readonly {
    readonly id: string;
    readonly suspended: boolean;
    readonly ready: boolean | null;
    readonly applied: string | null;
    readonly message: string;
  }[];
  readonly pods: number;
  readonly actions: number;
}

export interface Deed {
  readonly time: number;
  readonly words: string;
  /** For a journey: whether the person got through, as things stand now. */
  readonly outcome: JourneyOutcome | null;
}

export interface ServedWorld {
  /** Hubble Relay, plaintext: `127.0.0.1:port`. */
  readonly relayAddress: string;
  /** The Kubernetes API, plaintext: `http://127.0.0.1:port`. */
  readonly kubeUrl: string;
  /** Bearer tokens of who reads and of who suspends, patches and deletes; they live as long as the process. */
  readonly tokens: KubeApi["tokens"];
  /** A kubeconfig as YAML with the contexts `sample` (reads) and `sample-rollback` (suspends, patches, deletes). */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

export interface PlayOptions {
  readonly holes?: readonly Hole[];
  readonly onHour?: (clock: number) => void;
  /** Awaited when everything was played, before the clock is turned: resolves when who follows will not lose it any more. */
  readonly kept?: () => Promise<unknown>;
}

export interface World {
  readonly clock: Clock;
  /** When world time began. */
  readonly start: number;
  /** The bare repository that everything is pulled from. */
  readonly remote: string;
  status(): Promise<WorldStatus>;
  /** What `do` understands, for a person to choose from. */
  readonly actions: readonly { readonly words: string; readonly about: string }[];
  /** Does what the words say at the clock's time; its flows are played when the clock is turned past it. */
  do(words: string): Promise<Deed>;
  serve(): Promise<ServedWorld>;
  /** How many clients follow the flows of this process now. */
  followers(): number;
  /**
   * Turns the clock to `to`, playing every flow in between to whoever follows. The clock is turned at the end and at once:
   * where `kept` fails, or the process dies before, no time has passed and the same flows are played again.
   */
  play(to: number, options?: PlayOptions): Promise<void>;
  /** Namespaces with a pod that is under default-deny, as Cilium's agents say. */
  enforced(): Promise<ReadonlySet<string>>;
  dispose(): void;
}

/** Removes the world and its repository, so that the next `openWorld` begins afresh. */
export const resetWorld = async (state: string): Promise<void> => {
  await rm(join(state, "world"), { recursive: true, force: true });
  await rm(join(state, "remote.git"), { recursive: true, force: true });
};

/**
 * The sample cluster in a state folder; made on first use. Its clock stands still unless `play` turns it.
 * `repository`: another folder of manifests than the bundled one, for incidents. `guests`: workloads (`namespace/name`)
 * besides the scenario's own, one pod each; they are nowhere written down and have to be named whenever it is opened.
 */
export const openWorld = async (options: {
  readonly dir: string;
  readonly repository?: string;
  readonly guests?: readonly string[];
}): Promise<World> => {
  const remote = join(options.dir, "remote.git");
  await createRemote({ dir: remote, folder: options.repository ?? SAMPLE_FOLDER, time: REPOSITORY_TIME });
  const state = openState(join(options.dir, "world"), { seed: SEED, start: WORLD_START });
  state.sawMain(await headOfMain(remote));
  const guests = (options.guests ?? []).map((id) => workload(id, { nodes: ["node-1"], appliedBy: null }));
  return new SampleWorld(remote, join(options.dir, "world", "rendered"), state, guests);
};

const faultOf = ({ node, from, to, kind }: Hole): Action => {
  if (NODES.some((n) => n.name === node) && to > from) {
    return { kind: "fault", time: from, until: to, node, fault: kind ?? "unavailable" };
  }
  throw new OperatorError("input", `no hole can be made in ${JSON.stringify(node.slice(0, 80))} for that time`, {
    remedy: `Nodes: ${NODES.map((n) => n.name).join(", ")}; the end comes after the beginning.`,
  });
};

class SampleWorld implements World {
  readonly remote: string;
  readonly start: number;
  readonly clock: Clock;
  readonly actions = KNOWN_ACTIONS;
  readonly #state: WorldState;
  readonly #cache: string;
  readonly #guests: readonly Workload[];
  readonly #renderings = new Map<string, Promise<Rendering>>();
  #last: { readonly key: string; readonly unfolded: Unfolded } | null = null;
  #relay: Relay | null = null;
  #view: KubeView | null = null;

  constructor(remote: string, cache: string, state: WorldState, guests: readonly Workload[]) {
    this.remote = remote;
    this.start = state.start;
    this.#cache = cache;
    this.#guests = guests;
    this.#state = state;
    this.clock = { now: () => state.clock() };
  }

  /** The world up to `until`, built again only when something that it depends on changed. */
  async #until(until: number): Promise<Unfolded> {
    const state = this.#state;
    state.sawMain(await headOfMain(this.remote));
    const { start, seed } = state;
    const [now, history, actions, guests] = [state.clock(), state.history(), state.actions(), this.#guests];
    const past: Past = { seed, start, until, now, history, actions, guests };
    const key = JSON.stringify(past);
    if (this.#last?.key !== key) {
      // A folder that was never rendered into is, so that the next process finds it done.
      if (!existsSync(this.#cache)) forget(key);
      this.#last = { key, unfolded: await unfold(past, key, (commit) => this.#render(commit)) };
    }
    return this.#last.unfolded;
  }

  #render(commit: string): Promise<Rendering> {
    let rendering = this.#renderings.get(commit);
    if (rendering === undefined) {
      rendering = renderCommit(this.remote, commit, this.#cache);
      this.#renderings.set(commit, rendering);
    }
    return rendering;
  }

  async #now(): Promise<{ readonly scene: Scene; readonly cluster: ClusterState; readonly traffic: Traffic }> {
    const { scene, timeline, traffic } = await this.#until(this.#state.clock());
    return { scene, traffic, cluster: timeline.at(scene.now) };
  }

  async status(): Promise<WorldStatus> {
    const { scene, cluster, traffic } = await this.#now();
    const kustomizations = [...cluster.objects.values()].filter(isFluxKustomization).map((object) => {
      const id = `${object.metadata.namespace ?? "default"}/${object.metadata.name}`;
      const said: KustomizationState | undefined = cluster.kustomizations.get(id);
      return {
        id,
        suspended: specOf(object)["suspend"] === true,
        ready: said?.ready ?? null,
        applied: said?.applied ?? null,
        message: said?.message ?? "",
      };
    });
    return {
      start: this.start,
      clock: scene.now,
      head: await headOfMain(this.remote),
      fetched: cluster.source?.commit ?? null,
      kustomizations: kustomizations.sort((a, b) => (a.id < b.id ? -1 : 1)),
      pods: traffic.pods(scene.now).length,
      actions: scene.actions.length,
    };
  }

  async enforced(): Promise<ReadonlySet<string>> {
    const { cluster, traffic } = await this.#now();
    return new Set(
      traffic
        .pods(this.#state.clock())
        .filter((pod) => !pod.workload.hostNetwork && isEnforced(pod, cluster))
        .map((pod) => pod.namespace),
    );
  }

  async do(words: string): Promise<Deed> {
    const { scene, traffic } = await this.#now();
    const action = parseAction(words, scene.now, traffic.pods(scene.now));
    this.#state.append(action);
    const outcome = action.kind === "journey" ? traffic.walk(action.journey, scene.now) : null;
    return { time: scene.now, words, outcome };
  }

  async serve(): Promise<ServedWorld> {
    const relay = await openRelay(async () => (await this.#now()).scene);
    this.#relay = relay;
    const kube = await openKubeApi(
      () => this.#kubeView(),
      (key, object) => this.#state.append({ kind: "write", time: this.#state.clock(), key, object }),
    );
    return {
      relayAddress: relay.address,
      kubeUrl: kube.url,
      tokens: kube.tokens,
      kubeconfig: kubeconfigOf(kube),
      close: async () => {
        this.#relay = null;
        await Promise.all([relay.close(), kube.close()]);
      },
    };
  }

  async #kubeView(): Promise<KubeView> {
    const { scene, cluster, traffic } = await this.#now();
    if (this.#view?.cluster !== cluster || this.#view.now !== scene.now) {
      const pods = traffic.pods(scene.now);
      const version = (this.#view?.version ?? 0) + 1;
      const admit = await loadAdmission();
      const rollbackGranted = isOn(scene.actions, "rollback", scene.now, true);
      this.#view = { now: scene.now, version, cluster, pods, admit, rollbackGranted };
    }
    return this.#view;
  }

  followers(): number {
    return this.#relay?.followers ?? 0;
  }

  async play(to: number, { holes = [], onHour, kept }: PlayOptions = {}): Promise<void> {
    const state = this.#state;
    await state.alone(async () => {
      const from = state.clock();
      if (!Number.isInteger(to) || to < from) {
        throw new OperatorError(
          "input",
          `the sample cluster's clock stands at ${iso(from)} and cannot be turned back`,
          {
            remedy: "Turn it forward (`sample clock +24h`), or begin afresh (`sample reset`).",
          },
        );
      }
      // A hole stays where it was made, also when the turn that made it was cut short.
      const known = new Set(state.actions().map((action) => JSON.stringify(action)));
      for (const fault of holes.map(faultOf)) if (!known.has(JSON.stringify(fault))) state.append(fault);
      const { scene } = await this.#until(to);
      for (let since = from; since < to;) {
        const until = Math.min(to, since + 60 * MINUTE);
        await this.#relay?.play(scene, since, until);
        onHour?.(until);
        since = until;
      }
      this.#relay?.settle(to);
      await kept?.();
      state.turnClock(to);
    });
  }

  dispose(): void {
    this.#state.dispose();
  }
}
