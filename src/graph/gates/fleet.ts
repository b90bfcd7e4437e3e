import type { Finding } from "../../facts/finding.ts";
import { lockedNamespaces } from "../../rollout/locks.ts";
import { isWaived } from "../facts/decided.ts";
import { policyView } from "../facts/views.ts";
import { gate, passes, refuses, refusesUnknown, some } from "./kit.ts";

const place = (f: Finding): string => `${f.origin.file}:${f.origin.line} (${f.namespace ?? "clusterwide"}): ${f.rule}`;

/** A defect found in one place is looked for everywhere at once, and the campaign waits for it. */
export const fleet = gate(
  "fleet",
  {
    title: "no open error in any locked namespace or in this one",
    lessons: [13],
    depth: "full",
    needs: ["request", "findings", "decisions", "inventory", "live"],
  },
  (facts) => {
    if (!facts.findings.known) return refusesUnknown("What the audit says of the whole repository", facts.findings);
    const view = policyView(facts);
    if (view === null)
      return refuses(
        "which namespaces are locked cannot be told: the repository does not build",
        "Make it build first.",
      );
    const held = new Set([...lockedNamespaces(view.sets.standing, view.subjects), facts.request.namespace]);
    // With the changeset: an error that it repairs does not hold it.
    const open = facts.findings.value.after.filter(
      (f) => f.severity === "error" && (f.namespace === null || held.has(f.namespace)) && !isWaived(facts, f),
    );
    if (open.length === 0) return passes();
    return refuses(
      `${open.length} open ${open.length === 1 ? "error" : "errors"} where default-deny is on or would be: ${some(open.map(place))}`,
      "Repair them first (propose-repair is open at any time), or have a person waive one on the default branch with an expiry.",
    );
  },
);
