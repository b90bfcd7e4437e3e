import { policyId } from "../../facts/policy.ts";
import { turnedBy } from "../../rollout/locks.ts";
import type { Turned } from "../../rollout/locks.ts";
import { policyChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { onlyTurnsDefaultDeny } from "../../rollout/policy-effects.ts";
import { policyView } from "../facts/views.ts";
import { gate, passes, refuses, some } from "./kit.ts";

const rulesOf = (turned: readonly Turned[]): string =>
  some(turned.flatMap((t) => t.by.map((ref) => `${policyId(ref.policy)} ${ref.rule}`)));

/** Judged by effect, not by file name: what counts is whom the rendered objects lock (lesson 31). */
export const allowsFirst = gate(
  "allows-first",
  {
    title: "default-deny travels alone, and allows lock nobody",
    lessons: [4, 31],
    depth: "full",
    needs: ["request", "inventory", "live", "settings"],
  },
  (facts) => {
    const { namespace, lane } = facts.request;
    const view = policyView(facts);
    if (view === null)
      return refuses(
        "what the change would lock cannot be told: it does not build",
        "Make the repository build first.",
      );
    const turned = turnedBy(view.sets, view.subjects);
    if (lane !== "propose-default-deny") {
      if (turned.length === 0) return passes();
      const who = some(turned.map((t) => `${t.subject.who} (${t.direction})`));
      return refuses(
        `it would put ${who} under default-deny the moment it merges: ${rulesOf(turned)}`,
        "Set enableDefaultDeny to false both ways on every allow; default-deny is a pull request of its own, after the soak.",
        { lesson: 31 },
      );
    }
    const elsewhere = turned.filter((t) => t.subject.namespace !== namespace);
    if (elsewhere.length > 0)
      return refuses(
        `besides ${namespace} it would lock ${some(elsewhere.map((t) => t.subject.who))}: ${rulesOf(elsewhere)}`,
        `Let the policy select the pods of ${namespace} alone.`,
        { lesson: 31 },
      );
    const company = policyChanges(view.changes)
      .filter(({ after }) => after === null || !onlyTurnsDefaultDeny(after))
      .map(({ before, after }) => after ?? before)
      .filter((policy): policy is NamedPolicy => policy !== null);
    if (company.length > 0)
      return refuses(
        `default-deny would travel with ${some(company.map((p) => policyId(p.ref)))}`,
        "Bring the allows first, in a pull request of their own, and let them soak.",
        { lesson: 4 },
      );
    return passes();
  },
);
