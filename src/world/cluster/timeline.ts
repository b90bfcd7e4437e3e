import { HOUR, MINUTE } from "../../facts/clock.ts";
import { isRecord } from "../../facts/json.ts";
import type { Action, MainCommit } from "../state.ts";
import type { Admission } from "./admission.ts";
import { beginReconcile, fluxObjectKey, isFlux, reconcile, type ClusterState } from "./flux.ts";
import { key, keyOf, specOf, type KubeObject } from "./objects.ts";
import type { Rendering } from "./render.ts";

/** The cluster over time: each state holds until the next one begins. Never empty. */
export interface Timeline {
  readonly states: readonly ClusterState[];
  at(time: number): ClusterState;
}

/** `spec.interval` of the source and of the Kustomizations, where an object says no other. */
const FETCH_EVERY = 5 * MINUTE;
const RECONCILE_EVERY = HOUR;
/** From a fetched artifact to the last applied object. */
const APPLY_TAKES = 20_000;

/** What `flux bootstrap` left behind: the first source and the Kustomization that everything grows from. */
const SEED: readonly KubeObject[] = [
  {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: "flux-system", namespace: "flux-system" },
    spec: { interval: "5m", ref: { branch: "main" }, url: "https://git.hosting.example/sample/cluster.git" },
  },
  {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "flux-system", namespace: "flux-system" },
    spec: {
      interval: "1h",
      path: "./kubernetes/flux/cluster",
      prune: true,
      sourceRef: { kind: "GitRepository", name: "flux-system" },
    },
  },
  // The last one is the Cilium chart's own: no folder, no pods.
  ...["default", "flux-system", "kube-system", "cilium-secrets"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
  })),
];
const SOURCE_KEY = key("source.toolkit.fluxcd.io/v1", "GitRepository", "flux-system", "flux-system");

type Change =
  | { readonly time: number; readonly kind: "fetch"; readonly commit: string }
  | { readonly time: number; readonly kind: "reconcile" }
  /** A reconcile that began `APPLY_TAKES` ago lands. */
  | { readonly time: number; readonly kind: "apply"; readonly commit: string }
  | { readonly time: number; readonly kind: "action"; readonly action: Action };

/** The next tick of an interval that started with the world. */
const nextTick = (start: number, every: number, time: number): number =>
  start + Math.ceil((time - start + 1) / every) * every;

/**
 * Folds main's history and everything done to the world into the cluster's states up to `until`. The first commit of
 * the history was applied before the world began. A pure function of its arguments.
 */
export const buildTimeline = async (request: {
  readonly start: number;
  readonly until: number;
  readonly history: readonly MainCommit[];
  readonly actions: readonly Action[];
  readonly render: (commit: string) => Promise<Rendering>;
  readonly admit: Admission;
}): Promise<Timeline> => {
  const { start, until, admit } = request;
  const [first, ...later] = request.history;
  const states: ClusterState[] = [];
  let state: ClusterState = {
    from: start,
    source: null,
    objects: new Map(SEED.map((object) => [keyOf(object), object])),
    kustomizations: new Map(),
    born: new Map(),
    inFlight: null,
  };
  const put = (next: ClusterState): void => {
    state = { ...next, from: Math.max(next.from, states.at(-1)?.from ?? next.from) };
    if (states.at(-1)?.from === state.from) states.pop();
    states.push(state);
  };
  const pass = async (commit: string, time: number): Promise<void> => {
    const rendering = await request.render(commit);
    put(await reconcile(state, { commit, time, rendering, admit }));
  };

  if (first !== undefined) {
    state = { ...state, source: { commit: first.commit, fetchedAt: start } };
    await pass(first.commit, start);
  } else put(state);

  /** Main's head as the source will find it at a tick. */
  const headAt = (time: number): string | null =>
    later.findLast((c) => c.time <= time)?.commit ?? first?.commit ?? null;
  const queue: Change[] = later.map((c) => ({
    time: nextTick(start, FETCH_EVERY, c.time),
    kind: "fetch",
    commit: c.commit,
  }));
  for (const action of request.actions) {
    if (action.kind !== "write" && action.kind !== "suspend") continue;
    queue.push({ time: action.time, kind: "action", action });
    // Drift is put right, and what was held up catches up, at the next interval; `flux resume` asks at once.
    const soon = action.kind === "suspend" ? !action.suspend : wakes(action.object);
    queue.push({ time: soon ? action.time + 1 : nextTick(start, FETCH_EVERY, action.time), kind: "fetch", commit: "" });
    queue.push({ time: soon ? action.time + 1 : nextTick(start, RECONCILE_EVERY, action.time), kind: "reconcile" });
  }
  queue.sort((a, b) => a.time - b.time);

  for (let next = queue.shift(); next !== undefined && next.time <= until; next = queue.shift()) {
    const change = next;
    if (change.kind === "action") {
      put(act(state, change.action, change.time));
      continue;
    }
    if (change.kind === "apply") {
      await pass(change.commit, change.time);
      continue;
    }
    const source = state.objects.get(SOURCE_KEY);
    if (change.kind === "fetch") {
      const head = headAt(change.time);
      const suspended = source === undefined || specOf(source)["suspend"] === true;
      if (suspended || head === null || head === state.source?.commit) continue;
      put({ ...state, from: change.time, source: { commit: head, fetchedAt: change.time } });
    }
    if (state.source === null) continue;
    if (state.inFlight !== null) {
      // One at a time; what was asked meanwhile has its turn right after.
      const busy = queue.findIndex((later) => later.kind === "apply");
      queue.splice(busy + 1, 0, { time: queue[busy]?.time ?? change.time, kind: "reconcile" });
      continue;
    }
    put(beginReconcile(state, change.time));
    const landing = { time: change.time + APPLY_TAKES, kind: "apply", commit: state.source.commit } as const;
    const at = queue.findIndex((later) => later.time > landing.time);
    queue.splice(at < 0 ? queue.length : at, 0, landing);
  }

  return {
    states,
    at: (time) => states.findLast((s) => s.from <= time) ?? states[0] ?? state,
  };
};

/** A Flux object that is written and not suspended is looked at as soon as its controller sees it. */
const wakes = (object: Readonly<Record<string, unknown>> | null): boolean => {
  if (object === null) return false;
  const written = object as unknown as KubeObject;
  return isFlux(written) && specOf(written)["suspend"] !== true;
};

const act = (state: ClusterState, action: Action, time: number): ClusterState => {
  const objects = new Map(state.objects);
  if (action.kind === "suspend") {
    const at = fluxObjectKey(action.object);
    const object = objects.get(at);
    if (object !== undefined) objects.set(at, { ...object, spec: { ...specOf(object), suspend: action.suspend } });
  }
  if (action.kind === "write") {
    if (action.object === null) objects.delete(action.key);
    else if (isRecord(action.object)) objects.set(action.key, action.object as unknown as KubeObject);
  }
  return { ...state, from: time, objects };
};
