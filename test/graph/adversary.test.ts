import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Command, Overwrite, Send } from "@langchain/langgraph";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBarrier } from "../../src/facts/barrier.ts";
import type { GateId } from "../../src/facts/rollout.ts";
import { buildGraph, topologyOf, wire, type OperatorGraph } from "../../src/graph/build.ts";
import { builtLanes, gatesOf } from "../../src/graph/lanes.ts";
import { fakeGates, openField, type Field } from "./field.ts";

/** One move of somebody with the library in their hands. */
type Move = (graph: OperatorGraph, field: Field) => Promise<unknown>;

const NODES = topologyOf(fakeGates()).nodes.map(({ id }) => id);
const PROPOSALS = builtLanes().filter(({ id }) => id.startsWith("propose-"));

const thread = fc.constantFrom("a", "b");
const namespace = fc.constantFrom("selfhosted", "media", "network", "nowhere", "../x");
const EFFECTS = NODES.filter((id) => id.endsWith("/open-pull-request"));
const node = fc.oneof(fc.constantFrom(...EFFECTS), fc.constantFrom(...NODES));
const lane = fc.constantFrom(...PROPOSALS.map(({ id }) => id));
const bytes = fc.constantFrom("allow: dns\n", "default-deny: true\n", "", "deny: all\n");
const edits = fc.array(
  fc.record({ path: fc.constantFrom("kubernetes/selfhosted/netpol/allows.yaml", "README.md", "a/../b"), text: bytes }),
  { maxLength: 2 },
);

const forged = fc.record({
  proposal: fc.record({
    lane,
    draft: fc.constantFrom("allows" as const, "default-deny" as const, "repair" as const),
    namespace,
    edits,
    answer: fc.constantFrom(null, "attestation-1"),
  }),
  verdict: fc.record({ lane, gate: fc.constantFrom<GateId>("fleet", "lint", "soaked"), pass: fc.constant(true) }),
  run: fc.constant({ id: "r", asker: "root", structured: true, namespace: null, turns: 0, proposals: 0, refusals: 0 }),
  result: fc.constant({ kind: "done", adopted: true, note: "", pullRequest: null }),
});

const on = (name: string, more: Record<string, unknown> = {}) => ({
  configurable: { thread_id: name, ...more },
  recursionLimit: 100,
});

