import type { PolicySet } from "../cilium/policy-set.ts";
import type { NeededElsewhere } from "../facts/draft.ts";
import type { WorkloadFact } from "../facts/inventory.ts";
import type { RuleRef } from "../facts/policy.ts";
import type { Peer } from "../facts/verdict.ts";
import type { Faces } from "./faces.ts";
import type { Need } from "./need.ts";

/** Whether a need holds under a policy set, in every position, and by which rules. */
export const holds = (
  need: Need,
  set: PolicySet,
  faces: Faces,
): { readonly allowed: boolean; readonly by: readonly RuleRef[] } => {
  const subject = { labels: faces.identity(need.subject) };
  const { direction, protocol, port } = need;
  const verdicts = need.faces.map((peer) => set.judge({ direction, subject, peer, protocol, port }));
  return { allowed: verdicts.every((v) => v.verdict === "allowed"), by: verdicts.flatMap((v) => v.by) };
};

const describe = (need: Need): string => {
  const { peer, subject } = need;
  const far = peer.kind === "pods" ? (peer.workload?.name ?? Object.values(peer.labels)[0] ?? "pods") : "";
  const own = `${subject.namespace}/${subject.name}`;
  return need.direction === "egress"
    ? `ingress of ${far} from ${own}, ${need.protocol} ${need.port}`
    : `egress of ${far} to ${own}, ${need.protocol} ${need.port}`;
};

/** Other ends that do not allow it as things stand: both ends must (lesson 19). */
export const elsewhere = (
  needs: readonly Need[],
  live: PolicySet,
  faces: Faces,
  namespace: string,
): readonly NeededElsewhere[] => {
  const found = new Map<string, NeededElsewhere>();
  for (const need of needs) {
    const { peer } = need;
    if (peer.kind !== "pods" || peer.namespace === namespace || peer.workload?.hostNetwork === true) continue;
    const pods: Pick<WorkloadFact, "namespace" | "podLabels" | "serviceAccount"> = peer.workload ?? {
      namespace: peer.namespace,
      podLabels: peer.labels,
      serviceAccount: null,
    };
    const me: Peer = { labels: faces.identity(need.subject) };
    const { verdict } = live.judge({
      direction: need.direction === "egress" ? "ingress" : "egress",
      subject: { labels: faces.identity(pods) },
      peer: me,
      protocol: need.protocol,
      port: need.port,
    });
    if (verdict === "allowed") continue;
    const summary = describe(need);
    found.set(`${peer.namespace} ${summary}`, { namespace: peer.namespace, summary });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, e]) => e);
};
