import {
  isCommand,
  isParentCommand,
  Overwrite,
  Send,
  StateGraph,
  type BaseCheckpointSaver,
  type CompiledGraphType,
  type LangGraphRunnableConfig,
  type StateSchema,
  type StateSchemaFields,
} from "@langchain/langgraph";
import { RunnableLambda } from "@langchain/core/runnables";
import { BarrierError } from "../facts/barrier.ts";
import { deadNodes, PASS, prove, REFUSE } from "./proof.ts";
import { waysOf, type BuilderView, type NodeKind, type Topology, type TopologyNode } from "./topology.ts";

type Labels = Readonly<Record<string, string>>;

export type NodeFunction<State, Update> = (state: State, config: LangGraphRunnableConfig) => Update | Promise<Update>;

export type Router<State> = (state: State) => string;

export type Compiled<State, Update> = CompiledGraphType<{ node: string; state: State; update: Update }>;

/** LangGraph's builder with its node names forgotten: ours are data, so no union of literals can follow them. */
interface LooseBuilder extends BuilderView {
  addNode(id: string, action: unknown): unknown;
  addEdge(source: string, target: string): unknown;
  addConditionalEdges(source: string, path: unknown, map: Labels): unknown;
  compile(options: { checkpointer?: BaseCheckpointSaver; name?: string }): unknown;
}

const wiring = (what: string, remedy: string): BarrierError => new BarrierError("L1/wiring", what, { remedy });

const WRITES_ITS_FIELDS = "A node returns a plain update of its fields; where the run goes is the router's to say.";

const isOverwrite = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  (Overwrite.isInstance(value) || ("type" in value && value.type === "__overwrite__"));

/** A node may update state and nothing else: no jump, no packet to another node, no reducer bypassed. */
const checkUpdate = (id: string, update: unknown): void => {
  const refuse = (code: "L1/command" | "L1/send" | "L1/overwrite", what: string): never => {
    throw new BarrierError(code, `${id} returned ${what}`, { remedy: WRITES_ITS_FIELDS });
  };
  for (const item of Array.isArray(update) ? (update as unknown[]) : [update]) {
    if (isCommand(item)) refuse("L1/command", "a Command");
    if (item instanceof Send) refuse("L1/send", "a Send");
  }
  if (typeof update !== "object" || update === null) return;
  if (Array.isArray(update)) refuse("L1/command", "a list");
  for (const [field, value] of Object.entries(update)) {
    const parts: unknown[] = Array.isArray(value) ? [value, ...(value as unknown[])] : [value];
    if (parts.some(isOverwrite)) refuse("L1/overwrite", `an overwrite of ${field}`);
    if (parts.some((part) => isCommand(part))) refuse("L1/command", `a Command inside ${field}`);
  }
};

/** A subgraph's `Command.PARENT` arrives as a thrown ParentCommand: a wrapper that looks at returns alone misses it. */
const guardNode =
  <State, Update>(id: string, node: NodeFunction<State, Update>) =>
  async (state: State, config: LangGraphRunnableConfig): Promise<Update> => {
    try {
      const update = await node(state, config);
      checkUpdate(id, update);
      return update;
    } catch (error) {
      if (error instanceof Error && isParentCommand(error))
        throw new BarrierError("L1/parent-command", `${id} threw a Command for its parent`, {
          remedy: WRITES_ITS_FIELDS,
        });
      throw error;
    }
  };

/** Own keys of the map only: a Send is never checked against it, and `constructor` would resolve by the prototype. */
const guardRouter =
  <State>(id: string, router: Router<State>, map: Labels) =>
  (state: State): string => {
    const label: unknown = router(state);
    if (typeof label === "string" && Object.hasOwn(map, label)) return label;
    throw new BarrierError(
      "L1/route",
      `${id} tried to go ${typeof label === "string" ? `to "${label}"` : "elsewhere"}`,
      {
        remedy: `Its labels are ${Object.keys(map).join(", ")}.`,
      },
    );
  };

/**
 * A thin builder over StateGraph that knows which nodes are gates and which are effects. It does not compile unless
 * every effect is behind the pass edge of every gate of its lane, read from the builder itself.
 */
export class GuardedGraph<Fields extends StateSchemaFields, Input extends StateSchemaFields> {
  /** For the check and for tests that wire wrongly on purpose. */
  readonly builder: LooseBuilder;
  readonly #nodes: TopologyNode[] = [];
  readonly #effects: { id: string; gates: readonly string[] }[] = [];
  readonly #wrapped = new WeakSet();

  constructor(state: StateSchema<Fields>, input: StateSchema<Input>) {
    this.builder = new StateGraph({ state, input }) as unknown as LooseBuilder;
  }

  step(id: string, node: NodeFunction<StateSchema<Fields>["State"], StateSchema<Fields>["Update"]>): this {
    return this.#add(id, "step", "full", node);
  }