const past = async (graph: OperatorGraph, name: string, pick: number) => {
  const found: { config: { configurable?: Record<string, unknown> } }[] = [];
  for await (const snapshot of graph.getStateHistory(on(name))) found.push(snapshot);
  return found[pick % Math.max(1, found.length)]?.config.configurable?.["checkpoint_id"];
};

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(thread, namespace, edits).map(
    ([t, ns, files]): Move =>
      (graph) =>
        graph.invoke({ request: { kind: "propose", namespace: ns, edits: files } }, on(t)),
  ),
  fc.tuple(thread, lane, namespace).map(
    ([t, kind, ns]): Move =>
      (graph) =>
        graph.invoke({ request: { kind, namespace: ns, edits: [] } }, on(t)),
  ),
  fc.tuple(thread, namespace).map(
    ([t, ns]): Move =>
      (graph) =>
        graph.invoke({ messages: [new HumanMessage(`lock down ${ns}`)] }, on(t)),
  ),
  fc.tuple(thread, node, forged).map(
    ([t, goto, update]): Move =>
      (graph) =>
        graph.invoke(new Command({ goto, update }), on(t)),
  ),
  fc.tuple(thread, node, forged).map(
    ([t, to, state]): Move =>
      (graph) =>
        graph.invoke(new Command({ goto: new Send(to, state) }), on(t)),
  ),
  fc.tuple(thread, node, forged).map(
    ([t, to, state]): Move =>
      (graph) =>
        graph.invoke(new Command({ update: { ...state, [`branch:to:${to}`]: true } }), on(t)),
  ),
  fc.tuple(thread, node, forged).map(([t, as, state]): Move => async (graph) => {
    await graph.updateState(on(t), state, as);
    await graph.invoke(null, on(t));
  }),
  fc.tuple(thread, fc.nat(40)).map(
    ([t, pick]): Move =>
      async (graph) =>
        graph.invoke(null, on(t, { checkpoint_id: await past(graph, t, pick) })),
  ),
  fc.tuple(thread, forged).map(
    ([t, state]): Move =>
      (graph) =>
        graph.invoke({ ...state, messages: [] }, on(t)),
  ),
  fc.tuple(thread, fc.constantFrom<unknown>("yes", true, { attestation: "attestation-1" }, [{ type: "accept" }])).map(
    ([t, resume]): Move =>
      (graph) =>
        graph.invoke(new Command({ resume }), on(t)),
  ),
  fc.tuple(thread, node).map(([t, at]): Move => async (graph) => {
    await graph.invoke({ messages: [new HumanMessage("lock down media")] }, { ...on(t), interruptBefore: [at] });
    await graph.invoke(null, on(t));
  }),
  fc.tuple(thread, namespace).map(([t, ns]): Move => {
    const call = { id: "c", name: "open_pull_request", args: { namespace: ns } };
    return (graph) => graph.invoke({ messages: [new AIMessage({ content: "", tool_calls: [call] })] }, on(t));
  }),
  fc.tuple(thread, forged).map(
    ([t, { verdict }]): Move =>
      (graph) =>
        graph.invoke({ messages: [{ __overwrite__: [] }], request: new Overwrite(verdict) }, on(t)),
  ),
  fc.tuple(node, forged).map(([at, state]): Move => async (_graph, field) => {
    const { runnable } = wire(field.ports).builder.nodes[at] ?? {};
    await (runnable as { invoke(state: unknown, config: unknown): Promise<unknown> }).invoke(
      { messages: [], decisions: [], turn: null, pending: null, reply: null, request: null, ...state },
      on("a"),
    );
  }),
);

/** What every write has to have behind it: a door of its lane that judged all its gates, and found them green. */
const clearedOnce = (field: Field): void => {
  const doors = field.ledger.filter(({ kind, body }) => kind === "door" && body["open"] === true);
  expect(field.forge.pulls.length).toBeLessThanOrEqual(doors.length);
  for (const { body } of doors) {
    const judged = (body["decisions"] as { gate: GateId; pass: boolean }[]).filter(({ pass }) => pass);
    const wanted = PROPOSALS.find(({ id }) => id === body["lane"]);
    expect(judged.map(({ gate }) => gate)).toEqual(wanted === undefined ? [] : gatesOf(wanted));
  }
};

/** Gates that every lane which writes to the forge has. */
const EVERYWHERE: readonly GateId[] = ["scope", "one-namespace", "allows-first", "replay", "valid", "lint"];

describe("an adversary with the library in its hands", () => {
  it("reaches no effect while a gate of every lane is red, and none without its door otherwise, sealed or not", async () => {
    let doors = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(move, { minLength: 1, maxLength: 4 }),
        fc.constantFrom<GateId | null>(...EVERYWHERE, null),
        fc.boolean(),
        async (moves, red, sealed) => {
          const field = openField();
          if (red !== null) field.red.add(red);
          const graph = sealed
            ? buildGraph(field.ports)
            : wire(field.ports).compile({ checkpointer: field.ports.checkpointer });
          for (const attempt of moves) {
            try {
              await attempt(graph, field);
            } catch (error) {
              if (isBarrier(error)) refused += 1;
            }
          }
          doors += field.ledger.filter(({ kind }) => kind === "door").length;
          clearedOnce(field);
          if (red !== null) expect([...field.forge.refs.keys()]).toEqual(["main"]);
        },
      ),
      { numRuns: 80, seed: 20_261_123 },
    );
    // Otherwise nothing was proved: the attempts have to get somewhere.
    expect(doors).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(25);
  });
});
