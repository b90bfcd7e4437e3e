import { DAY, iso } from "../../facts/clock.ts";
import type { Edge } from "../../facts/edge.ts";
import type { Inventory } from "../../facts/inventory.ts";
import type { Stage } from "../../facts/rollout.ts";
import { replay as replayFlows } from "../../replay/replay.ts";
import type { JudgedEdge, Replay } from "../../replay/replay.ts";
import type { EvidenceFacts, GateFacts } from "../gate.ts";
import { candidateOf } from "../facts/candidate.ts";
import type { Candidate } from "../facts/candidate.ts";
import { policyView } from "../facts/views.ts";
import { worsened } from "../facts/worsened.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";
import type { Word } from "./kit.ts";

/** Of a day, because a collector's first and last minutes are never whole. */
const ENOUGH = 0.95;
const OUTSIDE_THE_CAMPAIGN: readonly Stage[] = ["carved-out", "out-of-scope", "suspended"];

export const edgeName = (edge: Pick<Edge, "source" | "destination" | "port" | "protocol">): string =>
  `${edge.source.id} -> ${edge.destination.id} ${edge.port}/${edge.protocol}`;

const listed = (edges: readonly JudgedEdge[]): string =>
  some(
    edges.map((j) => `${edgeName(j.edge)}: ${j.why}`),
    3,
  );

/** Before allows are drafted from it, at least a day has to have been seen; a namespace without pods has nothing to show. */
const tooLittle = (evidence: EvidenceFacts, now: number): Word | null => {
  const { coverage } = evidence;
  if (coverage.vacuous) return null;
  const minutes = coverage.nodes.map((n) => n.coveredMinutes);
  const least = minutes.length === 0 ? 0 : Math.min(...minutes);
  const needed = (DAY / 60_000) * ENOUGH;
  if (least >= needed) return null;
  const until = coverage.nodes.length === 0 ? null : now + Math.ceil(needed - least) * 60_000;
  return refuses(
    `only ${Math.floor(least / 60)} h of evidence since ${iso(coverage.from)}; 24 h are needed before anything is drafted from it`,
    "Keep the collector running (network-operator flows collect) until a whole day was seen.",
    { lesson: 5, waitingFor: { what: "soak", detail: "24 h of evidence", until } },
  );
};

const run = (facts: GateFacts, candidate: Candidate, inventory: Inventory, edges: readonly Edge[]): Replay =>
  replayFlows({
    edges,
    policies: candidate.documents,
    settings: facts.settings,
    inventory,
    namespace: facts.request.lane === "propose-repair" ? null : facts.request.namespace,
    with: { defaultDenyFor: candidate.defaultDenyFor },
    live:
      facts.live.known && facts.soak.known
        ? { policies: candidate.standing, since: facts.soak.value.coverage.from }
        : null,
  });

/** A repair may leave standing what was dropped before; it must not make any edge worse. */
const madeWorse = (
  facts: GateFacts,
  candidate: Candidate,
  inventory: Inventory,
  after: Replay,
): readonly JudgedEdge[] => {
  const bad = after.edges.filter((j) => j.verdict !== "allowed").map((j) => j.edge);
  return bad.length === 0
    ? []
    : worsened(run(facts, { ...candidate, documents: candidate.standing }, inventory, bad), after);
};

/** What would break if every later namespace were locked too: shown, never blocking. */
const forecast = (
  facts: GateFacts,
  candidate: Candidate,
  inventory: Inventory,
  edges: readonly Edge[],
): readonly string[] => {
  const outside = new Set(
    facts.standings.known
      ? facts.standings.value.filter((s) => OUTSIDE_THE_CAMPAIGN.includes(s.stage)).map((s) => s.name)
      : [],
  );
  const all = inventory.namespaces.map((ns) => ns.name).filter((name) => !outside.has(name));
  const later = replayFlows({
    edges,
    policies: candidate.documents,
    settings: facts.settings,
    inventory,
    namespace: facts.request.namespace,
    with: { defaultDenyFor: [...candidate.defaultDenyFor, ...all] },
  });
  const dropped = later.edges.filter((j) => j.verdict !== "allowed");
  if (dropped.length === 0) return [];
  return [
    `Forecast, with all later namespaces locked too: ${dropped.length} edges would need their other end (${some(
      dropped.map((j) => edgeName(j.edge)),
      3,
    )}).`,
  ];
};

