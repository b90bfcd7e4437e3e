import { MemorySaver, StateGraph } from "@langchain/langgraph";
import { openPullRequest } from "../../src/graph/effects/open-pull-request.ts";
import { GuardedGraph, type Compiled } from "../../src/graph/guarded.ts";
import { effectNode as effectId, gateNode as gateId, lane } from "../../src/graph/lanes.ts";
import { effectNode } from "../../src/graph/nodes/effect.ts";
import { afterGate } from "../../src/graph/nodes/gate.ts";
import { seal } from "../../src/graph/seal.ts";
import { Input, State, type GraphState, type GraphUpdate } from "../../src/graph/state.ts";
import { END, START } from "../../src/graph/topology.ts";
import { openField, type Field } from "../graph/field.ts";
import { forgetful, NAMESPACE, on } from "./ground.ts";
import type { Ground, Layer } from "./vector.ts";

/** One gate and one effect: enough for a contributor's mistake. */
const LANE = lane("propose-allows", ["scope"], "open-pull-request");
export const GATE = gateId(LANE.id, "scope");
export const EFFECT = effectId(LANE);

export type Builder = GuardedGraph<typeof State.fields, typeof Input.fields>;
export type Node = Parameters<Builder["step"]>[1];

/** What LangGraph's own builder offers, as somebody who goes round ours would use it. */
export interface Raw {
  addNode(id: string, node: unknown, options?: object): void;
  addEdge(from: string, to: string): void;
  addConditionalEdges(from: string, router: unknown, map: unknown): void;
  setNodeDefaults(defaults: object): void;
  compile(options: object): unknown;
}

/** The same hand movements on a plain builder: what a mistake does where nothing guards. */
const plainBuilder = (): Builder => {
  const builder = new StateGraph({ state: State, input: Input }) as unknown as Raw;
  const plain = {
    builder,
    step: (id: string, node: unknown) => (builder.addNode(id, node), plain),
    pause: (id: string, node: unknown) => (builder.addNode(id, node), plain),
    gate: (id: string, _depth: string, node: unknown) => (builder.addNode(id, node), plain),
    effect: (id: string, _gates: unknown, node: unknown) => (builder.addNode(id, node), plain),
    edge: (from: string, to: string) => (builder.addEdge(from, to), plain),
    route: (from: string, router: unknown, map: unknown) => (builder.addConditionalEdges(from, router, map), plain),
    compile: (options: object) => builder.compile(options),
  };
  return plain as unknown as Builder;
};

export interface Workshop extends Ground {
  readonly field: Field;
  readonly builder: Builder;
  readonly raw: Raw;
  readonly setup: Node;
  readonly effect: Node;
  /** The door refuses from now on; with the door out it sees nothing. */
  readonly turnRed: () => void;
  /** How often a branch was written. */
  readonly writes: () => number;
  /** Compiles what was wired, and sends each input on one thread. */
  run(options?: object, inputs?: readonly unknown[]): Promise<unknown>;
}

export const openWorkshop = (out: ReadonlySet<Layer>): Workshop => {
  const outside = openField();
  const field = openField({ forge: out.has("L0") ? forgetful(outside.forge) : outside.forge });
  let writes = 0;
  outside.forge.onWrite = (what) => void (writes += what === "branch" ? 1 : 0);
  const { ports } = field;
  const run = { id: "r", asker: "a", structured: true, namespace: NAMESPACE, turns: 0, proposals: 1, refusals: 0 };
  const proposal = { lane: LANE.id, draft: "allows" as const, namespace: NAMESPACE, edits: [], answer: null };
  const builder: Builder = out.has("L1") ? plainBuilder() : new GuardedGraph(State, Input);
  return {
    field,
    builder,
    raw: builder.builder as unknown as Raw,
    ledger: field.ledger,
    setup: () => ({ run, proposal, decisions: [] }),
    effect: effectNode(
      LANE,
      (clearance) => openPullRequest(clearance, { forge: ports.forge, text: ports.pullRequestText }),
      { ...ports, signOff: null, hasRollback: false },
    ),
    turnRed: () => {
      if (!out.has("L0")) field.red.add("scope");
    },
    writes: () => writes,
    run: async (options = {}, inputs = [{ messages: [] }]) => {
      const graph: Compiled<GraphState, GraphUpdate> = builder.compile({ checkpointer: new MemorySaver(), ...options });
      if (!out.has("L2")) seal(graph, { locks: ports.locks });
      let state: unknown = null;
      for (const input of inputs) state = await graph.invoke(input, on());
      return state;
    },
  };
};

/** A gate that says no on its edge, whatever the door will find. */
export const refusing: Node = () => ({ verdict: { lane: LANE.id, gate: "scope", pass: false } });
export const passing: Node = () => ({ verdict: { lane: LANE.id, gate: "scope", pass: true } });
export const router = afterGate(LANE.id, { id: "scope" } as never);

/** setup -> start -> gate -> effect -> end. A part that a test brings itself is left out with null. */
export const wireUp = (
  { builder, setup, effect }: Workshop,
  parts: { readonly start?: unknown; readonly gate?: Node | null; readonly effect?: unknown } = {},
): void => {
  builder.step("setup", setup).step("start", (parts.start ?? (() => ({}))) as Node);
  if (parts.gate !== null) builder.gate(GATE, "full", parts.gate ?? refusing);
  if (parts.effect !== null) builder.effect(EFFECT, [GATE], (parts.effect ?? effect) as Node);
  builder.edge(START, "setup").edge("setup", "start").edge("start", GATE);
  builder.route(GATE, router, { pass: EFFECT, refuse: END }).edge(EFFECT, END);
};
