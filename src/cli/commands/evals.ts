import { Command } from "commander";
import { common, faceOf } from "../face.ts";
import { table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { incident?: string };

/** Replays the incidents through the real graph and the world; each with its mutant, the same without the gate. */
export const evalsCommand = (): Command =>
  common(new Command("evals").description("replay the incidents, each with the mutant that proves which gate holds"))
    .option("--incident <id>", "only this one")
    .action(async (options: Options) => {
      const face = faceOf(options);
      const { runEvals } = await import("../../../evals/harness.ts");
      const report = await runEvals({ only: options.incident ?? null, progress: face.progress });
      face.progress.clear();
      face.answer(report, () =>
        [
          table(
            report.incidents.map((i) => [i.id, i.outcome, i.gate, `mutant ${i.mutant}`, i.title]),
            ["incident", "outcome", "gate", "", ""],
          ),
          `${report.summary.held} held, ${report.summary.missed} missed; ${report.summary.caught} mutants caught, ${report.summary.survived} survived`,
        ].join("\n"),
      );
      if (report.summary.missed > 0 || report.summary.survived > 0) process.exitCode = 1;
    });
