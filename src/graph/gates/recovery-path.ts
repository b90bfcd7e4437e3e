import type { PolicyDocument } from "../../facts/policy.ts";
import type { Verdict } from "../../facts/verdict.ts";
import { court, worse } from "../../replay/court.ts";
import type { Court } from "../../replay/court.ts";
import { candidateOf } from "../facts/candidate.ts";
import { explanationOf } from "../facts/decided.ts";
import { recoveryEdges } from "../facts/recovery.ts";
import type { RecoveryEdge } from "../facts/recovery.ts";
import { policyView } from "../facts/views.ts";
import { gate, passes, refuses, some } from "./kit.ts";

interface Judged {
  readonly edge: RecoveryEdge;
  readonly name: string;
  readonly verdict: Verdict;
}

const judgeEdge = (bench: Court, edge: RecoveryEdge): Judged => {
  const verdicts = edge.ways.map(({ protocol, port }) => {
    const { egress, ingress } = bench.connection(edge.source, edge.destination, protocol, port);
    return worse(egress.verdict, ingress.verdict);
  });
  // One open way is enough.
  const verdict = verdicts.includes("allowed") ? "allowed" : verdicts.includes("unknown") ? "unknown" : "dropped";
  const ways = edge.ways.map((w) => `${w.port}/${w.protocol}`).join(" or ");
  return { edge, verdict, name: `${edge.source.id} -> ${edge.destination.id} ${ways}` };
};

/** Connections that the change makes worse: cut where they passed or might have, unknowable where they passed. */
const onlyCut = (judged: readonly Judged[], before: Court): readonly Judged[] =>
  judged.filter(({ edge, verdict }) => {
    if (verdict === "allowed") return true;
    const was = judgeEdge(before, edge).verdict;
    return worse(was, verdict) !== was;
  });

const told = (judged: readonly Judged[]): string => some(judged.map((j) => `${j.edge.what}: ${j.name}`));

export const recoveryPath = gate(
  "recovery-path",
  {
    title: "DNS, GitOps, webhooks, gateway, tunnel, logins and secrets stay open",
    lessons: [27, 34],
    depth: "full",
    needs: ["request", "inventory", "live", "cluster", "settings", "decisions"],
  },
  (facts) => {
    const candidate = candidateOf(facts);
    const view = policyView(facts);
    if (candidate === null || view === null)
      return refuses(
        "whether the way back stays open cannot be told: it does not build",
        "Make the repository build first.",
      );
    const under = (policies: readonly PolicyDocument[]): Court =>
      court({
        policies,
        settings: facts.settings,
        inventory: view.after,
        edges: facts.evidence.known ? facts.evidence.value.edges : [],
        defaultDenyFor: candidate.defaultDenyFor,
      });
    const bench = under(candidate.documents);
    // A fleet repair is everybody's.
    const namespaces =
      facts.changeset.kind === "fleet-repair" ? view.after.namespaces.map((ns) => ns.name) : [facts.request.namespace];
    const edges = namespaces.flatMap((namespace) =>
      recoveryEdges({ inventory: view.after, facts: facts.cluster, namespace, who: bench.cast }),
    );
    const all = edges.map((edge) => judgeEdge(bench, edge));
    // A repair has to be possible where the recovery path is cut already: it answers for what it cuts itself.
    const judged = facts.request.lane === "propose-repair" ? onlyCut(all, under(candidate.standing)) : all;
    const dropped = judged.filter((j) => j.verdict === "dropped");
    if (dropped.length > 0)
      return refuses(
        `what a cluster is mended by would be dropped: ${told(dropped)}`,
        "Allow it first, on the port the pod listens on, from every place it can come from.",
        { lesson: dropped[0]?.edge.lesson ?? 27 },
      );
    const unknown = judged.filter((j) => j.verdict === "unknown" && explanationOf(facts, j.name) === null);
    if (unknown.length > 0)
      return refuses(
        `nobody can tell whether it would still pass: ${told(unknown)}`,
        "Write the allow so that it can be judged, or have a person explain the edge in network-operator.decisions.yaml.",
        { lesson: unknown[0]?.edge.lesson ?? 27 },
      );
    return passes(`${judged.length} connections of the recovery path judged, all open.`);
  },
);
