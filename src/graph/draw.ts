import { prove, type Proof } from "./proof.ts";
import { END, START, type NodeKind, type Topology, type Way } from "./topology.ts";

/** `network-operator graph --format json`. Others rely on it. */
export interface GraphJson {
  readonly version: 1;
  readonly nodes: readonly { readonly id: string; readonly kind: NodeKind; readonly depth: "full" | "partial" }[];
  readonly edges: readonly { readonly from: string; readonly to: string; readonly label: string | null }[];
  /** Gates are node ids, so that whoever reads this can prove it again. */
  readonly effects: readonly { readonly id: string; readonly gates: readonly string[] }[];
  readonly proof: Proof;
}

const flat = (ways: readonly Way[]): readonly { from: string; to: string; label: string | null }[] =>
  ways.flatMap(({ sources, target, label }) => sources.map((from) => ({ from, to: target, label })));

export const graphJson = (topology: Topology): GraphJson => ({
  version: 1,
  nodes: topology.nodes.map(({ id, kind, depth }) => ({ id, kind, depth })),
  edges: flat(topology.ways),
  effects: topology.effects.map(({ id, gates }) => ({ id, gates })),
  proof: prove(topology),
});

/** Mermaid reads ids as words: every other sign becomes an underscore, the label keeps the name. */
const word = (id: string): string => `n_${id.replaceAll(/\W/g, "_")}`;

const SHAPES: Readonly<Record<NodeKind, (id: string, label: string) => string>> = {
  step: (id, label) => `${id}["${label}"]`,
  gate: (id, label) => `${id}{{"${label}"}}`,
  effect: (id, label) => `${id}[["${label}"]]`,
  pause: (id, label) => `${id}(["${label}"])`,
};

const laneOf = (id: string): string | null => (id.includes("/") ? id.slice(0, id.indexOf("/")) : null);
const nameOf = (id: string): string => id.slice(id.indexOf("/") + 1);

export const lanesOf = ({ nodes }: Topology): readonly string[] => [
  ...new Set(nodes.flatMap(({ id }) => laneOf(id) ?? [])),
];

/** What is left when only one lane is looked at: the steps that all lanes share, and its own. */
const only = ({ nodes, ways, ...rest }: Topology, lane: string): Topology => {
  const kept = nodes.filter(({ id }) => laneOf(id) === null || laneOf(id) === lane);
  const ids = new Set([START, END, ...kept.map(({ id }) => id)]);
  const left = ways.map((way) => ({ ...way, sources: way.sources.filter((from) => ids.has(from)) }));
  return { ...rest, nodes: kept, ways: left.filter(({ target }) => ids.has(target)) };
};

/** A flow chart: one box per lane, gates as hexagons, effects with double sides. `lane`: this one alone. */
export const graphMermaid = (topology: Topology, lane: string | null = null): string => {
  const { nodes, ways } = lane === null ? topology : only(topology, lane);
  const lines = ["flowchart TD", `  ${word(START)}((start))`, `  ${word(END)}((end))`];
  const shape = ({ id, kind, depth }: Topology["nodes"][number]): string =>
    SHAPES[kind](word(id), depth === "partial" ? `${nameOf(id)} (partial)` : nameOf(id));
  for (const node of nodes) if (laneOf(node.id) === null) lines.push(`  ${shape(node)}`);
  for (const name of lanesOf({ ...topology, nodes })) {
    lines.push(`  subgraph ${word(name)}["${name}"]`);
    for (const node of nodes) if (laneOf(node.id) === name) lines.push(`    ${shape(node)}`);
    lines.push("  end");
  }
  for (const { from, to, label } of flat(ways))
    lines.push(`  ${word(from)} -->${label === null ? "" : `|${label}|`} ${word(to)}`);
  return `${lines.join("\n")}\n`;
};
