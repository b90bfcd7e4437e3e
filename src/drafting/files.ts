import { posix } from "node:path";
import type { FileChange } from "../facts/changeset.ts";
import { OperatorError } from "../facts/errors.ts";
import type { SourceTree } from "../facts/tree.ts";
import type { Writer } from "../facts/writer.ts";
import { byText } from "./need.ts";
import type { PlannedPolicy } from "./policies.ts";
import { policiesText } from "./policy-text.ts";
import type { Style } from "./style.ts";

/** No path leaves the repository or enters git's own folder, whatever a label or a manifest said. */
const inside = (path: string): string => {
  const clean = posix.normalize(path);
  if (clean.startsWith("../") || clean.startsWith("/") || clean === ".git" || clean.startsWith(".git/"))
    throw new OperatorError("input", "a policy would be written outside the repository", {
      where: path,
      remedy: "Look at the path of the Flux Kustomization that carries this app",
    });
  return clean;
};

/** New files beside the apps, each listed where its folder lists what is applied. Sorted by path; nothing unchanged. */
export const fileChanges = (input: {
  readonly tree: SourceTree;
  readonly writer: Writer;
  readonly changes: readonly FileChange[];
  readonly policies: readonly PlannedPolicy[];
  readonly style: Style;
}): readonly FileChange[] => {
  const { tree, writer, style } = input;
  const texts = new Map<string, string | null>(input.changes.map((c) => [inside(c.path), c.text]));
  for (const [path, own] of Map.groupBy(input.policies, (p) => p.path)) {
    const parts = own.flatMap((p) => (p.written.kind === "new" ? [p.written.parts] : []));
    // A file with completed policies stands already, and so does its entry in a kustomization.
    const completed = own.findLast((p) => p.written.kind === "completed")?.written;
    if (completed?.kind === "completed") {
      texts.set(inside(path), completed.text);
      continue;
    }
    texts.set(inside(path), policiesText(parts, style));
    const list = own[0]?.place.kustomization ?? null;
    if (list === null) continue;
    const text = texts.get(list) ?? tree.read(list) ?? "";
    const entry = `./${posix.relative(posix.dirname(list), path)}`;
    texts.set(list, writer.addToList(text, "resources", entry, list));
  }
  return [...texts]
    .filter(([path, text]) => tree.read(path) !== text)
    .sort(([a], [b]) => byText(a, b))
    .map(([path, text]) => ({ path, mode: tree.mode(path) ?? "100644", text }));
};
