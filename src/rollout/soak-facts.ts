import { DAY } from "../facts/clock.ts";
import type { Edge, EdgeEnd } from "../facts/edge.ts";
import type { WorkloadStart } from "../facts/coverage.ts";
import type { EvidenceReader, ForgeReader, LivePod, LivePolicy, PullRequest } from "../facts/ports.ts";
import { policyId } from "../facts/policy.ts";
import type { Coverage } from "../facts/coverage.ts";
import { dig, list, nonEmpty } from "../facts/json.ts";
import type { NamedPolicy } from "./policy-documents.ts";

/** What the soak's clock is worked out from; `soak.ts` turns it into minutes. */
export interface SoakFacts {
  /** How long the namespace has to soak, in milliseconds, and the phase that says so. */
  readonly window: number;
  readonly phase: string;
  /** What started the clock anew: the allows went live, a policy that selects its pods changed. */
  readonly resets: readonly { readonly at: number; readonly why: string }[];
  /** Nodes that host the namespace's pods now or hosted them in the window. */
  readonly nodes: readonly string[];
  /** From the last reset to now, over those nodes. */
  readonly coverage: Coverage;
  /** Workloads first seen inside the last 24 h, by name. */
  readonly newWorkloads: readonly { readonly workload: string; readonly firstSeen: number }[];
}

export type Reset = SoakFacts["resets"][number];

const timeOf = (value: unknown): number | null => {
  const written = nonEmpty(value);
  const time = written === null ? Number.NaN : Date.parse(written);
  return Number.isNaN(time) ? null : time;
};

/** When the API server last saw a policy change, from what it and Flux wrote into it. */
const touchedAt = (policy: LivePolicy): number | null => {
  const created = timeOf(dig(policy.object, "metadata", "creationTimestamp"));
  const managed = list(dig(policy.object, "metadata", "managedFields"))
    // A status written by the operator is no change of what the policy says.
    .filter((entry) => dig(entry, "subresource") === undefined)
    .map((entry) => timeOf(dig(entry, "time")));
  const times = [created, ...managed].filter((time) => time !== null);
  return times.length === 0 ? null : Math.max(...times);
};

/** Changes of the policies over a namespace: in Git by their files' commits, in the cluster by the API server's word. */
export const resetsOf = async (options: {
  readonly policies: readonly NamedPolicy[];
  readonly live: readonly LivePolicy[];
  readonly merged: PullRequest | null;
  readonly releasedAt: number | null;
  readonly history: ForgeReader["history"];
}): Promise<readonly Reset[]> => {
  const { policies, live, merged, releasedAt, history } = options;
  const resets: Reset[] = [];
  if (merged?.mergedAt !== null && merged !== null)
    resets.push({ at: merged.mergedAt, why: `pull request #${merged.number} with the allows was merged` });
  if (releasedAt !== null) resets.push({ at: releasedAt, why: "the turn was released after a rollback" });
  const files = [...new Set(policies.map((p) => p.document.origin?.file).filter((file) => file !== undefined))];
  for (const file of files) {
    const [last] = await history(file);
    if (last !== undefined) resets.push({ at: last.time, why: `${file} changed` });
  }
  const wanted = new Set(policies.map((p) => policyId(p.ref)));
  for (const policy of live) {
    const at = wanted.has(policyId(policy.ref)) ? touchedAt(policy) : null;
    if (at !== null)
      resets.push({ at, why: `${policy.ref.namespace ?? "clusterwide"}/${policy.ref.name} was applied` });
  }
  return resets;
};

/** Nodes on which the namespace's pods run, or ran in the window: nobody else's silence counts. */
export const nodesOf = (
  namespace: string,
  pods: readonly LivePod[],
  starts: readonly WorkloadStart[],
): readonly string[] => [
  ...new Set([
    ...pods.filter((p) => p.namespace === namespace && !p.hostNetwork).map((p) => p.node),
    ...starts.filter((s) => s.namespace === namespace).map((s) => s.node),
  ]),
];

const seenSince = (namespace: string, name: string, edges: readonly Edge[]): readonly number[] => {
  const is = (end: EdgeEnd): boolean => end.namespace === namespace && end.workload?.name === name;
  return edges.filter((e) => is(e.source) || is(e.destination)).map((e) => e.firstSeen);
};

/** A workload that nobody had seen a day ago; a new image of an old one is none. */
export const newWorkloads = (options: {
  readonly namespace: string;
  readonly now: number;
  readonly pods: readonly LivePod[];
  readonly edges: readonly Edge[];
  readonly starts: readonly WorkloadStart[];
}): SoakFacts["newWorkloads"] => {
  const { namespace, now, pods, edges, starts } = options;
  const names = new Set(
    pods.filter((p) => p.namespace === namespace && !p.hostNetwork).map((p) => p.workload?.name ?? p.name),
  );
  const found: { workload: string; firstSeen: number }[] = [];
  for (const name of names) {
    const times = [
      ...pods
        .filter((p) => p.namespace === namespace && (p.workload?.name ?? p.name) === name)
        .map((p) => p.startedAt)
        .filter((time) => time !== null),
      ...seenSince(namespace, name, edges),
      ...starts.filter((s) => s.namespace === namespace && s.workload === name).map((s) => s.firstSeen),
    ];
    const firstSeen = times.length === 0 ? now : Math.min(...times);
    if (firstSeen > now - DAY) found.push({ workload: name, firstSeen });
  }
  return found;
};

export const readSoak = async (options: {
  readonly namespace: string;
  readonly now: number;
  readonly window: number;
  readonly phase: string;
  readonly resets: readonly Reset[];
  readonly pods: readonly LivePod[];
  readonly evidence: EvidenceReader;
  /** Workloads that came back lately. */
  readonly returned: SoakFacts["newWorkloads"];
}): Promise<SoakFacts> => {
  const { namespace, now, window, phase, resets, pods, evidence, returned } = options;
  const from = Math.min(now, Math.max(0, ...resets.map((r) => r.at)));
  const starts = await evidence.starts({ namespace, from, to: now });
  const nodes = nodesOf(namespace, pods, starts);
  const coverage = await evidence.coverage({ namespace, nodes, from, to: now });
  const edges = await evidence.edges({ namespace });
  const fresh = newWorkloads({ namespace, now, pods, edges, starts });
  return { window, phase, resets, nodes, coverage, newWorkloads: [...fresh, ...returned] };
};
