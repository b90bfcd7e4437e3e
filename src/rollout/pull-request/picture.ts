import type { Edge } from "../../facts/edge.ts";
import type { PullRequestInput } from "./body.ts";
import { mermaidLabel } from "./escape.ts";

interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly ports: Set<string>;
  isSeen: boolean;
}

const portOf = (edge: Pick<Edge, "protocol" | "port">): string => `${edge.protocol} ${edge.port}`;

/** The edges that the rules stand for, as a picture: solid where seen, dotted where only declared. */
export const pictureSection = (input: PullRequestInput, most: number): string => {
  const arrows = new Map<string, Arrow>();
  const add = (from: string, to: string, port: string, isSeen: boolean): void => {
    const key = JSON.stringify([from, to]);
    const arrow = arrows.get(key) ?? { from, to, ports: new Set<string>(), isSeen: false };
    arrow.ports.add(port);
    arrow.isSeen ||= isSeen;
    arrows.set(key, arrow);
  };
  for (const rule of input.draft?.rules ?? [])
    for (const edge of rule.edges) add(edge.source.id, edge.destination.id, portOf(edge), true);
  for (const { flow, seen } of input.unexercised?.exercises ?? [])
    if (flow.kind === "declared") add(flow.source.id, flow.destination.id, portOf(flow), seen !== null);
  if (arrows.size === 0) return "";
  const sorted = [...arrows.values()].sort((a, b) => (`${a.from} ${a.to}` < `${b.from} ${b.to}` ? -1 : 1));
  const shown = sorted.slice(0, most);
  const ids = new Map<string, string>();
  const id = (end: string): string => {
    const known = ids.get(end) ?? `n${ids.size}`;
    ids.set(end, known);
    return known;
  };
  const drawn = shown.map(({ from, to, ports, isSeen }) => {
    const label = mermaidLabel([...ports].sort().join(", "));
    return `  ${id(from)} ${isSeen ? "-->" : "-.->"}|"${label}"| ${id(to)}`;
  });
  const nodes = [...ids].map(([end, name]) => `  ${name}["${mermaidLabel(end)}"]`);
  const more = sorted.length > shown.length ? `\n\nAnd ${sorted.length - shown.length} more arrows.` : "";
  return `## Picture\n\nSolid: seen. Dotted: declared and never seen.\n\n\`\`\`mermaid\nflowchart LR\n${[...nodes, ...drawn].join("\n")}\n\`\`\`${more}`;
};
