import type { RuleRef } from "../facts/policy.ts";
import type { Direction } from "../facts/verdict.ts";
import type { Actor } from "./cast.ts";
import type { DirectionResult } from "./court.ts";

export const ruleText = (ref: RuleRef): string =>
  `${ref.policy.namespace ?? "clusterwide"}/${ref.policy.name} ${ref.rule}`;

const rules = (refs: readonly RuleRef[]): string => refs.map(ruleText).join(", ");

const side = (direction: Direction, result: DirectionResult): string => {
  const where = result.position === null ? direction : `${direction} (${result.position})`;
  const { outcome, by, defaultDeny, missing } = result;
  if (outcome === "not-subject") return `${where}: no pod of ours, so no policy applies`;
  if (outcome === "denied") return `${where}: denied by ${rules(by)}`;
  if (outcome === "unknown")
    return `${where}: cannot be told; ${missing.length === 0 ? "more evidence" : missing.join("; ")} would decide it`;
  if (outcome === "default-denied")
    return defaultDeny.length === 0
      ? `${where}: no rule allows it under default-deny`
      : `${where}: no rule allows it, and ${rules(defaultDeny)} turns default-deny on`;
  const proxy = outcome === "allowed-l7" ? ", through the proxy, which may still refuse" : "";
  return by.length > 0
    ? `${where}: allowed by ${rules(by)}${proxy}`
    : `${where}: allowed, ${defaultDeny.length === 0 ? "nothing restricts it" : "the local host always is"}`;
};

/** One line for people: each end, and what is special about it. */
export const explain = (judged: {
  readonly source: Actor;
  readonly destination: Actor;
  readonly egress: DirectionResult;
  readonly ingress: DirectionResult;
  readonly onPaper: boolean;
  readonly disagreement: string | null;
}): string => {
  const parts = [side("egress", judged.egress), side("ingress", judged.ingress)];
  if (judged.onPaper) parts.push("allowed on paper: only a DNS name says so, Cilium has not confirmed it");
  if (judged.disagreement !== null) parts.push(judged.disagreement);
  return parts.join("; ");
};
