import { isRecord } from "../../facts/json.ts";
import type { Admission } from "./admission.ts";
import {
  PRUNE,
  RECONCILE,
  groupOf,
  isFluxKustomization,
  key,
  keyOf,
  namespaceOfObject,
  ownerOf,
  specOf,
  type KubeObject,
} from "./objects.ts";
import { isHelmRelease, shippedKey, shippedPolicy } from "./charts.ts";
import type { BuildRequest, Built } from "./build.ts";
import type { Rendering } from "./render.ts";

/** What a Flux Kustomization says of itself; its spec lives in the API server like any object. */
export interface KustomizationState {
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  /** Commit of the last successful apply, null before the first. */
  readonly applied: string | null;
  readonly attempted: string;
  /** When it said this. */
  readonly time: number;
  /** Keys of the objects it applied. */
  readonly inventory: readonly string[];
}

export interface SourceState {
  /** Last fetched commit of the branch. */
  readonly commit: string;
  readonly fetchedAt: number;
}

/** The cluster between two changes. */
export interface ClusterState {
  readonly from: number;
  readonly source: SourceState | null;
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** By `namespace/name`. */
  readonly kustomizations: ReadonlyMap<string, KustomizationState>;
  /** When each Kustomization first applied anything: its pods' birthday. */
  readonly born: ReadonlyMap<string, number>;
  /** A reconcile under way: what was suspended when it began stays out of it, what is suspended since does not. */
  readonly inFlight: { readonly asleep: ReadonlySet<string> } | null;
}

interface Working {
  readonly objects: Map<string, KubeObject>;
  readonly kustomizations: Map<string, KustomizationState>;
  readonly born: Map<string, number>;
}

/** Kustomizations that bring Kustomizations, at most so deep. */
const MAX_DEPTH = 12;

const FLUX = "kustomize.toolkit.fluxcd.io/v1";

const idOf = (object: KubeObject): string => `${namespaceOfObject(object) ?? "default"}/${object.metadata.name}`;

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

/**
 * One pass of kustomize-controller over every Kustomization, level by level: parents first, then what they brought.
 * Within a level those whose dependencies are ready go first. A suspended one is left as it is, with all it applied.
 */
export const reconcile = async (
  before: ClusterState,
  request: { readonly commit: string; readonly time: number; readonly rendering: Rendering; readonly admit: Admission },
): Promise<ClusterState> => {
  const { inFlight } = before;
  const working: Working = {
    objects: new Map(before.objects),
    kustomizations: new Map(before.kustomizations),
    born: new Map(before.born),
  };
  /** The spec that each was last seen with: a child that its parent just changed has its turn again. */
  const seen = new Map<string, string>();
  const fresh = (object: KubeObject): boolean => seen.get(keyOf(object)) !== JSON.stringify(object["spec"]);
  for (let rounds = 0; rounds < MAX_DEPTH; rounds++) {
    const level = [...working.objects.values()].filter((o) => isFluxKustomization(o) && fresh(o));
    if (level.length === 0) break;
    const sleeps = (o: KubeObject): boolean =>
      inFlight !== null && before.objects.has(keyOf(o)) ? inFlight.asleep.has(idOf(o)) : isSuspended(o);
    const active = level.filter((o) => !sleeps(o));
    const built = await request.rendering.build(active.map(buildRequest));
    for (const object of level) if (!active.includes(object)) seen.set(keyOf(object), JSON.stringify(object["spec"]));
    for (const object of inOrder(active, working)) {
      const live = working.objects.get(keyOf(object));
      // Pruned, changed or suspended by its parent in this very pass: what was built is not what it asks for now.
      if (live === undefined || JSON.stringify(live["spec"]) !== JSON.stringify(object["spec"])) continue;
      seen.set(keyOf(object), JSON.stringify(object["spec"]));
      apply(object, built.get(idOf(object)) ?? null, working, request);
    }
  }
  return { from: request.time, source: before.source, ...working, inFlight: null };
};

const isSuspended = (object: KubeObject): boolean => specOf(object)["suspend"] === true;

/** Reads who is suspended, as kustomize-controller does when it begins and not again before it ends. */
export const beginReconcile = (state: ClusterState, time: number): ClusterState => {
  const kustomizations = [...state.objects.values()].filter(isFluxKustomization);
  return { ...state, from: time, inFlight: { asleep: new Set(kustomizations.filter(isSuspended).map(idOf)) } };
};

const buildRequest = (object: KubeObject): BuildRequest => ({
  id: idOf(object),
  path: text(specOf(object)["path"]) ?? "./",
  targetNamespace: text(specOf(object)["targetNamespace"]),
});

const dependencies = (object: KubeObject): string[] => {
  const dependsOn = specOf(object)["dependsOn"];
  if (!Array.isArray(dependsOn)) return [];
  return dependsOn
    .filter(isRecord)
    .map((d) => `${text(d["namespace"]) ?? namespaceOfObject(object) ?? "default"}/${text(d["name"]) ?? ""}`);
};

