import { DIRECTIONS } from "../facts/verdict.ts";
import type { Context } from "./context.ts";
import type { PodView } from "./pods.ts";
import type { Cause } from "./rule.ts";
import { place } from "./rule.ts";
import { matches, podTerms } from "./selector.ts";

export const UNSELECTED = "unselected-workload";

/** A policy that speaks of these pods in particular, or of some of them. */
export const isChosen = (context: Context, pod: PodView): boolean =>
  context.policies.some((view) =>
    view.specs.some((s) => !s.nodes && podTerms(s.subject).length > 0 && matches(s.subject, pod) !== "no"),
  );

/** Whether a policy speaks of these pods in particular: one that may, but that nothing says means them, does not. */
export const hasPolicy = (context: Context, pod: PodView): boolean =>
  context.policies.some((view) =>
    view.specs.some(
      (spec) => podTerms(spec.subject).length > 0 && context.subjects(spec).some((picked) => picked.pod === pod),
    ),
  );

/** Under default deny, and no policy speaks of these pods. */
export const isUnselected = (context: Context, pod: PodView): boolean =>
  pod.governed && DIRECTIONS.some((d) => context.judge.defaultDeny(pod.endpoint, d).value) && !isChosen(context, pod);

/** All that such a pod cannot reach has one cause: it has no policy. */
export const unselectedCause = (context: Context, pod: PodView): Cause | null =>
  pod.origin !== null && isUnselected(context, pod) ? { rule: UNSELECTED, at: place(pod.origin) } : null;
