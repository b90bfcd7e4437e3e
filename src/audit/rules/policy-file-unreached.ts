import type { Rule } from "../rule.ts";

export const orphanPolicy: Rule = {
  id: "policy-file-unreached",
  severity: "warning",
  lesson: null,
  about:
    "No kustomization reaches the policy's file, so nothing ever applies it, although it was written and reviewed.",
  remedy: "List the file under `resources:` of the kustomization beside it, or remove it.",
  *check(context) {
    for (const orphan of context.inventory.orphans) {
      yield {
        namespace: null,
        policy: null,
        origin: orphan,
        severity: orphan.listedBy === null ? "warning" : "info",
        message:
          orphan.listedBy === null
            ? `No kustomization reaches ${orphan.kind} ${orphan.name}, so it is never applied. List the file under resources, or remove it`
            : `${orphan.kind} ${orphan.name} is listed by ${orphan.listedBy}, which nothing applied leads to: it has no effect today. Nothing to do while that is meant`,
        key: [orphan.file, orphan.kind ?? "", orphan.name ?? ""],
      };
    }
  },
};
