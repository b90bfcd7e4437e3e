import type { Rule } from "../rule.ts";

/** What no parser of Kubernetes takes: the file, and all that is applied with it, stays out of the cluster. */
const isBroken = (what: string): boolean => /^(broken YAML|the same key stands twice|a tab is used)/.test(what);

export const notUnderstood: Rule = {
  id: "manifest-not-understood",
  severity: "warning",
  lesson: null,
  about:
    "Something in the repository could not be read, so nothing is known about it here; silence about it is no approval.",
  remedy: "Repair the manifest that is named, or tell what it depends on.",
  *check(context) {
    for (const problem of context.inventory.problems) {
      const origin = problem.origin ?? { file: ".", line: 1, column: 1 };
      yield {
        namespace: null,
        policy: null,
        origin,
        severity: isBroken(problem.what) ? "error" : "warning",
        message: `${problem.what}. ${problem.remedy}`,
        key: [origin.file, problem.what],
      };
    }
  },
};
