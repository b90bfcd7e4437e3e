import { checkPolicy } from "../../cilium/validity.ts";
import { policyId } from "../../facts/policy.ts";
import type { Origin } from "../../facts/policy.ts";
import { policyChanges } from "../../rollout/policy-documents.ts";
import { policyView } from "../facts/views.ts";
import { gate, passes, refuses, some } from "./kit.ts";

const at = (origin: Origin | null): string => (origin === null ? "" : ` (${origin.file}:${origin.line})`);

/** An object that is refused takes its whole Kustomization with it, or stands there and does nothing (lessons 17, 18). */
export const valid = gate(
  "valid",
  {
    title: "every policy of the change is one that the API server and the agent accept",
    lessons: [17],
    depth: "full",
    needs: ["inventory", "live", "settings"],
  },
  (facts) => {
    const view = policyView(facts);
    if (view === null)
      return refuses(
        "whether the policies are valid cannot be told: they do not build",
        "Make the repository build first.",
      );
    const written = policyChanges(view.changes)
      .map(({ after }) => after)
      .filter((policy) => policy !== null);
    const problems = written.flatMap((policy) =>
      checkPolicy(policy.document, facts.settings).map((problem) => ({ policy, problem })),
    );
    if (problems.length > 0)
      return refuses(
        some(
          problems.map(
            ({ policy, problem }) =>
              `${policyId(policy.ref)}${at(problem.origin ?? policy.document.origin)}: ${problem.message}`,
          ),
        ),
        problems[0]?.problem.remedy ?? "Correct the policy.",
      );
    return passes(`${written.length} policies checked against the schema and the agent's own rules.`);
  },
);
