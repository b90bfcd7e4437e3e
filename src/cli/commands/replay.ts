import { Command } from "commander";
import { ciliumSettings, clusterFacts } from "../../config/settings.ts";
import type { ReplayJson } from "../../replay/json.ts";
import { common, faceOf } from "../face.ts";
import { needNamespace, readRecording } from "../recorded.ts";
import { readFolder } from "../repository.ts";
import { printable, table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & {
  repo: string;
  flows: readonly string[];
  namespace?: string;
  withDefaultDeny: readonly string[];
};

const text = (report: ReplayJson): string => {
  const rank = { dropped: 0, unknown: 1, allowed: 2 } as const;
  const edges = [...report.edges].sort((a, b) => rank[a.verdict] - rank[b.verdict]);
  const share =
    report.coverage === null
      ? ""
      : `, ${Math.floor(report.coverage.completeness * 1000) / 10} % of the window was covered`;
  return [
    table(
      edges.map((e) => [
        e.verdict,
        `${printable(e.source)} → ${printable(e.destination)}`,
        `${e.protocol} ${e.port}`,
        String(e.flows),
        printable(e.why),
      ]),
      ["verdict", "edge", "port", "flows", "why"],
    ),
    ...report.invalid.map((p) => `not loaded by Cilium: ${p.namespace ?? "-"}/${p.policy}`),
    ...report.vanished.map((v) => `not judged, its workload is gone: ${printable(v.end)} (${v.edges} edges)`),
    `${report.summary.allowed} allowed, ${report.summary.dropped} dropped, ${report.summary.unknown} unknown${share}`,
  ].join("\n");
};

/** Which recorded flows the repository's policies would drop, and which rule decides each. */
export const replayCommand = (): Command =>
  common(new Command("replay").description("which recorded flows the policies would drop, and which rule decides each"))
    .requiredOption("--repo <dir>", "the repository")
    .requiredOption("--flows <file...>", "export files (JSON lines, plain or .gz), a folder of them, or -")
    .option("--namespace <ns>", "only edges with this namespace at either end")
    .option("--with-default-deny <ns...>", "as though these namespaces were locked already", [])
    .action(async (options: Options) => {
      const face = faceOf(options);
      const [{ readInventory }, { replay }, { replayJson }] = await Promise.all([
        import("../../gitops/inventory.ts"),
        import("../../replay/replay.ts"),
        import("../../replay/json.ts"),
      ]);
      const inventory = readInventory(await readFolder(options.repo), clusterFacts(face.config));
      const namespace = options.namespace ?? null;
      for (const ns of [...(namespace === null ? [] : [namespace]), ...options.withDefaultDeny])
        needNamespace(inventory, ns, options.repo);
      const { evidence, coverage, remarks } = await readRecording(options.flows, face, namespace);
      face.progress.step("deciding every edge again");
      const result = replay({
        edges: await evidence.edges({}),
        policies: inventory.policies,
        settings: ciliumSettings(face.config),
        inventory,
        namespace,
        with: { defaultDenyFor: options.withDefaultDeny },
      });
      face.progress.clear();
      for (const remark of remarks) face.note(printable(remark));
      const report = replayJson(result, coverage);
      face.answer(report, () => text(report));
      if (report.summary.dropped + report.summary.unknown > 0) process.exitCode = 1;
    });
