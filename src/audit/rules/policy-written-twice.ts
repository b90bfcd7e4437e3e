import { policyId } from "../../facts/policy.ts";
import { at } from "../json.ts";
import type { PolicyView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { relatedAt } from "../rule.ts";
import { inPolicy, nameOf } from "./shared.ts";

const textOf = ({ document }: PolicyView): string =>
  JSON.stringify([at(document.object, "spec"), at(document.object, "specs")]);

export const policyWrittenTwice: Rule = {
  id: "policy-written-twice",
  severity: "error",
  lesson: 32,
  about:
    "Two manifests apply a policy of one kind, namespace and name, and say different things: one object stays, whichever was applied last, and the other's rules are gone.",
  remedy: "Give each policy a name of its own, or write both sets of rules into one.",
  *check(context) {
    for (const views of Map.groupBy(context.written, (v) => policyId(v.ref)).values()) {
      const [first, ...others] = views;
      const other = first === undefined ? undefined : others.find((v) => textOf(v) !== textOf(first));
      if (first === undefined || other === undefined) continue;
      yield inPolicy(other, {
        message: `${nameOf(other)} is written twice, with different rules: they are one object, and whichever is applied last takes the other's rules away. Rename one of them`,
        key: ["twice"],
        related: relatedAt(first.locate(["metadata", "name"]), "the other"),
      });
    }
  },
};
