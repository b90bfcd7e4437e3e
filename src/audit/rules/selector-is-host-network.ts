import { subjectText } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { podTerms } from "../selector.ts";
import { inPolicy, list } from "./shared.ts";

export const selectorIsHostNetwork: Rule = {
  id: "selector-is-host-network",
  severity: "warning",
  lesson: 35,
  about: "Pods on the host network have the node's identity: a policy that selects them governs nothing.",
  remedy: "Remove the policy, or take the pod off the host network; the host itself is governed by the host firewall.",
  *check(context) {
    for (const view of context.policies)
      for (const spec of view.specs) {
        if (podTerms(spec.subject).length === 0) continue;
        const picked = context.subjects(spec).filter((p) => p.match === "yes");
        if (picked.length === 0 || picked.some(({ pod }) => pod.governed)) continue;
        yield inPolicy(view, {
          path: [...spec.path, "endpointSelector"],
          sure: picked.some(({ pod }) => pod.sure === "certain") ? "certain" : "likely",
          message: `${list(picked.map(({ pod }) => pod.id))} runs on the host network, where it has the node's identity: this policy governs nothing. Remove it`,
          key: [subjectText(spec)],
          related: picked.slice(0, 3).flatMap(({ pod }) => relatedAt(pod.origin, "on the host network")),
        });
      }
  },
};
