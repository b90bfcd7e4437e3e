import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command, Option } from "commander";
import type { AuditReport } from "../../audit/audit.ts";
import type { Waiver } from "../../audit/waivers.ts";
import { lineIn } from "../../config/load.ts";
import { ciliumSettings, clusterFacts } from "../../config/settings.ts";
import { OperatorError } from "../../facts/errors.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { common, faceOf, type Face } from "../face.ts";
import { readFolder, readFolderAt } from "../repository.ts";
import { packageVersion } from "../version.ts";

type Options = Parameters<typeof faceOf>[0] & {
  namespace?: string;
  base?: string;
  failOn: "error" | "warning" | "never";
  remarks?: boolean;
  fix?: boolean;
};

const auditOf = async (
  tree: SourceTree,
  face: Face,
  base: AuditReport | null,
  namespace: string | null,
  dir: string,
): Promise<AuditReport> => {
  const [{ audit }, { readInventory }] = await Promise.all([
    import("../../audit/audit.ts"),
    import("../../gitops/inventory.ts"),
  ]);
  const facts = clusterFacts(face.config);
  face.progress.step("reading manifests");
  const inventory = readInventory(tree, facts);
  if (inventory.objects.length === 0 && inventory.kustomizations.length === 0 && inventory.problems.length === 0)
    throw nothingThere(tree, dir);
  face.progress.step("looking for defects");
  const [settings, waivers] = [ciliumSettings(face.config), await configured(face, dir)];
  return audit(inventory, facts, { now: Date.now(), settings, base, namespace, waivers });
};

/** Silence about a folder that holds nothing would read like approval. */
const nothingThere = (tree: SourceTree, dir: string): OperatorError =>
  existsSync(join(dir, ".git")) && tree.paths().length === 0
    ? new OperatorError("input", "the clone has no files: nothing is checked out", {
        where: dir,
        remedy: "Finish the clone: git checkout",
      })
    : new OperatorError("input", "there is no Kubernetes manifest in this folder", {
        where: dir,
        remedy: "Name the folder of a Flux or kustomize repository",
      });

/** The waivers of the configuration, each with the line it stands on, so that one that ran out can be found. */
const configured = async (face: Face, dir: string): Promise<readonly Waiver[]> => {
  const { waivers } = face.config.audit;
  if (waivers.length === 0 || face.configFile === null) return [];
  const { configuredWaiver } = await import("../../audit/waivers.ts");
  const text = readFileSync(face.configFile, "utf8");
  const inside = relative(resolve(dir), face.configFile);
  const file = inside.startsWith("..") ? relative(process.cwd(), face.configFile) : inside;
  return waivers.map((w, i) => configuredWaiver(w, { file, line: lineIn(text, ["audit", "waivers", i]), column: 1 }));
};

/** Only files that the audit read, inside the folder it read them from; the rest of each stays as it was. */
const fix = async (report: AuditReport, tree: SourceTree, dir: string, face: Face): Promise<void> => {
  const { applyEdits } = await import("../../audit/edit.ts");
  const { files, skipped } = applyEdits([...report.edits.values()].flat(), tree);
  for (const { path, text } of files) if (text !== null) writeFileSync(join(dir, path), text);
  face.note(
    `${files.length} files repaired${skipped === 0 ? "" : `, ${skipped} edits no longer fitted and were left out`}.`,
  );
};

const render = async (
  report: AuditReport,
  tree: SourceTree,
  dir: string,
  face: Face,
  remarks: boolean,
): Promise<string> => {
  if (face.format === "sarif") {
    const { auditSarif } = await import("../../audit/format/sarif.ts");
    return JSON.stringify(auditSarif(report, { version: packageVersion(), read: (path) => tree.read(path) }), null, 2);
  }
  if (face.format === "github") return (await import("../../audit/format/github.ts")).auditAnnotations(report);
  if (face.format === "json")
    return JSON.stringify((await import("../../audit/format/json.ts")).auditJson(report, dir), null, 2);
  return (await import("../../audit/format/text.ts")).auditText(report, { remarks });
};

const fails = (report: AuditReport, on: Options["failOn"]): boolean =>
  on !== "never" &&
  report.findings.some((f) => f.severity === "error" || (on === "warning" && f.severity === "warning"));

/** Lints a whole repository; works on any folder of manifests. */
export const auditCommand = (): Command =>
  common(new Command("audit").description("what is broken in a repository, before the network finds out"), [
    "text",
    "json",
    "sarif",
    "github",
  ])
    .argument("<dir>", "the repository, or a folder of it")
    .option("--namespace <ns>", "report this namespace alone")
    .option("--base <ref>", "report only what this commit did not have")
    .option("--remarks", "show remarks too, not only errors and warnings")
    .option("--fix", "repair in place what has exactly one safe repair")
    .addOption(
      new Option("--fail-on <severity>", "exit 1 from this severity on")
        .choices(["error", "warning", "never"])
        .default("error"),
    )
    .action(async (dir: string, options: Options) => {
      const face = faceOf(options);
      const base =
        options.base === undefined ? null : await auditOf(await readFolderAt(dir, options.base), face, null, null, dir);
      const tree = await readFolder(dir);
      const report = await auditOf(tree, face, base, options.namespace ?? null, dir);
      face.progress.clear();
      if (options.fix === true) await fix(report, tree, dir, face);
      const text = await render(report, tree, dir, face, options.remarks === true);
      process.stdout.write(text.endsWith("\n") || text === "" ? text : `${text}\n`);
      if (fails(report, options.failOn)) process.exitCode = 1;
    });
