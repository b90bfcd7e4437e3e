import { Command } from "commander";
import { OperatorError } from "../../facts/errors.ts";
import { common, faceOf } from "../face.ts";

type Options = Parameters<typeof faceOf>[0] & { readonly lane?: string };

/** The agent's graph, drawn from the list that the builder, the door and the proof read. */
export const graphCommand = (): Command =>
  common(
    new Command("graph").description(
      "the agent's graph with its gates, and the proof that every effect is behind them",
    ),
    ["mermaid", "json"],
  )
    .option("--lane <lane>", "draw this lane alone")
    .action(async (options: Options) => {
      const face = faceOf(options);
      const [{ graphJson, graphMermaid, lanesOf }, { topologyOf }, { gates }] = await Promise.all([
        import("../../graph/draw.ts"),
        import("../../graph/build.ts"),
        import("../../graph/gates/index.ts"),
      ]);
      const topology = topologyOf(gates);
      const lane = options.lane ?? null;
      if (lane !== null && !lanesOf(topology).includes(lane))
        throw new OperatorError("input", `there is no lane ${JSON.stringify(lane.slice(0, 80))}`, {
          where: "--lane",
          remedy: `There are: ${lanesOf(topology).join(", ")}.`,
        });
      if (face.format === "mermaid") {
        process.stdout.write(graphMermaid(topology, lane));
        return;
      }
      if (lane !== null)
        throw new OperatorError("input", "a proof is of the whole graph", {
          where: "--lane",
          remedy: "Leave --lane out, or draw: --format mermaid.",
        });
      const report = graphJson(topology);
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      if (!report.proof.holds) process.exitCode = 1;
    });
