import { NAMESPACE_LABEL } from "../../facts/labels.ts";
import { wouldAllow } from "../consequences.ts";
import { at, isObject } from "../json.ts";
import { readSelector } from "../selector.ts";
import type { Rule } from "../rule.ts";
import { inPolicy } from "./shared.ts";

export const subjectInAnotherNamespace: Rule = {
  id: "subject-in-another-namespace",
  severity: "error",
  lesson: 20,
  about:
    "A CiliumNetworkPolicy governs pods of its own namespace alone: naming another one in endpointSelector selects nothing, or is overwritten without a word.",
  remedy: "Move the policy into that namespace, or write a CiliumClusterwideNetworkPolicy.",
  *check(context) {
    for (const view of context.policies) {
      if (view.ref.kind !== "CiliumNetworkPolicy" || view.namespace === null) continue;
      for (const spec of view.specs) {
        const written = at(view.document.object, ...spec.path, "endpointSelector");
        if (!isObject(written)) continue;
        for (const t of readSelector(written).terms) {
          if (t.key !== NAMESPACE_LABEL || t.operator !== "In" || t.values.includes(view.namespace)) continue;
          const what =
            t.source === "k8s"
              ? `is overwritten with ${view.namespace}, the policy's own`
              : `contradicts ${view.namespace}, the policy's own, so the policy selects nothing`;
          yield inPolicy(view, {
            path: [...spec.path, "endpointSelector"],
            message: `endpointSelector names the namespace ${t.values.join(", ")}; that ${what}. Move the policy there, or make it clusterwide`,
            key: [t.source, ...t.values],
            explains: (missing) =>
              missing.pod.namespace === view.namespace &&
              (missing.connection === null || spec.rules.some((r) => wouldAllow(r, { subject: true })(missing))),
          });
        }
      }
    }
  },
};
