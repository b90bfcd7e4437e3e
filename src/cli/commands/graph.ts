import { Command } from "commander";
import { common, faceOf } from "../face.ts";

type Options = Parameters<typeof faceOf>[0];

/** The agent's graph, drawn from the list that the builder, the door and the proof read. */
export const graphCommand = (): Command =>
  common(
    new Command("graph").description(
      "the agent's graph with its gates, and the proof that every effect is behind them",
    ),
    ["mermaid", "json"],
  ).action(async (options: Options) => {
    const face = faceOf(options);
    const [{ graphJson, graphMermaid }, { topologyOf }, { gates }] = await Promise.all([
      import("../../graph/draw.ts"),
      import("../../graph/build.ts"),
      import("../../graph/gates/index.ts"),
    ]);
    const topology = topologyOf(gates);
    if (face.format === "mermaid") {
      process.stdout.write(graphMermaid(topology));
      return;
    }
    const report = graphJson(topology);
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    if (!report.proof.holds) process.exitCode = 1;
  });
