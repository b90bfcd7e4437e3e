import { Command, Overwrite, ParentCommand, Send, StateSchema } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { BarrierCode } from "../../src/facts/barrier.ts";
import { GATES, type LaneId } from "../../src/facts/rollout.ts";
import { topologyOf } from "../../src/graph/build.ts";
import { graphJson, graphMermaid } from "../../src/graph/draw.ts";
import { gates } from "../../src/graph/gates/index.ts";
import { GuardedGraph } from "../../src/graph/guarded.ts";
import { builtLanes, gatesOf, LANES, withoutGate } from "../../src/graph/lanes.ts";
import { PASS, prove } from "../../src/graph/proof.ts";
import { END, START, type Topology } from "../../src/graph/topology.ts";
import { fakeGates } from "./field.ts";

const Toy = new StateSchema({ open: z.boolean().default(false), log: z.array(z.string()).default([]) });
const idle = () => ({});

/** start -> gate -> effect -> end, with a refuse edge to the end. */
const toy = () =>
  new GuardedGraph(Toy, Toy)
    .step("start", idle)
    .gate("gate", "full", idle)
    .effect("effect", ["gate"], idle)
    .edge(START, "start")
    .edge("start", "gate")
    .route("gate", ({ open }) => (open ? "pass" : "refuse"), { pass: "effect", refuse: END })
    .edge("effect", END);

