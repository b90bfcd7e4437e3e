import type { AppliedPolicy } from "../../facts/inventory.ts";
import { fill } from "../../model/prompts.ts";
import type { PullRequestInput } from "./body.ts";

/** Only names that Kubernetes accepts ever stand in a line that somebody pastes into a shell. */
export const isName = (text: string): boolean => /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text);

const ownerLine = (verb: "suspend" | "resume", id: string): string | null => {
  const [namespace = "", name = "", more] = id.split("/");
  return more === undefined && isName(namespace) && isName(name)
    ? `flux ${verb} kustomization -n ${namespace} ${name}`
    : null;
};

const lines = (input: PullRequestInput): readonly string[] => {
  const { changeset, draft, inventory } = input;
  const { namespace } = changeset;
  const names = new Set((draft?.rules ?? []).map((r) => r.policy.name));
  const mine: readonly AppliedPolicy[] = (inventory?.policies ?? []).filter(
    (p) => p.ref.namespace === namespace && names.has(p.ref.name),
  );
  const owners = [...new Set(mine.flatMap((p) => (p.owner === null ? [] : [p.owner])))].sort();
  const policies = [...names].filter(isName).sort();
  if (!isName(namespace) || policies.length === 0) return [];
  const carriesOthers = owners.some((id) => inventory?.kustomizations.some((k) => k.parent === id) === true);
  return [
    ...(carriesOthers ? ["# one of these carries other Kustomizations too: suspend it no longer than this takes"] : []),
    ...owners.flatMap((id) => ownerLine("suspend", id) ?? []),
    `kubectl delete ciliumnetworkpolicy -n ${namespace} ${policies.join(" ")}`,
    `kubectl get ciliumnetworkpolicy -n ${namespace}`,
    `hubble observe --namespace ${namespace} --verdict DROPPED --last 100`,
    "# merge the revert of this pull request, and wait until the source has fetched it:",
    "flux get sources all -A",
    ...owners.flatMap((id) => ownerLine("resume", id) ?? []),
  ];
};

/** How to undo it, word for word, for the day when nothing else works (lesson 25). */
export const rollbackSection = (input: PullRequestInput): string => {
  const steps = input.rollback ?? lines(input);
  const text = fill(`pull-request/rollback-${input.changeset.kind === "default-deny" ? "default-deny" : "allows"}`, {});
  if (steps.length === 0) return `## Rollback\n\n${text}`;
  const safe = steps.map((step) => step.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").replaceAll("```", "'''"));
  return `## Rollback\n\n${text}\n\n\`\`\`sh\n${safe.join("\n")}\n\`\`\``;
};
