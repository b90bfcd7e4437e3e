import { Command } from "@langchain/langgraph";
import type { GateId, LaneId } from "../../src/facts/rollout.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { gates } from "../../src/graph/gates/index.ts";
import { gatesOf, withoutGate, type Lane } from "../../src/graph/lanes.ts";
import type { GraphState } from "../../src/graph/state.ts";
import { openDesk } from "../graph/desk.ts";
import { arrange, EFFECTS, on, TARGETS, type Target } from "./ground.ts";

/** One gate of one lane, deleted. */
export interface GateMutant {
  readonly target: Target;
  readonly gate: GateId;
  readonly lane: LaneId;
  /** Of `docs/lessons.md`. */
  readonly lessons: readonly number[];
}

/** Every gate of every lane that is built, whatever is added to the list. */
export const GATE_MUTANTS: readonly GateMutant[] = TARGETS.flatMap((target) =>
  gatesOf(target.lane).map((gate) => ({ target, gate, lane: target.lane.id, lessons: gates[gate].lessons })),
);

export interface Tried {
  readonly refusedBy: readonly string[];
  readonly effects: number;
}

/** What answers a pause, by what it asks. */
const resumeOf = ({ pause, digest }: NonNullable<GraphState["pending"]>) =>
  pause === "confirmation" ? { confirmation: "attestation-1", digest } : { attestation: "attestation-1" };

/** An honest request in a world where this one gate would say no, on the given lanes. */
const ask = async ({ target, gate }: GateMutant, lanes?: readonly Lane[]): Promise<Tried> => {
  const desk = openDesk();
  await arrange(desk, target);
  desk.field.red.add(gate);
  const graph = buildGraph(desk.ports, lanes === undefined ? {} : { lanes });
  let state: GraphState = await graph.invoke({ request: { ...target.request, edits: [] } }, on());
  if (state.pending !== null) state = await graph.invoke(new Command({ resume: resumeOf(state.pending) }), on());
  return {
    refusedBy: state.result?.kind === "refused" ? state.result.refusals.map((refusal) => refusal.gate) : [],
    effects: EFFECTS[target.lane.effect](desk),
  };
};

/** With the gate it is refused by that gate; without it the effect happens: nothing else stood in its place. */
export const tryGate = async (
  mutant: GateMutant,
): Promise<{ readonly whole: Tried; readonly without: Tried | null }> => ({
  whole: await ask(mutant),
  // The only gate of a lane cannot be deleted: the builder compiles no effect without one.
  without: gatesOf(mutant.target.lane).length === 1 ? null : await ask(mutant, withoutGate(mutant.gate)),
});

/** What is wrong with a gate's place in its lane, naming its lesson; null when it is what holds. */
export const gateFault = async (mutant: GateMutant): Promise<string | null> => {
  const { whole, without } = await tryGate(mutant);
  const name = `${mutant.gate} of ${mutant.lane} (lesson ${mutant.lessons.join(", ") || "none"})`;
  if (whole.effects > 0) return `${name} says no, and the effect happens all the same`;
  if (!whole.refusedBy.includes(mutant.gate))
    return `${name} says no, and ${whole.refusedBy.join(", ") || "nobody"} refused instead`;
  if (without === null) return null;
  return without.effects > 0
    ? null
    : `${name} was deleted and ${without.refusedBy.join(", ") || "something"} still refuses`;
};
