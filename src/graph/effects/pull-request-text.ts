import { replay } from "../../replay/replay.ts";
import { unexercised } from "../../replay/synthetic.ts";
import { pullRequestText as textOf } from "../../rollout/pull-request/body.ts";
import type { Cleared } from "../clearance.ts";
import { candidateOf } from "../facts/candidate.ts";
import { policyView } from "../facts/views.ts";
import type { PullRequestText } from "../ports.ts";

/** What a pull request says: worked out from the facts that the door judged, so that text and bytes cannot part ways. */
export const pullRequestText = ({ changeset, facts }: Cleared): PullRequestText => {
  const candidate = candidateOf(facts);
  const view = policyView(facts);
  const { namespace, edits } = facts.request;
  const edges = facts.evidence.known ? facts.evidence.value.edges : [];
  const judged =
    candidate === null || view === null
      ? null
      : {
          replay: replay({
            edges,
            policies: candidate.documents,
            settings: facts.settings,
            inventory: view.after,
            namespace,
            with: { defaultDenyFor: candidate.defaultDenyFor },
          }),
          unexercised: unexercised({
            inventory: view.after,
            edges,
            policies: candidate.documents,
            settings: facts.settings,
            facts: facts.cluster,
            namespace,
          }),
        };
  return textOf({
    changeset,
    stood: (path) => facts.tree.before.mode(path) !== null,
    draft: facts.draft,
    inventory: view?.after ?? null,
    replay: judged?.replay ?? null,
    unexercised: judged?.unexercised ?? null,
    coverage: facts.evidence.known ? facts.evidence.value.coverage : null,
    suspensionFrom: facts.live.known ? "cluster" : "git",
    rollback: facts.rehearsal.known ? facts.rehearsal.value.steps : null,
    edited: edits.map((edit) => edit.path),
  });
};
