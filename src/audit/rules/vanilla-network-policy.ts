import { asList, at } from "../json.ts";
import type { Rule } from "../rule.ts";
import { inPolicy, nameOf, subjectPods } from "./shared.ts";
import { DIRECTIONS } from "../../facts/verdict.ts";
import { policyId } from "../../facts/policy.ts";

export const vanillaNetworkPolicy: Rule = {
  id: "vanilla-network-policy",
  severity: "warning",
  lesson: 23,
  about:
    "A Kubernetes NetworkPolicy locks the pods it selects by itself, whatever the Cilium policies beside it say, and its `ingress: [{}]` means the opposite of theirs.",
  remedy:
    "Convert it to a CiliumNetworkPolicy that leaves every verdict as it is; a chart's own through its chart value.",
  *check(context) {
    for (const view of context.policies) {
      if (view.ref.kind !== "NetworkPolicy" || view.namespace === null) continue;
      const [spec] = view.specs;
      if (spec === undefined) continue;
      const beside = context.policies.filter((p) => p.ref.kind !== "NetworkPolicy" && p.namespace === view.namespace);
      const id = policyId(view.ref);
      const locks = DIRECTIONS.filter(
        (d) =>
          spec.enforces[d] &&
          subjectPods(context, spec).some((pod) => {
            const { value, by } = context.judge.defaultDeny(pod.endpoint, d);
            return value && by.every((ref) => policyId(ref.policy) === id);
          }),
      );
      const opens = DIRECTIONS.filter((d) =>
        asList(at(view.document.object, "spec", d)).some(
          (r) => typeof r === "object" && r !== null && Object.keys(r).length === 0,
        ),
      );
      const said = [
        ...(locks.length > 0 ? [`it alone locks its pods for ${locks.join(" and ")}`] : []),
        ...(opens.length > 0
          ? [`\`${opens[0] ?? "ingress"}: [{}]\` allows everything here, and nothing in a Cilium policy`]
          : []),
      ];
      yield inPolicy(view, {
        severity: beside.length > 0 && said.length > 0 ? "warning" : "info",
        message: `${nameOf(view)} is a Kubernetes NetworkPolicy${
          beside.length > 0 ? ` beside ${beside.length} Cilium ${beside.length === 1 ? "policy" : "policies"}` : ""
        }: allows add up, ${said.length > 0 ? said.join(", and ") : "and both have to be read together"}. Convert it so that no verdict changes`,
        key: ["vanilla"],
      });
    }
  },
};
