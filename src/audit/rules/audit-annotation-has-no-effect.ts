import { asRecord, at } from "../json.ts";
import type { PolicyView } from "../policy-view.ts";
import type { Rule } from "../rule.ts";
import { place } from "../rule.ts";
import { inPolicy } from "./shared.ts";

const isAudit = (key: string): boolean => /(^|\/)(policy-)?audit-mode$/.test(key);

const folder = (file: string): string => file.slice(0, file.lastIndexOf("/") + 1);

interface Carrier {
  readonly view: PolicyView;
  readonly key: string;
}

export const auditAnnotation: Rule = {
  id: "audit-annotation-has-no-effect",
  severity: "warning",
  lesson: 16,
  about:
    "No annotation puts a policy into audit mode: Cilium reads none, and a policy that carries one enforces from the first second.",
  remedy: "Remove the annotation. To see what a policy would drop, replay recorded flows under it.",
  *check(context) {
    const carriers: Carrier[] = context.written.flatMap((view) =>
      Object.keys(asRecord(at(view.document.object, "metadata", "annotations")))
        .filter(isAudit)
        .map((key) => ({ view, key })),
    );
    const origin = ({ view, key }: Carrier): ReturnType<PolicyView["locate"]> =>
      view.locate(["metadata", "annotations", key]);
    // A component carries its files together: whoever repairs one of them has the others before him.
    const first = new Map<string, string>();
    for (const [where, group] of Map.groupBy(carriers, (c) => folder(origin(c).file))) {
      if (group.length < 2) continue;
      const [earliest] = group.map((c) => origin(c)).sort((a, b) => (a.file < b.file ? -1 : 1));
      if (earliest !== undefined) first.set(where, place(earliest));
    }
    for (const carrier of carriers) {
      const { view, key } = carrier;
      const cause = first.get(folder(origin(carrier).file));
      yield inPolicy(view, {
        path: ["metadata", "annotations", key],
        message: `The annotation \`${key}\` does not exist in Cilium: this policy ${
          view.specs.some((s) => s.enforces.ingress || s.enforces.egress) ? "enforces at once" : "acts at once"
        }, and nothing is only audited. Remove it, and replay recorded flows to see what would be dropped`,
        key: [key],
        cause: cause === undefined ? null : { rule: "audit-annotation-has-no-effect", at: cause },
        fix: { text: "Remove the annotation", edits: [{ kind: "remove", at: origin(carrier) }] },
      });
    }
  },
};
