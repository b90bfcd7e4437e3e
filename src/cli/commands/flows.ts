import { Command } from "commander";
import { iso } from "../../facts/clock.ts";
import type { Coverage } from "../../facts/coverage.ts";
import type { Edge } from "../../facts/edge.ts";
import { common, faceOf, type Face } from "../face.ts";
import { readRecording } from "../recorded.ts";
import { duration, printable, table } from "../text.ts";

type Options = Parameters<typeof faceOf>[0] & { namespace?: string; flows?: readonly string[] };

const edgeRow = (edge: Edge): readonly string[] => [
  `${printable(edge.source.id)} → ${printable(edge.destination.id)}`,
  `${edge.protocol} ${edge.port}`,
  String(edge.flows),
  iso(edge.firstSeen).slice(0, 16),
  iso(edge.lastSeen).slice(0, 16),
  edge.drops.map((drop) => `${drop.flows} dropped (${drop.class})`).join(", "),
];

const coverageText = (coverage: Coverage): string => {
  const holes = coverage.nodes.flatMap((node) =>
    node.holes.map(
      (hole) =>
        `hole: ${node.node} ${iso(hole.from)} … ${iso(hole.to)} (${duration(hole.to - hole.from)}): ${hole.why}`,
    ),
  );
  const missing = coverage.hoursOfDay.flatMap((seen, hour) => (seen ? [] : [hour]));
  return [
    `${iso(coverage.from)} … ${iso(coverage.to)}: ${Math.floor(coverage.completeness * 1000) / 10} % covered${coverage.completeness < 1 ? ", incomplete" : ""}`,
    table(
      coverage.nodes.map((n) => [
        n.node,
        `${n.coveredMinutes} of ${n.minutes} min`,
        `${n.seen} events`,
        `${n.lost} lost`,
      ]),
    ),
    ...holes,
    ...(missing.length === 0 ? [] : [`hours of the day never seen (UTC): ${missing.join(", ")}`]),
    coverage.vacuous
      ? "vacuous: the namespace has no pods"
      : coverage.control === null
        ? "no positive control: the tap may be dead"
        : `positive control: ${coverage.control.kind} on ${coverage.control.node}, ${coverage.control.flows} flows`,
  ].join("\n");
};

const summarize = async (face: Face, options: Options): Promise<void> => {
  const namespace = options.namespace ?? null;
  const filter = namespace === null ? {} : { namespace };
  if (options.flows !== undefined) {
    const { evidence, coverage, remarks } = await readRecording(options.flows, face, namespace);
    const edges = await evidence.edges(filter);
    face.progress.clear();
    for (const remark of remarks) face.note(printable(remark));
    answer(face, edges, coverage);
    return;
  }
  const { openFlows } = await import("../../compose.ts");
  const flows = await openFlows(face);
  try {
    const { edges, coverage } = await flows.summary(namespace);
    face.progress.clear();
    answer(face, edges, coverage);
  } finally {
    await flows.dispose();
  }
};

const answer = (face: Face, edges: readonly Edge[], coverage: Coverage): void => {
  const sorted = [...edges].sort((a, b) => b.flows - a.flows);
  face.answer({ version: 1, coverage, edges: sorted }, () =>
    [table(sorted.map(edgeRow), ["edge", "port", "flows", "first", "last", ""]), "", coverageText(coverage)].join("\n"),
  );
  if (coverage.completeness < 1) process.exitCode = 1;
};

const collectForever = async (face: Face): Promise<void> => {
  const { openFlows } = await import("../../compose.ts");
  const flows = await openFlows(face);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  try {
    const done = await flows.collect(stop.signal);
    face.progress.clear();
    face.answer(
      { version: 1, ...done },
      () => `${done.flows} flows read, ${done.lost} reported lost, ${done.bad} unreadable.`,
    );
  } finally {
    await flows.dispose();
  }
};

/** Evidence: kept from Relay for weeks, and shown with its holes. */
export const flowsCommand = (): Command => {
  const flows = new Command("flows").description("keep evidence from Relay; show edges and coverage");
  common(flows.command("collect").description("keep evidence until interrupted; exact after a kill")).action(
    (options: Options) => collectForever(faceOf(options)),
  );
  common(flows.command("summary").description("edges, coverage and holes"))
    .option("--namespace <ns>", "only this namespace, and the nodes that host its pods")
    .option("--flows <file...>", "of these export files instead of the store")
    .action((options: Options) => summarize(faceOf(options), options));
  return flows;
};
