import type { Severity } from "../../facts/finding.ts";
import { NAMESPACE_LABEL } from "../../facts/labels.ts";
import type { Certainty } from "../../facts/known.ts";
import type { RuleRef } from "../../facts/policy.ts";
import type { Direction, Endpoint } from "../../facts/verdict.ts";
import type { Explains, Missing } from "../consequences.ts";
import type { Context } from "../context.ts";
import type { Path } from "../json.ts";
import type { PolicyView, RuleView, SpecView } from "../policy-view.ts";
import { portText, subjectText } from "../policy-view.ts";
import type { PodView } from "../pods.ts";
import type { Cause, Defect, Fix, Related } from "../rule.ts";
import { relatedAt } from "../rule.ts";

export interface DefectParts {
  readonly message: string;
  readonly key: readonly string[];
  readonly path?: Path;
  readonly severity?: Severity;
  readonly sure?: Certainty;
  readonly related?: readonly Related[];
  readonly cause?: Cause | null;
  readonly fix?: Fix | null;
  readonly missing?: readonly Missing[];
  readonly explains?: Explains;
}

/** A defect of a policy, at a path inside it. */
export const inPolicy = (policy: PolicyView, { path, ...parts }: DefectParts): Defect => ({
  ...parts,
  namespace: policy.namespace,
  policy: policy.ref,
  origin: policy.locate(path ?? ["metadata", "name"]),
});

/** A defect of one rule; its subject and direction are part of what it is. */
export const inRule = (rule: RuleView, parts: DefectParts): Defect =>
  inPolicy(rule.policy, {
    ...parts,
    path: parts.path ?? rule.path,
    key: [rule.direction, rule.deny ? "deny" : "allow", subjectText(rule.spec), ...parts.key],
  });

/** `media/jellyfin-allow`, for sentences. */
export const nameOf = (policy: PolicyView): string =>
  policy.namespace === null ? policy.ref.name : `${policy.namespace}/${policy.ref.name}`;

/** Where the rules that lock a namespace stand. */
export const relatedRules = (context: Context, refs: readonly RuleRef[], message: string): readonly Related[] => {
  const seen = new Set<string>();
  return refs.flatMap((ref) => {
    const view = context.view(ref.policy);
    if (view === null) return [];
    const path = ref.rule
      .split("/")
      .slice(1)
      .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
    const origin = view.locate(path);
    const id = `${origin.file}:${origin.line}`;
    if (seen.has(id)) return [];
    seen.add(id);
    return relatedAt(origin, message);
  });
};

/** A pod as a selector describes it, for when no manifest says more: the first value of every `In`. */
export const described = (context: Context, spec: SpecView): Endpoint | null => {
  const namespace = spec.subject.terms.find((t) => t.key === NAMESPACE_LABEL && t.operator === "In")?.values[0];
  if (namespace === undefined) return null;
  const labels: Record<string, string> = {};
  for (const t of spec.subject.terms)
    if (t.key !== NAMESPACE_LABEL && t.source !== "reserved") {
      if (t.operator === "In") labels[t.key] = t.values[0] ?? "";
      if (t.operator === "Exists") labels[t.key] = "x";
    }
  return context.judge.endpoint(namespace, labels);
};

/** The pods that a spec governs: those surely selected, else those perhaps selected. */
export const subjectPods = (context: Context, spec: SpecView): readonly PodView[] => {
  const picked = context.subjects(spec).filter(({ pod }) => pod.governed);
  const sure = picked.filter((p) => p.match === "yes");
  return (sure.length > 0 ? sure : picked).map((p) => p.pod);
};

/** The endpoints a spec governs, described by the selector itself where no pod is known. */
export const subjectEndpoints = (context: Context, spec: SpecView): readonly Endpoint[] => {
  const pods = subjectPods(context, spec);
  if (pods.length > 0) return pods.map((p) => p.endpoint);
  const one = described(context, spec);
  return one === null ? [] : [one];
};

/** Whether default deny stands for any pod that the spec selects. */
export const lockedSubject = (context: Context, spec: SpecView, direction: Direction): boolean =>
  subjectEndpoints(context, spec).some((e) => context.judge.defaultDeny(e, direction).value);

export const onPorts = (rule: RuleView): string => (rule.ports === null ? "" : ` on ${portText(rule.ports)}`);

export const list = (items: readonly string[], most = 4): string => {
  const unique = [...new Set(items)];
  const shown = unique.slice(0, most).join(", ");
  return unique.length > most ? `${shown} and ${unique.length - most} more` : shown;
};