const verdict = (facts: GateFacts, result: Replay): Word | null => {
  const disputed = result.edges.filter((j) => j.disagreement !== null);
  if (disputed.length > 0)
    return refuses(
      `Cilium's word and ours differ: ${some(
        disputed.map((j) => `${edgeName(j.edge)}: ${j.disagreement ?? ""}`),
        3,
      )}`,
      "Let a person look at both; nothing is locked over a disagreement.",
    );
  const dropped = result.edges.filter((j) => j.verdict === "dropped");
  if (dropped.length > 0) {
    const other = dropped.filter((j) => j.egress.verdict !== "dropped" || j.ingress.verdict !== "dropped");
    return refuses(
      `${dropped.length} recorded ${dropped.length === 1 ? "edge" : "edges"} would be dropped: ${listed(dropped)}`,
      other.length > 0
        ? "Add the missing allow at the end that drops it; where that end lies in another namespace, propose-repair opens it first."
        : "Add the missing allows at both ends.",
      { lesson: other.length > 0 ? 19 : 6 },
    );
  }
  const unknown = result.edges.filter((j) => j.verdict === "unknown");
  if (unknown.length > 0)
    return refuses(
      `${unknown.length} recorded ${unknown.length === 1 ? "edge" : "edges"} cannot be judged: ${listed(unknown)}`,
      "Write the allow so that it can be told to match, or make known what is missing.",
    );
  const paper = facts.request.lane === "propose-default-deny" ? result.edges.filter((j) => j.onPaper) : [];
  if (paper.length > 0)
    return refuses(
      `${paper.length} edges are allowed on paper only, by a DNS name that no recorded flow proves: ${listed(paper)}`,
      "Let the toFQDNs rule be live while the connection happens, or allow world on that port with a comment.",
      { lesson: 12 },
    );
  return null;
};

export const replay = gate(
  "replay",
  {
    title: "no recorded flow would be dropped, at either end, in any position",
    lessons: [6, 10, 19, 36],
    depth: "full",
    needs: ["request", "inventory", "live", "evidence", "settings", "soak"],
  },
  (facts) => {
    const candidate = candidateOf(facts);
    const view = policyView(facts);
    if (candidate === null || view === null)
      return refuses(
        "what the change would drop cannot be told: it does not build",
        "Make the repository build first.",
      );
    if (!facts.evidence.known) return refusesUnknown("What talks to what", facts.evidence);
    const evidence = facts.evidence.value;
    const repair = facts.request.lane === "propose-repair";
    const short = repair ? null : tooLittle(evidence, facts.now);
    if (short !== null) return short;
    const result = run(facts, candidate, view.after, evidence.edges);
    if (repair) {
      const worse = madeWorse(facts, candidate, view.after, result);
      if (worse.length === 0) return passes(`${result.edges.length} edges replayed, none is worse off.`);
      return refuses(
        `the repair would drop what passes today: ${listed(worse)}`,
        "Add to what stands, take nothing away.",
      );
    }
    const wrong = verdict(facts, result);
    if (wrong !== null) return wrong;
    const gone =
      result.vanished.length === 0
        ? []
        : [`Not judged, their workload is gone: ${some(result.vanished.map((v) => v.end))}.`];
    return passes(
      `${result.edges.length} recorded edges replayed under default-deny: all allowed.`,
      ...gone,
      ...forecast(facts, candidate, view.after, evidence.edges),
    );
  },
);
