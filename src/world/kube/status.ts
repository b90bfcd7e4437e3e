import { iso } from "../../facts/clock.ts";
import { policyId } from "../../facts/policy.ts";
import { revisionOf, type ClusterState } from "../cluster/flux.ts";
import {
  groupOf,
  isFluxKustomization,
  isGitRepository,
  isPolicy,
  namespaceOfObject,
  type KubeObject,
} from "../cluster/objects.ts";
import { deciderOf } from "../traffic/decide.ts";

interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
}

const condition = (type: string, holds: boolean, reason: string, message: string, time: number): Condition => ({
  type,
  status: holds ? "True" : "False",
  reason,
  message,
  lastTransitionTime: iso(time),
});

/** What the controllers say of an object: the operator of a policy, Flux of its own; null for everything else. */
export const statusOf = (object: KubeObject, state: ClusterState): Readonly<Record<string, unknown>> | null => {
  if (isFluxKustomization(object)) return kustomizationStatus(object, state);
  if (isGitRepository(object)) return sourceStatus(state);
  if (isPolicy(object) && groupOf(object.apiVersion) === "cilium.io") return policyStatus(object, state);
  return null;
};

/** The operator runs the agent's own checks and says so in `Valid` (C A.1.4). */
const policyStatus = (object: KubeObject, state: ClusterState): Readonly<Record<string, unknown>> => {
  const id = `${object.kind}/${namespaceOfObject(object) ?? "-"}/${object.metadata.name}`;
  const invalid = deciderOf(state).set.invalid.find((p) => policyId(p.ref) === id);
  const message =
    invalid === undefined ? "Policy validation succeeded" : (invalid.problems[0]?.message ?? "invalid policy");
  return { conditions: [condition("Valid", invalid === undefined, "", message, state.from)] };
};

const kustomizationStatus = (object: KubeObject, state: ClusterState): Readonly<Record<string, unknown>> | null => {
  const said = state.kustomizations.get(`${namespaceOfObject(object) ?? "default"}/${object.metadata.name}`);
  if (said === undefined) return { observedGeneration: -1 };
  const id = `${namespaceOfObject(object) ?? "default"}/${object.metadata.name}`;
  const busy = state.inFlight !== null && !state.inFlight.asleep.has(id);
  const progressing = condition("Reconciling", true, "Progressing", "Reconciliation in progress", state.from);
  return {
    conditions: [...(busy ? [progressing] : []), condition("Ready", said.ready, said.reason, said.message, said.time)],
    observedGeneration: 1,
    lastAttemptedRevision: revisionOf(said.attempted),
    ...(said.applied === null ? {} : { lastAppliedRevision: revisionOf(said.applied) }),
    inventory: { entries: said.inventory.map(inventoryEntry) },
  };
};

/** `namespace_name_group_Kind`, as kustomize-controller writes them. */
const inventoryEntry = (key: string): { id: string; v: string } => {
  const [group = "", kind = "", namespace = "", name = ""] = key.split("/").map((part) => (part === "-" ? "" : part));
  return { id: `${namespace}_${name}_${group}_${kind}`, v: "v1" };
};

const sourceStatus = ({ source }: ClusterState): Readonly<Record<string, unknown>> | null => {
  if (source === null) return null;
  const revision = revisionOf(source.commit);
  return {
    artifact: {
      revision,
      lastUpdateTime: iso(source.fetchedAt),
      path: `gitrepository/flux-system/flux-system/${source.commit}.tar.gz`,
    },
    conditions: [
      condition("Ready", true, "Succeeded", `stored artifact for revision '${revision}'`, source.fetchedAt),
      condition("ArtifactInStorage", true, "Succeeded", `stored artifact for revision '${revision}'`, source.fetchedAt),
    ],
    observedGeneration: 1,
  };
};
