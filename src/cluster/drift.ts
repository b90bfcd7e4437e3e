import { isDeepStrictEqual } from "node:util";
import type { Inventory } from "../facts/inventory.ts";
import { policyId, type Origin } from "../facts/policy.ts";
import type { LiveKustomization, LivePod, LivePolicy, LiveService } from "../facts/ports.ts";

/** One thing that Git and the cluster say differently. */
export interface Drift {
  readonly kind:
    | "policy-not-live"
    | "policy-not-in-git"
    | "policy-differs"
    | "policy-invalid"
    | "suspended-live"
    | "kustomization-not-live"
    | "kustomization-failing"
    | "pods-unknown"
    | "labels-differ"
    | "service-differs";
  readonly namespace: string | null;
  readonly what: string;
  readonly origin: Origin | null;
}

interface Live {
  readonly pods: readonly LivePod[];
  readonly services: readonly LiveService[];
  readonly policies: readonly LivePolicy[];
  readonly kustomizations: readonly LiveKustomization[];
}

const specsOf = (object: unknown): unknown => {
  const value = typeof object === "object" && object !== null ? (object as Readonly<Record<string, unknown>>) : {};
  return [value["spec"] ?? null, value["specs"] ?? null];
};

const policyDrift = (inventory: Inventory, live: Live): readonly Drift[] => {
  const written = new Map(inventory.policies.map((p) => [policyId(p.ref), p]));
  const there = new Map(live.policies.map((p) => [policyId(p.ref), p]));
  const found: Drift[] = [];
  for (const [id, policy] of written) {
    const { namespace, kind, name } = policy.ref;
    const here = there.get(id);
    const at = { namespace, origin: policy.origin };
    if (here === undefined)
      found.push({ ...at, kind: "policy-not-live", what: `${kind} ${name} stands in Git and not in the cluster` });
    // A variable that Flux fills in differs by necessity.
    else if (
      !JSON.stringify(specsOf(policy.object)).includes("${") &&
      !isDeepStrictEqual(specsOf(policy.object), specsOf(here.object))
    )
      found.push({
        ...at,
        kind: "policy-differs",
        what: `${kind} ${name} says something else in the cluster than in Git`,
      });
  }
  for (const [id, policy] of there) {
    const { namespace, kind, name } = policy.ref;
    const origin = written.get(id)?.origin ?? null;
    if (!written.has(id))
      found.push({
        namespace,
        origin,
        kind: "policy-not-in-git",
        what: `${kind} ${name} stands in the cluster and not in Git`,
      });
    if (policy.valid === false)
      found.push({
        namespace,
        origin,
        kind: "policy-invalid",
        what: `Cilium ignores ${kind} ${name}: ${policy.message ?? "it is invalid"}`,
      });
  }
  return found;
};

const kustomizationDrift = (inventory: Inventory, live: Live): readonly Drift[] => {
  const there = new Map(live.kustomizations.map((k) => [k.id, k]));
  if (there.size === 0) return [];
  return inventory.kustomizations.flatMap((written): readonly Drift[] => {
    const here = there.get(written.id);
    const at = { namespace: written.targetNamespace ?? written.namespace, origin: written.origin };
    // What hangs under something suspended has not been applied yet, as Git says itself.
    if (here === undefined && written.suspended) return [];
    if (here === undefined)
      return [
        {
          ...at,
          kind: "kustomization-not-live",
          what: `the Kustomization ${written.id} stands in Git and not in the cluster`,
        },
      ];
    const found: Drift[] = [];
    if (here.suspended && written.suspendedHere !== true)
      found.push({
        ...at,
        kind: "suspended-live",
        what: `the Kustomization ${written.id} is suspended in the cluster, and Git does not say so`,
      });
    if (here.ready === false)
      found.push({
        ...at,
        kind: "kustomization-failing",
        what: `the Kustomization ${written.id} is not ready: ${here.message ?? "no reason given"}`,
      });
    return found;
  });
};

const carries = (wanted: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

/** One line per workload, not per pod. */
const podDrift = (inventory: Inventory, live: Live): readonly Drift[] => {
  const groups = Map.groupBy(
    live.pods,
    (pod) => `${pod.namespace}/${pod.workload?.kind ?? "Pod"}/${pod.workload?.name ?? pod.name}`,
  );
  const found: Drift[] = [];
  for (const [id, pods] of groups) {
    const [pod] = pods;
    if (pod === undefined) continue;
    const inNamespace = inventory.workloads.filter((w) => w.namespace === pod.namespace);
    if (inNamespace.some((w) => Object.keys(w.podLabels).length > 0 && carries(w.podLabels, pod.labels))) continue;
    const named = inNamespace.find((w) => w.name === pod.workload?.name);
    // What a chart was thought to make is our belief, not Git's word.
    if (named !== undefined && named.sure !== "certain") continue;
    found.push({
      kind: named === undefined ? "pods-unknown" : "labels-differ",
      namespace: pod.namespace,
      what:
        named === undefined
          ? `the pods of ${id} run in the cluster, and Git does not say why`
          : `the pods of ${id} do not carry the labels that Git gives them`,
      origin: named?.origin ?? null,
    });
  }
  return found;
};

const serviceDrift = (inventory: Inventory, live: Live): readonly Drift[] => {
  const there = new Map(live.services.map((s) => [`${s.namespace}/${s.name}`, s]));
  return inventory.services.flatMap((written): readonly Drift[] => {
    const here = there.get(`${written.namespace}/${written.name}`);
    if (here === undefined || written.sure !== "certain") return [];
    const missing = written.ports.filter(
      (p) => !here.ports.some((l) => l.port === p.port && l.protocol === p.protocol),
    );
    return missing.length === 0
      ? []
      : [
          {
            kind: "service-differs",
            namespace: written.namespace,
            what: `the Service ${written.name} has no port ${missing.map((p) => p.port).join(", ")} in the cluster`,
            origin: written.origin,
          },
        ];
  });
};

/** What differs between the repository and the cluster; the cluster is what policy acts on. Pure. */
export const drift = (inventory: Inventory, live: Live): readonly Drift[] => [
  ...policyDrift(inventory, live),
  ...kustomizationDrift(inventory, live),
  ...podDrift(inventory, live),
  ...serviceDrift(inventory, live),
];
