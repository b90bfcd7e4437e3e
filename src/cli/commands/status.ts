import { Command } from "commander";
import { common, faceOf } from "../face.ts";
import { dropLines, printable, table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0];

/** Where every namespace stands and what it waits for. */
export const statusCommand = (): Command =>
  common(new Command("status").description("where every namespace stands and what it waits for")).action(
    async (options: Options) => {
      const face = faceOf(options);
      const { openAgent } = await import("../../compose.ts");
      const agent = await openAgent(face);
      try {
        const report = await agent.status();
        face.progress.clear();
        face.answer(report, () =>
          [
            `clock ${report.clock}`,
            table(
              report.namespaces.map((n) => [
                n.name,
                n.stage,
                `${n.policies.length} policies`,
                n.pullRequest === null ? "" : `#${n.pullRequest.number}`,
                n.waitingFor === null ? "" : `waits for ${n.waitingFor.what}: ${printable(n.waitingFor.detail)}`,
              ]),
              ["namespace", "stage", "policies", "pr", ""],
            ),
            ...(report.drops ?? []).flatMap(dropLines),
            ...(report.drift ?? []).map(({ what, file, line }) => {
              const at = file === null ? "" : ` (${printable(file)}:${line ?? 0})`;
              return `drift: ${printable(what)}${at}`;
            }),
          ].join("\n"),
        );
      } finally {
        await agent.dispose();
      }
    },
  );
