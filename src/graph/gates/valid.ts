import { checkPolicy } from "../../cilium/validity.ts";
import type { ValidityProblem } from "../../cilium/validity.ts";
import { policyId } from "../../facts/policy.ts";
import type { Origin } from "../../facts/policy.ts";
import { dig, record } from "../../facts/json.ts";
import { policyChanges } from "../../rollout/policy-documents.ts";
import type { NamedPolicy } from "../../rollout/policy-documents.ts";
import { policyView } from "../facts/views.ts";
import { gate, passes, refuses, some } from "./kit.ts";

type Problem = Pick<ValidityProblem, "message" | "remedy" | "origin">;

const at = (origin: Origin | null): string => (origin === null ? "" : ` (${origin.file}:${origin.line})`);

/** Nulls anywhere in the rules: Flux's server-side apply refuses them, also beside a valid section (C A.7). */
const nullsIn = (value: unknown, path: readonly (string | number)[]): readonly (readonly (string | number)[])[] => {
  if (value === null) return [path];
  if (Array.isArray(value)) return value.flatMap((item: unknown, i) => nullsIn(item, [...path, i]));
  return Object.entries(record(value)).flatMap(([key, item]) => nullsIn(item, [...path, key]));
};

const nulls = ({ document }: NamedPolicy): readonly Problem[] =>
  ["spec", "specs"].flatMap((key) =>
    nullsIn(dig(document.object, key), [key]).map((path) => ({
      message: `${path.join(".")} is null: server-side apply refuses the object, and its whole Kustomization with it`,
      remedy: "Remove the key, or give it the list that was meant.",
      origin: document.locate?.(path) ?? null,
    })),
  );

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
      [...nulls(policy), ...checkPolicy(policy.document, facts.settings)].map((problem) => ({ policy, problem })),
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
