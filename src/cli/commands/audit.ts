import { Command, Option } from "commander";
import type { AuditReport } from "../../audit/audit.ts";
import { ciliumSettings, clusterFacts } from "../../config/settings.ts";
import type { Finding } from "../../facts/finding.ts";
import type { SourceTree } from "../../facts/tree.ts";
import { common, faceOf, type Face } from "../face.ts";
import { readFolder, readFolderAt } from "../repository.ts";
import { printable } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & {
  namespace?: string;
  base?: string;
  failOn: "error" | "warning" | "never";
};

const auditOf = async (
  tree: SourceTree,
  face: Face,
  base: AuditReport | null,
  namespace: string | null,
): Promise<AuditReport> => {
  const [{ audit }, { readInventory }] = await Promise.all([
    import("../../audit/audit.ts"),
    import("../../gitops/inventory.ts"),
  ]);
  const facts = clusterFacts(face.config);
  face.progress.step("reading manifests");
  const inventory = readInventory(tree, facts);
  face.progress.step("looking for defects");
  return audit(inventory, facts, { now: Date.now(), settings: ciliumSettings(face.config), base, namespace });
};

const count = (findings: readonly Finding[], severity: Finding["severity"]): number =>
  findings.filter((finding) => finding.severity === severity).length;

const reportJson = (report: AuditReport, path: string): unknown => ({
  version: 1,
  repository: { path, commit: report.commit },
  summary: {
    namespaces: report.namespaces,
    policies: report.policies,
    findings: {
      error: count(report.findings, "error"),
      warning: count(report.findings, "warning"),
      info: count(report.findings, "info"),
    },
  },
  findings: report.findings.map(({ origin, ...finding }) => ({ ...finding, ...origin })),
});

/** People are shown causes with their places; each finding still stands on a line of its own. */
const reportText = (report: AuditReport): string => {
  const lines = report.findings.map((f) =>
    [
      `${f.severity.padEnd(7)} ${f.origin.file}:${f.origin.line}:${f.origin.column} ${f.rule}`,
      `        ${printable(f.message)}`,
      ...f.related.map((r) => `        see ${r.file}:${r.line}: ${printable(r.message)}`),
      ...(f.fix === null ? [] : [`        fix: ${printable(f.fix)}`]),
    ].join("\n"),
  );
  const total = `${report.namespaces} namespaces, ${report.policies} policies: ${count(report.findings, "error")} errors, ${count(report.findings, "warning")} warnings, ${count(report.findings, "info")} remarks${report.waived.length === 0 ? "" : `, ${report.waived.length} waived`}`;
  return [...lines, total].join("\n");
};

const fails = (report: AuditReport, on: Options["failOn"]): boolean =>
  on !== "never" &&
  report.findings.some((f) => f.severity === "error" || (on === "warning" && f.severity === "warning"));

/** Lints a whole repository; works on any folder of manifests. */
export const auditCommand = (): Command =>
  common(new Command("audit").description("what is broken in a repository, before the network finds out"), [
    "text",
    "json",
  ])
    .argument("<dir>", "the repository, or a folder of it")
    .option("--namespace <ns>", "report this namespace alone")
    .option("--base <ref>", "report only what this commit did not have")
    .addOption(
      new Option("--fail-on <severity>", "exit 1 from this severity on")
        .choices(["error", "warning", "never"])
        .default("error"),
    )
    .action(async (dir: string, options: Options) => {
      const face = faceOf(options);
      const base =
        options.base === undefined ? null : await auditOf(await readFolderAt(dir, options.base), face, null, null);
      const report = await auditOf(await readFolder(dir), face, base, options.namespace ?? null);
      face.progress.clear();
      face.answer(reportJson(report, dir), () => reportText(report));
      if (fails(report, options.failOn)) process.exitCode = 1;
    });
