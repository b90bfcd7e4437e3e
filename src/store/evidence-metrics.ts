import { HOUR } from "../facts/clock.ts";
import type { DropClass } from "../facts/edge.ts";
import type { EvidenceReader } from "../facts/ports.ts";

/** What a collector in this process has done, where one runs (`CollectProgress` is one). */
export interface CollectorCounts {
  readonly flows: number;
  readonly lost: number;
  readonly bad: number;
  readonly reconnects: number;
  readonly time: number;
  readonly connected: boolean;
}

/** Nodes with a series of their own; the rest share one. Nothing a stranger names ever becomes a label. */
const NODES = 100;
const CLASSES = ["policy", "datapath", "start-up", "noise"] as const satisfies readonly DropClass[];

type Labels = Readonly<Record<string, string>>;
interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const labelText = (labels: Labels = {}): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
};

const series = (name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string =>
  [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
  ].join("\n");

interface NodeNumbers {
  readonly node: string;
  readonly share: number;
  readonly seen: number;
  readonly lost: number;
}

const bounded = (nodes: readonly NodeNumbers[]): readonly NodeNumbers[] => {
  if (nodes.length <= NODES) return nodes;
  const rest = nodes.slice(NODES);
  const other = rest.reduce(
    (all, n) => ({ ...all, share: Math.min(all.share, n.share), seen: all.seen + n.seen, lost: all.lost + n.lost }),
    { node: "other", share: 1, seen: 0, lost: 0 },
  );
  return [...nodes.slice(0, NODES), other];
};

/**
 * The last hour of evidence in Prometheus' text format. Labels are nodes (bounded), drop classes and nothing else.
 * @param now milliseconds since the epoch, of the clock the evidence was collected by
 */
export const evidenceMetrics = async (
  reader: EvidenceReader,
  now: number,
  collector: CollectorCounts | null = null,
): Promise<string> => {
  const window = { from: now - HOUR, to: now };
  const coverage = await reader.coverage({ ...window, namespace: null, nodes: null });
  const edges = await reader.edges({ window });
  const nodes = bounded(
    coverage.nodes.map(({ node, minutes, coveredMinutes, seen, lost }) => ({
      node,
      share: minutes === 0 ? 0 : coveredMinutes / minutes,
      seen,
      lost,
    })),
  );
  const drops = new Map<DropClass, number>(CLASSES.map((kind) => [kind, 0]));
  for (const edge of edges)
    for (const drop of edge.drops) drops.set(drop.class, (drops.get(drop.class) ?? 0) + drop.flows);
  const perNode = (value: (node: NodeNumbers) => number): Sample[] =>
    nodes.map((node) => ({ labels: { node: node.node }, value: value(node) }));
  const name = (end: string): string => `network_operator_${end}`;
  const parts = [
    series(
      name("coverage_ratio"),
      "gauge",
      "Covered share of the last hour.",
      perNode((n) => n.share),
    ),
    series(
      name("events_seen"),
      "gauge",
      "Hubble events seen in the last hour.",
      perNode((n) => n.seen),
    ),
    series(
      name("events_lost"),
      "gauge",
      "Hubble events reported lost in the last hour.",
      perNode((n) => n.lost),
    ),
    series(name("edges"), "gauge", "Edges seen in the last hour.", [{ value: edges.length }]),
    series(
      name("drops"),
      "gauge",
      "Dropped flows of the last hour by class.",
      CLASSES.map((kind) => ({ labels: { class: kind }, value: drops.get(kind) ?? 0 })),
    ),
    series(name("tap_alive"), "gauge", "1 when a positive control was seen on every node in the last hour.", [
      { value: coverage.control === null ? 0 : 1 },
    ]),
  ];
  if (collector !== null) {
    parts.push(
      series(name("collector_connected"), "gauge", "1 while connected to Relay.", [
        { value: collector.connected ? 1 : 0 },
      ]),
      series(name("collector_flows_total"), "counter", "Flows counted.", [{ value: collector.flows }]),
      series(name("collector_lost_total"), "counter", "Events reported lost.", [{ value: collector.lost }]),
      series(name("collector_bad_total"), "counter", "Messages that could not be used.", [{ value: collector.bad }]),
      series(name("collector_reconnects_total"), "counter", "Streams opened again.", [{ value: collector.reconnects }]),
      series(name("collector_newest_flow_timestamp_seconds"), "gauge", "Time of the newest flow counted.", [
        { value: collector.time / 1_000 },
      ]),
    );
  }
  return `${parts.join("\n")}\n`;
};