/** Parents before children, dependencies before dependents; those of a cycle wait for each other for ever. */
const inOrder = (level: readonly KubeObject[], working: Working): KubeObject[] => {
  const byId = new Map(level.map((o) => [idOf(o), o]));
  const ordered: KubeObject[] = [];
  const seen = new Set<string>();
  const visit = (object: KubeObject): void => {
    const id = idOf(object);
    if (seen.has(id)) return;
    seen.add(id);
    const owner = ownerOf(object);
    for (const before of [...(owner === null ? [] : [owner]), ...dependencies(object)]) {
      const other = byId.get(before);
      if (other !== undefined && working.objects.has(keyOf(other))) visit(other);
    }
    ordered.push(object);
  };
  for (const object of level) visit(object);
  return ordered;
};

const apply = (
  kustomization: KubeObject,
  built: Built | null,
  working: Working,
  request: { readonly commit: string; readonly time: number; readonly admit: Admission },
): void => {
  const id = idOf(kustomization);
  const last = working.kustomizations.get(id);
  const fail = (reason: string, message: string): void => {
    working.kustomizations.set(id, {
      ready: false,
      reason,
      message,
      applied: last?.applied ?? null,
      attempted: request.commit,
      time: request.time,
      inventory: last?.inventory ?? [],
    });
  };

  const waiting = dependencies(kustomization).find((dependency) => {
    const state = working.kustomizations.get(dependency);
    return state === undefined || !state.ready || state.applied !== request.commit;
  });
  if (waiting !== undefined) return fail("DependencyNotReady", `dependency '${waiting}' is not ready`);
  if (built === null) return fail("BuildFailed", "nothing was built");
  if (!built.ok) return fail("BuildFailed", built.message);

  // Everything is dry-run first: one refused object fails its whole Kustomization (lesson 18).
  for (const object of built.objects) {
    const refused = request.admit(object);
    if (refused === null) continue;
    const name = `${object.kind}/${namespaceOfObject(object) ?? ""}/${object.metadata.name}`.replace("//", "/");
    return fail("ReconciliationFailed", `${name} dry-run failed (Invalid): ${refused}`);
  }

  const inventory = built.objects.map(keyOf);
  for (const object of built.objects) {
    serverSideApply(object, working);
    if (isHelmRelease(object)) install(object, working);
  }
  if (specOf(kustomization)["prune"] === true) {
    const kept = new Set(inventory);
    for (const gone of last?.inventory ?? []) if (!kept.has(gone)) remove(gone, working);
  }
  if (!working.born.has(id)) working.born.set(id, request.time);
  working.kustomizations.set(id, {
    ready: true,
    reason: "ReconciliationSucceeded",
    message: `Applied revision: ${revisionOf(request.commit)}`,
    applied: request.commit,
    attempted: request.commit,
    time: request.time,
    inventory,
  });
};

export const revisionOf = (commit: string): string => `main@sha1:${commit}`;

/** Fields that Git does not name keep what somebody else wrote: `flux suspend` survives its parent's apply. */
const serverSideApply = (object: KubeObject, working: Working): void => {
  const live = working.objects.get(keyOf(object));
  if (live?.metadata.annotations?.[RECONCILE] === "disabled") return;
  if (live === undefined || !["Kustomization", "GitRepository"].includes(object.kind)) {
    working.objects.set(keyOf(object), object);
    return;
  }
  const suspend = specOf(object)["suspend"] ?? specOf(live)["suspend"];
  working.objects.set(keyOf(object), {
    ...object,
    spec: { ...specOf(object), ...(suspend === undefined ? {} : { suspend }) },
  });
};

/** helm-controller's part: what the chart ships follows its values. */
const install = (release: KubeObject, working: Working): void => {
  const at = shippedKey(release);
  const policy = shippedPolicy(release);
  if (at === null) return;
  if (policy === null) working.objects.delete(at);
  else working.objects.set(at, policy);
};

/** A pruned Kustomization takes what it applied with it, unless it is suspended or does not prune. */
const remove = (gone: string, working: Working): void => {
  const object = working.objects.get(gone);
  const notes = object?.metadata.annotations;
  if (object === undefined || notes?.[PRUNE] === "disabled" || notes?.[RECONCILE] === "disabled") return;
  working.objects.delete(gone);
  const shipped = isHelmRelease(object) ? shippedKey(object) : null;
  if (shipped !== null) working.objects.delete(shipped);
  if (!isFluxKustomization(object)) return;
  const id = idOf(object);
  const state = working.kustomizations.get(id);
  working.kustomizations.delete(id);
  working.born.delete(id);
  if (specOf(object)["prune"] !== true || specOf(object)["suspend"] === true) return;
  for (const child of state?.inventory ?? []) remove(child, working);
};

/** `Kind/namespace/name` as a person types it after `flux suspend`. */
export const fluxObjectKey = (name: string): string => {
  const [kind = "", namespace = "", rest = ""] = name.split("/");
  const group = kind === "GitRepository" ? "source.toolkit.fluxcd.io/v1" : FLUX;
  return key(group, kind, namespace, rest);
};

export const isFlux = (object: KubeObject): boolean => groupOf(object.apiVersion).endsWith("toolkit.fluxcd.io");
