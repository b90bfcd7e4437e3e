export const START = "__start__";
export const END = "__end__";

export type NodeKind = "gate" | "effect" | "step" | "pause";

/** One way into a node. With several sources (an AND join) all of them have to be reached first. */
export interface Way {
  readonly sources: readonly string[];
  readonly target: string;
  /** The router's label; null for a static edge, `*` where a router may go anywhere. */
  readonly label: string | null;
}

export interface TopologyNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly depth: "full" | "partial";
}

/** The graph as its builder holds it. `getGraph()` loses AND joins, undeclared jumps and error handlers. */
export interface Topology {
  readonly nodes: readonly TopologyNode[];
  readonly ways: readonly Way[];
  /** Each effect with the gate nodes of its lane, in order. */
  readonly effects: readonly { readonly id: string; readonly gates: readonly string[] }[];
}

/** The parts of LangGraph's builder that decide where a run can go. */
export interface BuilderView {
  readonly nodes: Readonly<
    Record<
      string,
      {
        readonly runnable: unknown;
        readonly ends?: readonly string[] | undefined;
        readonly defer?: boolean | undefined;
        readonly isErrorHandler?: boolean | undefined;
        readonly errorHandlerNode?: string | undefined;
        readonly retryPolicy?: unknown;
        readonly cachePolicy?: unknown;
        readonly timeout?: unknown;
        readonly subgraphs?: readonly unknown[] | undefined;
      }
    >
  >;
  readonly edges: ReadonlySet<readonly [string, string]>;
  readonly waitingEdges: ReadonlySet<readonly [readonly string[], string]>;
  readonly branches: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly path: unknown; readonly ends?: Readonly<Record<string, string>> }>>
    >
  >;
  readonly _nodeDefaults: Readonly<Record<string, unknown>>;
}

/** Every way there is, those included that only a `goto`, a router without a map or an error handler would take. */
export const waysOf = (builder: BuilderView): readonly Way[] => {
  const ids = Object.keys(builder.nodes);
  const anywhere = (source: string): Way[] => ids.map((target) => ({ sources: [source], target, label: "*" }));
  const ways: Way[] = [];
  for (const [source, target] of builder.edges) ways.push({ sources: [source], target, label: null });
  for (const [sources, target] of builder.waitingEdges) ways.push({ sources, target, label: null });
  for (const [source, branches] of Object.entries(builder.branches))
    for (const { ends } of Object.values(branches)) {
      if (ends === undefined) ways.push(...anywhere(source));
      else for (const [label, target] of Object.entries(ends)) ways.push({ sources: [source], target, label });
    }
  for (const [id, node] of Object.entries(builder.nodes)) {
    for (const target of node.ends ?? []) ways.push({ sources: [id], target, label: "*" });
    if (node.errorHandlerNode !== undefined) ways.push({ sources: [id], target: node.errorHandlerNode, label: "*" });
    if (node.isErrorHandler === true) ways.push(...anywhere(id));
  }
  return ways;
};

/** The nodes that a run can reach from the start, over the ways that are left. */
export const reached = (ways: readonly Way[], closed: (way: Way) => boolean = () => false): ReadonlySet<string> => {
  const open = ways.filter((way) => !closed(way));
  const seen = new Set([START]);
  for (let before = 0; before !== seen.size;) {
    before = seen.size;
    for (const way of open) if (way.sources.every((source) => seen.has(source))) seen.add(way.target);
  }
  return seen;
};
