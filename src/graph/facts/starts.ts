import type { Inventory, WorkloadFact } from "../../facts/inventory.ts";
import type { GateFacts } from "../gate.ts";

/** A workload of which no pod was seen to start: what it does only then is in no quiet soak (lesson 33). */
export interface UnseenStart {
  readonly workload: string;
  /** The beginning of what was looked at, milliseconds since the epoch. */
  readonly since: number;
  /** The command that starts it. */
  readonly exercise: string;
}

const restart = (w: WorkloadFact): string => {
  const kind = w.kind.toLowerCase();
  if (kind === "cronjob") return `kubectl create job -n ${w.namespace} --from=cronjob/${w.name} ${w.name}-once`;
  if (kind === "deployment" || kind === "statefulset" || kind === "daemonset")
    return `kubectl rollout restart -n ${w.namespace} ${kind}/${w.name}`;
  return `restart a pod of ${w.namespace}/${w.name}`;
};

export const unseenStarts = (facts: GateFacts, inventory: Inventory): readonly UnseenStart[] => {
  if (!facts.evidence.known) return [];
  const { starts, coverage } = facts.evidence.value;
  const since = facts.soak.known ? facts.soak.value.coverage.from : coverage.from;
  const { namespace } = facts.request;
  const started = new Set(
    starts.filter((s) => s.namespace === namespace && s.firstSeen >= since).map((s) => s.workload),
  );
  return inventory.workloads
    .filter((w) => w.namespace === namespace && !w.suspended && !w.hostNetwork && !started.has(w.name))
    .map((w) => ({ workload: `${w.kind}/${w.name}`, since, exercise: restart(w) }));
};
