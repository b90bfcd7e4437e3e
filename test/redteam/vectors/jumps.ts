import { Command, MemorySaver, Send } from "@langchain/langgraph";
import { wire, type OperatorGraph } from "../../../src/graph/build.ts";
import { all, EFFECTS, on, openGround, prepare, TARGETS, type LibraryGround, type Target } from "../ground.ts";
import { vector, type Refusal, type Vector } from "../vector.ts";

/** Ways for a caller to run an effect's node without its gates, tried on every lane that is built. */
const JUMPS: readonly {
  readonly id: string;
  readonly what: string;
  readonly by: Refusal;
  readonly attack: (place: LibraryGround, target: Target) => Promise<unknown>;
}[] = [
  {
    id: "V1",
    what: "a command goes to the effect and brings a forged state",
    by: "L2/command",
    attack: ({ graph }, { effect, forged }) => graph.invoke(new Command({ goto: effect, update: forged() }), on()),
  },
  {
    id: "V3",
    what: "a command writes the effect's own channel",
    by: "L2/command",
    attack: ({ graph }, { effect, forged }) =>
      graph.invoke(new Command({ update: { ...forged(), [`branch:to:${effect}`]: true } as never }), on()),
  },
  {
    id: "V3",
    what: "a command writes the queue of tasks",
    by: "L2/command",
    attack: ({ graph }, { effect, forged }) =>
      graph.invoke(new Command({ update: { __pregel_tasks: [new Send(effect, forged())] } as never }), on()),
  },
  {
    id: "V4",
    what: "a Send hands the effect a state of the caller's",
    by: "L2/command",
    attack: ({ graph }, { effect, forged }) => graph.invoke(new Command({ goto: new Send(effect, forged()) }), on()),
  },
  {
    id: "V4",
    what: "a Send beside a lawful resume",
    by: "L2/command",
    attack: ({ graph }, { effect, forged }) =>
      graph.invoke(new Command({ resume: "yes", goto: [new Send(effect, forged())] }), on()),
  },
  {
    id: "V5",
    what: "state is edited as if the last gate had written it, then carried on",
    by: "L2/state-edit",
    attack: async ({ graph }, { lastGate, forged }) => {
      await graph.updateState(on(), forged(), lastGate);
      await graph.invoke(null, on());
    },
  },
  {
    id: "V6",
    what: "a thread is born with a forged past",
    by: "L2/state-edit",
    attack: async ({ graph }, { lastGate, forged }) => {
      await graph.bulkUpdateState(on("born"), [{ updates: [{ values: forged(), asNode: lastGate }] }]);
      await graph.invoke(null, on("born"));
    },
  },
  {
    id: "V13",
    what: "a breakpoint of the caller's, the verdict edited behind it, then on",
    by: "L2/state-edit",
    attack: async ({ graph }, { request, firstGate, lastGate, forged }) => {
      await graph.invoke({ request: { ...request, edits: [] } }, { ...on("stopped"), interruptBefore: [firstGate] });
      await graph.updateState(on("stopped"), forged(), lastGate);
      await graph.invoke(null, on("stopped"));
    },
  },
  {
    id: "V14",
    what: "the saver is swapped by an internal key for one with a forged past",
    by: "L2/internal-key",
    attack: async ({ graph, desk }, { lastGate, forged }) => {
      const own = new MemorySaver();
      const unsealed: OperatorGraph = wire(desk.ports).compile({ checkpointer: own });
      await unsealed.updateState(on("own"), forged(), lastGate);
      await graph.invoke(null, on("own", { __pregel_checkpointer: own }));
    },
  },
  {
    id: "X1",
    what: "the funnel below the seal is called by the prototype's own method",
    by: "L0/door",
    attack: ({ graph }, { effect, forged }) => {
      const { _streamIterator: funnel } = Object.getPrototypeOf(graph) as {
        readonly _streamIterator: (this: unknown, input: unknown, options: unknown) => AsyncGenerator;
      };
      return all(funnel.call(graph, new Command({ goto: effect, update: forged() }), on()));
    },
  },
  {
    id: "V37",
    what: "the node's own function is called",
    by: "L0/door",
    attack: ({ desk }, { effect, forged }) => {
      const { runnable } = wire(desk.ports).builder.nodes[effect] ?? {};
      return (runnable as { invoke(state: unknown, config: unknown): Promise<unknown> }).invoke(forged(), on());
    },
  },
  {
    id: "V37",
    what: "the compiled graph's node is called",
    by: "L0/door",
    attack: ({ graph }, { effect, forged }) => {
      const { nodes } = graph as unknown as {
        nodes: Record<string, { bound: { invoke(s: unknown, c: unknown): Promise<unknown> } }>;
      };
      return Promise.resolve(nodes[effect]?.bound.invoke(forged(), on()));
    },
  },
  {
    id: "V37",
    what: "the builder is compiled once more, without a seal",
    by: "L0/door",
    attack: ({ graph }, { effect, forged }) => {
      const { builder } = graph as unknown as { builder: { readonly compile: (options: unknown) => OperatorGraph } };
      const again = builder.compile({ checkpointer: new MemorySaver() });
      return again.invoke(new Command({ goto: effect, update: forged() }), on());
    },
  },
];

const jumpsTo = (target: Target): readonly Vector[] =>
  JUMPS.map(({ id, what, by, attack }) =>
    vector({
      id,
      what: `${what} (${target.lane.id})`,
      who: id === "V37" || id === "X1" ? "contributor" : "caller",
      over: "library",
      stops: by === "L0/door" ? [by] : [by, "L0/door"],
      open: openGround,
      attack: async (place: LibraryGround) => {
        await prepare(place, target);
        place.turnRed();
        await attack(place, target);
      },
      reached: ({ desk }: LibraryGround) => EFFECTS[target.lane.effect](desk) > 0,
    }),
  );

export const jumps: readonly Vector[] = TARGETS.flatMap(jumpsTo);

const firstOfEach = TARGETS.filter(({ lane }, at) => TARGETS.findIndex((t) => t.lane.effect === lane.effect) === at);
export const jumpsPerEffect: readonly Vector[] = firstOfEach.flatMap(jumpsTo);
