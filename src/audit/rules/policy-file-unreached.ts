import type { Context } from "../context.ts";
import type { Rule } from "../rule.ts";

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf("/") + 1);

/** What is applied from the file's own folder says where the policy would land; from further up, perhaps. */
const neighbours = (context: Context, file: string): Context["inventory"]["objects"] => {
  for (let folder = folderOf(file); folder !== ""; folder = folderOf(folder.slice(0, -1))) {
    const found = context.inventory.objects.filter((o) => o.origin.file.startsWith(folder));
    if (found.length > 0) return found;
  }
  return [];
};

/** The one namespace that its neighbours land in. */
const namespaceOf = (context: Context, file: string): string | null => {
  const found = new Set(neighbours(context, file).flatMap((o) => o.namespace ?? []));
  return found.size === 1 ? ([...found][0] ?? null) : null;
};

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
        namespace: namespaceOf(context, orphan.file),
        policy: null,
        origin: { file: orphan.file, line: orphan.line, column: orphan.column },
        related:
          orphan.nearest === undefined || orphan.nearest === null
            ? []
            : [{ file: orphan.nearest, line: 1, message: "the nearest kustomization, which does not list it" }],
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