  /** `interrupt` is all that a pause does. */
  pause(id: string, node: NodeFunction<StateSchema<Fields>["State"], StateSchema<Fields>["Update"]>): this {
    return this.#add(id, "pause", "full", node);
  }

  gate(
    id: string,
    depth: "full" | "partial",
    node: NodeFunction<StateSchema<Fields>["State"], StateSchema<Fields>["Update"]>,
  ): this {
    return this.#add(id, "gate", depth, node);
  }

  /** `gates` are the gate nodes of its lane, in order; compiling proves that none of them can be passed by. */
  effect(
    id: string,
    gates: readonly string[],
    node: NodeFunction<StateSchema<Fields>["State"], StateSchema<Fields>["Update"]>,
  ): this {
    this.#effects.push({ id, gates });
    return this.#add(id, "effect", "full", node);
  }

  edge(source: string, target: string): this {
    this.builder.addEdge(source, target);
    return this;
  }

  route(source: string, router: Router<StateSchema<Fields>["State"]>, map: Labels): this {
    if (Array.isArray(map) || Object.keys(map).length === 0)
      throw wiring(`${source} has a router without labels`, "Give a map of label to node; a list has no labels.");
    const path = RunnableLambda.from(guardRouter(source, router, map)).withConfig({ runName: `route ${source}` });
    this.#wrapped.add(path);
    this.builder.addConditionalEdges(source, path, map);
    return this;
  }

  get topology(): Topology {
    return { nodes: this.#nodes, ways: waysOf(this.builder), effects: this.#effects };
  }

  /** @throws BarrierError `L1/wiring`, naming the gate and the effect. */
  compile(options: {
    checkpointer?: BaseCheckpointSaver;
    name?: string;
  }): Compiled<StateSchema<Fields>["State"], StateSchema<Fields>["Update"]> {
    this.#checkNodes();
    this.#checkRouters();
    const { unreachable, endless } = deadNodes(this.topology);
    if (unreachable.length > 0)
      throw wiring(`nothing leads to ${unreachable.join(", ")}`, "Give it a way in, or take it out.");
    if (endless.length > 0) throw wiring(`no way out of ${endless.join(", ")}`, "Give it a way to the end.");
    const [first] = prove(this.topology).unguarded;
    if (first !== undefined)
      throw wiring(
        `the effect ${first.effect} ${first.why}`,
        first.gate === null
          ? "Put it at the end of a lane."
          : `Let nothing but the pass edge of ${first.gate} lead on to ${first.effect}.`,
      );
    return this.builder.compile(options) as Compiled<StateSchema<Fields>["State"], StateSchema<Fields>["Update"]>;
  }

  #add(
    id: string,
    kind: NodeKind,
    depth: "full" | "partial",
    node: NodeFunction<StateSchema<Fields>["State"], StateSchema<Fields>["Update"]>,
  ): this {
    this.builder.addNode(id, guardNode(id, node));
    const added = this.builder.nodes[id];
    if (typeof added?.runnable === "object" && added.runnable !== null) this.#wrapped.add(added.runnable);
    this.#nodes.push({ id, kind, depth });
    return this;
  }

  /** A cached gate is no gate, a retried effect acts twice, one that timed out acts after its error was reported. */
  #checkNodes(): void {
    const { _nodeDefaults: defaults } = this.builder;
    for (const [name, value] of Object.entries(defaults))
      if (value !== undefined) throw wiring(`node defaults set ${name}`, "Leave node defaults alone.");
    for (const [id, node] of Object.entries(this.builder.nodes)) {
      if (typeof node.runnable !== "object" || node.runnable === null || !this.#wrapped.has(node.runnable))
        throw wiring(`${id} was added behind the builder's back`, "Add it with step, pause, gate or effect.");
      const extras = Object.entries({
        "an error handler": node.errorHandlerNode,
        "a cache": node.cachePolicy,
        retries: node.retryPolicy,
        "a timeout": node.timeout,
        deferral: node.defer,
        "declared jumps": node.ends,
        subgraphs: node.subgraphs,
      });
      for (const [what, value] of extras)
        if (value !== undefined && value !== false)
          throw wiring(`${id} has ${what}`, "A node of this graph runs once, when an edge leads to it.");
    }
  }

  #checkRouters(): void {
    for (const [source, branches] of Object.entries(this.builder.branches))
      for (const { path } of Object.values(branches))
        if (typeof path !== "object" || path === null || !this.#wrapped.has(path))
          throw wiring(`the router of ${source} was added behind the builder's back`, "Add it with route.");
    for (const { id, kind } of this.#nodes) {
      if (kind !== "gate") continue;
      const branches = Object.values(this.builder.branches[id] ?? {});
      const labels = Object.keys(branches[0]?.ends ?? {});
      if (branches.length !== 1 || labels.length !== 2 || !labels.includes(PASS) || !labels.includes(REFUSE))
        throw wiring(`the gate ${id} has no pass and refuse edge`, `Route it by { ${PASS}, ${REFUSE} }.`);
    }
  }
}
