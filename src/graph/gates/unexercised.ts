import { iso } from "../../facts/clock.ts";
import { targetName } from "../../facts/declared.ts";
import { unexercised as judgeUnexercised } from "../../replay/synthetic.ts";
import type { Exercise, Unplaced } from "../../replay/synthetic.ts";
import { candidateOf } from "../facts/candidate.ts";
import { explanationOf } from "../facts/decided.ts";
import { unseenStarts } from "../facts/starts.ts";
import { policyView } from "../facts/views.ts";
import type { GateFacts } from "../gate.ts";
import { gate, passes, refuses, some } from "./kit.ts";

const origin = (e: Exercise): string => {
  const at = e.flow.declared?.origin;
  return at === undefined ? e.flow.reason : `${e.flow.reason}, ${at.file}:${at.line}`;
};

export const exerciseName = ({ flow }: Exercise): string =>
  `${flow.source.id} -> ${flow.destination.id} ${flow.port}/${flow.protocol}`;

export const unplacedName = (u: Unplaced): string => {
  const { source, port, protocol } = u.declared;
  return `${source.namespace}/${source.kind}/${source.workload} -> ${targetName(u.declared)} ${port}/${protocol}`;
};

const unexplained = (facts: GateFacts, edge: string): boolean => explanationOf(facts, edge) === null;

/** What nobody did during the soak still has to work on the day it happens: a login, a renewal, a restore. */
export const unexercised = gate(
  "unexercised",
  {
    title: "what is configured but was never seen would be allowed too",
    lessons: [7, 33],
    depth: "full",
    needs: ["request", "inventory", "live", "evidence", "decisions", "cluster", "settings"],
  },
  (facts) => {
    const candidate = candidateOf(facts);
    const view = policyView(facts);
    if (candidate === null || view === null)
      return refuses(
        "what is configured to talk cannot be told: it does not build",
        "Make the repository build first.",
      );
    const { exercises, unplaced } = judgeUnexercised({
      inventory: view.after,
      edges: facts.evidence.known ? facts.evidence.value.edges : [],
      policies: candidate.documents,
      settings: facts.settings,
      facts: facts.cluster,
      namespace: facts.request.namespace,
    });
    const dropped = exercises.filter((e) => e.verdict === "dropped");
    if (dropped.length > 0)
      return refuses(
        `configured but never allowed: ${some(
          dropped.map((e) => `${exerciseName(e)} (${origin(e)}): ${e.why}`),
          3,
        )}`,
        "Allow it at the end that drops it, on the port the pod really listens on.",
        { lesson: 7 },
      );
    const open = [
      ...exercises
        .filter((e) => e.verdict === "unknown")
        .map((e) => ({ edge: exerciseName(e), why: `${e.why} (${origin(e)})` })),
      ...unplaced.map((u) => ({ edge: unplacedName(u), why: `${u.why}; it would help to know ${u.wouldHelp}` })),
    ].filter(({ edge }) => unexplained(facts, edge));
    if (open.length > 0)
      return refuses(
        `configured, and nobody can tell whether it would pass: ${some(
          open.map(({ edge, why }) => `${edge}: ${why}`),
          3,
        )}`,
        "Make known where it goes, or have a person explain it in network-operator.decisions.yaml with an expiry.",
        { lesson: 7 },
      );
    const never = exercises.filter((e) => e.seen === null);
    return passes(
      ...new Set(never.map((e) => `Never seen: ${exerciseName(e)} (${origin(e)}). To see it: ${e.exercise}.`)),
      ...unseenStarts(facts, view.after).map(
        (s) => `No start of ${s.workload} was seen since ${iso(s.since)}. To see one: ${s.exercise}.`,
      ),
    );
  },
);