describe("the builder refuses what would lead past a gate, naming gate and effect", () => {
  it("compiles a graph whose effect is behind its gate", () => {
    expect(() => toy().compile({})).not.toThrow();
  });

  it("V33: a static edge beside the gate's router", () => {
    const graph = toy().edge("gate", "effect");
    expect(() => graph.compile({})).toThrow(/effect effect can be reached without the pass edge of gate/);
  });

  it("V32: an OR join, whose fast branch reaches the effect before the gate", () => {
    const graph = toy().edge("start", "effect");
    expect(() => graph.compile({})).toThrow(/without the pass edge of gate/);
  });

  it("a refuse edge that comes back to the effect by a detour", () => {
    const graph = new GuardedGraph(Toy, Toy)
      .gate("gate", "full", idle)
      .step("retry", idle)
      .effect("effect", ["gate"], idle)
      .edge(START, "gate")
      .route("gate", () => "refuse", { pass: "effect", refuse: "retry" })
      .route("retry", () => "again", { again: "effect", stop: END })
      .edge("effect", END);
    expect(() => graph.compile({})).toThrow(/without the pass edge of gate/);
  });

  it("both edges of a gate leading to the effect", () => {
    const graph = new GuardedGraph(Toy, Toy)
      .gate("gate", "full", idle)
      .effect("effect", ["gate"], idle)
      .edge(START, "gate")
      .route("gate", () => "refuse", { pass: "effect", refuse: "effect" })
      .edge("effect", END);
    expect(() => graph.compile({})).toThrow(/without the pass edge of gate/);
  });

  it("an effect without a gate, and one that nothing leads to", () => {
    const bare = new GuardedGraph(Toy, Toy).effect("effect", [], idle).edge(START, "effect").edge("effect", END);
    expect(() => bare.compile({})).toThrow(/effect has no gate/);
    const lost = toy().effect("lost", ["gate"], idle).edge("lost", END);
    expect(() => lost.compile({})).toThrow(/nothing leads to lost/);
  });

  it("a cycle with no way in, which LangGraph itself accepts, and a node with no way out", () => {
    const island = toy().step("b", idle).step("c", idle).edge("b", "c").edge("c", "b");
    expect(() => island.compile({})).toThrow(/nothing leads to b, c/);
    const endless = new GuardedGraph(Toy, Toy).step("spin", idle).edge(START, "spin").edge("spin", "spin");
    expect(() => endless.compile({})).toThrow(/no way out of spin/);
  });

  it("a gate without exactly a pass and a refuse edge", () => {
    const graph = new GuardedGraph(Toy, Toy)
      .gate("gate", "full", idle)
      .effect("effect", ["gate"], idle)
      .edge(START, "gate")
      .route("gate", () => "pass", { pass: "effect", maybe: END })
      .edge("effect", END);
    expect(() => graph.compile({})).toThrow(/no pass and refuse edge/);
  });

  it("a router whose map is a list: labels would be the targets' names", () => {
    expect(() => toy().route("start", () => "effect", ["effect"] as never)).toThrow(/without labels/);
  });

  it.each([
    ["V31: an error handler on a node", { errorHandler: idle }],
    ["V35: a cached gate", { cachePolicy: true }],
    ["V35: a retried effect", { retryPolicy: { maxAttempts: 3 } }],
    ["V35: a timed-out effect, which acts after the error", { timeout: 1_000 }],
    ["deferral, which hides an OR join", { defer: true }],
    ["V24: declared jumps", { ends: ["effect"] }],
  ])("%s", (_what, options) => {
    const graph = toy();
    const add = graph.builder as unknown as { addNode(id: string, node: unknown, options: unknown): void };
    add.addNode("extra", idle, options);
    graph.edge("start", "extra").edge("extra", END);
    expect(() => graph.compile({})).toThrow(expect.objectContaining({ code: "L1/wiring" }));
  });

  it("V31: an error handler set for every node at once", () => {
    const graph = toy();
    (graph.builder as unknown as { setNodeDefaults(defaults: unknown): void }).setNodeDefaults({ errorHandler: idle });
    expect(() => graph.compile({})).toThrow(/node defaults set errorHandler/);
  });

  it("a router put on the builder itself, unwatched", () => {
    const graph = toy();
    graph.builder.addConditionalEdges("start", () => "effect", { effect: "gate" });
    expect(() => graph.compile({})).toThrow(/behind the builder's back/);
  });
});

describe("a node updates its fields and nothing else", () => {
  const run = (node: () => unknown): Promise<unknown> =>
    new GuardedGraph(Toy, Toy)
      .step("node", node as () => Record<string, never>)
      .edge(START, "node")
      .edge("node", END)
      .compile({})
      .invoke({ open: false });

  it.each<[string, BarrierCode, () => unknown]>([
    ["V24: returns a Command", "L1/command", () => new Command({ goto: "effect" })],
    ["V25: returns a list with a Command, as a tool node does", "L1/command", () => [new Command({ goto: "effect" })]],
    ["V26: returns a Command for the parent", "L1/command", () => new Command({ goto: "e", graph: Command.PARENT })],
    ["returns a Send", "L1/send", () => new Send("effect", {})],
    ["V28: an overwrite instance", "L1/overwrite", () => ({ log: new Overwrite(["forged"]) })],
    ["V28: an overwrite as JSON", "L1/overwrite", () => ({ log: { __overwrite__: ["forged"] } })],
    ["V28: an overwrite in its typed form", "L1/overwrite", () => ({ log: { type: "__overwrite__", value: [] } })],
  ])("%s", async (_what, wanted, node) => {
    await expect(run(node)).rejects.toMatchObject({ code: wanted });
  });

  it("V26: a thrown ParentCommand, which no look at return values would see", async () => {
    const node = () => {
      throw new ParentCommand(new Command({ goto: "effect", graph: Command.PARENT }));
    };
    await expect(run(node)).rejects.toMatchObject({ code: "L1/parent-command" });
  });

  it.each<[string, () => unknown]>([
    ["V27: a Send to an unlisted node", () => new Send("effect", { open: true })],
    ["V27: a list with a Send", () => [new Send("effect", {})]],
    ["a label that is not in the map", () => "effect"],
    ["a name that the map's prototype has", () => "constructor"],
  ])("a router takes its own labels only: %s", async (_what, router) => {
    const graph = new GuardedGraph(Toy, Toy)
      .step("node", idle)
      .edge(START, "node")
      .route("node", router as () => string, { on: END });
    await expect(graph.compile({}).invoke({ open: false })).rejects.toMatchObject({ code: "L1/route" });
  });
});

describe("the proof over the real lanes", () => {
  const topology = topologyOf(fakeGates());

  it("holds, and covers every effect with every gate of its lane", () => {
    const { proof, effects } = graphJson(topology);
    expect(proof).toEqual({ holds: true, unguarded: [] });
    expect(effects.map(({ id, gates }) => [id, gates.length])).toEqual(
      builtLanes().map((lane) => [`${lane.id}/${lane.effect}`, gatesOf(lane).length]),
    );
  });

  const passes = topology.ways.filter(({ label }) => label === PASS);

  it.each(passes.map((way) => [way.sources[0] ?? "", way] as const))(
    "fails when the pass edge of %s is taken away: its effect is cut off",
    (_gate, missing) => {
      const broken: Topology = { ...topology, ways: topology.ways.filter((way) => way !== missing) };
      expect(prove(broken).holds).toBe(false);
    },
  );

  it.each(passes.map((way) => [way.sources[0] ?? "", way] as const))(
    "fails when %s is passed by: a way leads round its pass edge",
    (gate, { target }) => {
      const bypass = { sources: [gate], target, label: "whatever" };
      const { unguarded } = prove({ ...topology, ways: [...topology.ways, bypass] });
      expect(unguarded).toContainEqual(expect.objectContaining({ gate }));
    },
  );

  it("is about the lanes' gates: a catalog without one of them does not build", () => {
    const { soaked: _gone, ...rest } = fakeGates();
    expect(() => topologyOf(rest)).toThrow(/names the gate soaked, and there is none/);
  });

  it("a lane with a gate taken out is another lane, and says so", () => {
    const mutant = topologyOf(fakeGates(), withoutGate("soaked"));
    expect(mutant.nodes.map(({ id }) => id)).not.toContain("propose-default-deny/soaked");
    expect(prove(mutant).holds).toBe(true);
  });

  it("shows a gate that is judged in part as partial", () => {
    const { nodes } = graphJson(topologyOf(fakeGates("partial")));
    expect(nodes.filter(({ kind }) => kind === "gate").every(({ depth }) => depth === "partial")).toBe(true);
  });

  it("draws every node and every label", () => {
    const drawn = graphMermaid(topology);
    expect(drawn.startsWith("flowchart TD\n")).toBe(true);
    for (const lane of builtLanes()) expect(drawn).toContain(`["${lane.id}"]`);
    expect(drawn.match(/\|pass\|/g)).toHaveLength(passes.length);
  });

  it("draws one lane alone, whole, and every way out of it", () => {
    for (const { id, parts } of builtLanes()) {
      const drawn = graphMermaid(topology, id);
      expect(drawn.match(/subgraph/g)).toHaveLength(1);
      expect(drawn.match(/\{\{"/g)).toHaveLength(parts.filter((part) => "gate" in part).length);
      const known = new Set([...drawn.matchAll(/^ +(n_\w+)(?=[[({])/gm)].map((match) => match[1]));
      const ends = [...drawn.matchAll(/^ +(n_\w+) -->(?:\|[\w.-]+\|)? (n_\w+)$/gm)].flatMap((match) => match.slice(1));
      expect(ends.filter((end) => !known.has(end))).toEqual([]);
    }
  });
});

describe("the lanes are the table of the lessons", () => {
  const PROPOSE = "scope compatible one-namespace turn allows-first";
  const JUDGED = "replay unexercised recovery-path no-audit-mode valid lint fleet";
  const ALLOWS = `${PROPOSE} ${JUDGED}`;
  const DEFAULT_DENY = `${PROPOSE} allows-live soaked ${JUDGED} rollback-rehearsed`;
  const REPAIR = "scope one-namespace allows-first replay recovery-path no-audit-mode valid lint";
  const table: Readonly<Record<LaneId, string>> = {
    "propose-allows": ALLOWS,
    "propose-default-deny": DEFAULT_DENY,
    "propose-repair": REPAIR,
    "request-sign-off": "scope enforced external-path signed",
    "request-rollback": "confirmed only-loosens",
    "report-gates": "restricts-nothing",
    "report-gates.propose-allows": ALLOWS,
    "report-gates.propose-default-deny": DEFAULT_DENY,
    "report-gates.propose-repair": REPAIR,
  };
  const cells = LANES.flatMap(({ id }) =>
    GATES.filter((gate) => table[id].split(" ").includes(gate)).map((gate) => {
      const lessons = gates[gate].lessons.map((number) => `lesson ${number}`).join(", ");
      return [id, gate, lessons] as const;
    }),
  );

  it.each(cells)("%s is behind %s (%s)", (id, gate) => {
    const lane = LANES.find((candidate) => candidate.id === id);
    expect(lane === undefined ? [] : gatesOf(lane)).toContain(gate);
  });

  it.each(LANES)("$id has its gates in this order and no other", (lane) => {
    expect(gatesOf(lane).join(" ")).toBe(table[lane.id]);
  });

  it("names every gate at least once, and every gate is written", () => {
    expect(new Set(LANES.flatMap(gatesOf))).toEqual(new Set(GATES));
    expect(Object.keys(gates).toSorted()).toEqual([...GATES].toSorted());
  });

  it("holds with the real gates, none of them judged in part", () => {
    const { proof, nodes } = graphJson(topologyOf(gates));
    expect(proof).toEqual({ holds: true, unguarded: [] });
    expect(nodes.filter(({ depth }) => depth === "partial")).toEqual([]);
  });
});
