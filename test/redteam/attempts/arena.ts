import { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { AIMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { buildGraph, wire, type OperatorGraph } from "../../../src/graph/build.ts";
import type { GateId } from "../../../src/facts/rollout.ts";
import { openDesk, type Desk } from "../../graph/desk.ts";
import { openField } from "../../graph/field.ts";
import type { MemoryForge } from "../../graph/memory-forge.ts";
import type { GateCatalog } from "../../../src/graph/gate.ts";
import type { GraphPorts } from "../../../src/graph/ports.ts";
import type { Scenario } from "./moves.ts";
import { watch, type Watch } from "./watch.ts";

/** Says what a hostile model would say, in order, and then nothing more. */
class HostileModel extends BaseChatModel {
  readonly #script: Scenario["script"];
  #turn = 0;

  constructor(script: Scenario["script"]) {
    super({});
    this.#script = script;
  }

  override _llmType(): string {
    return "hostile";
  }

  override bindTools(): this {
    return this;
  }

  override async _generate(): Promise<ChatResult> {
    const { text, calls } = this.#script[this.#turn] ?? { text: "done", calls: [] };
    this.#turn += 1;
    const tool_calls = calls.map(({ name, args }, at) => ({
      id: `call-${this.#turn}-${at}`,
      name,
      args: args as never,
    }));
    const message = new AIMessage({ content: text, tool_calls });
    return { generations: [{ text, message }] };
  }
}

/** A field with a watch at every place where the world can be written. */
export interface Arena {
  readonly desk: Desk;
  readonly ports: GraphPorts;
  readonly forge: MemoryForge;
  readonly graph: OperatorGraph;
  readonly watch: Watch;
  /** Commits that somebody else pushed. */
  readonly theirs: Set<string>;
  /** From the pass after next, say, the world is another. */
  later(after: number, change: () => void): void;
  doors(): number;
}

const blinded = (catalog: GateCatalog): GateCatalog =>
  Object.fromEntries(
    Object.entries(catalog).map(([id, gate]) => [
      id,
      { ...gate, judge: () => ({ gate: gate.id, pass: true, read: [], notes: [] }) },
    ]),
  );

export const openArena = (
  scenario: Scenario,
  options: { readonly served?: boolean; readonly blind?: boolean } = {},
): Arena => {
  const outside = openField().forge;
  const theirs = new Set<string>();
  const seen = watch();
  const place = { ...outside, ...seen.forge(outside, (commit) => theirs.has(commit)) };
  const model = new HostileModel(scenario.script);
  const made = openDesk(undefined, { forge: place, model: () => Promise.resolve(model) });
  const { field, attestations } = made;
  const red: Set<GateId> = field.red;
  for (const gate of scenario.red) red.add(gate);
  const honest = field.tamper;
  field.tamper = (facts) => {
    const read = honest(facts);
    seen.read(read, new Set(red));
    return read;
  };
  const due: { at: number; readonly change: () => void }[] = [];
  field.onRead = () => {
    for (const entry of due) {
      if (entry.at === 0) entry.change();
      entry.at -= 1;
    }
  };
  const { signOff } = made.ports;
  const ports = {
    ...made.ports,
    // What the watch is for: gates that see nothing, on the edge and at the door.
    ...(options.blind === true ? { catalog: blinded(made.ports.catalog) } : {}),
    check: seen.check(made.ports.check),
    rollback: seen.rollback(made.ports.rollback),
    signOff:
      signOff === null
        ? null
        : seen.signOff(signOff, (id, namespace) =>
            attestations.some((entry) => entry.id === id && entry.request.namespace === namespace),
          ),
  };
  return {
    desk: made,
    ports,
    forge: outside,
    graph: scenario.sealed
      ? buildGraph(ports, { trustServerUser: options.served === true })
      : wire(ports).compile({ checkpointer: ports.checkpointer }),
    watch: seen,
    theirs,
    later: (after, change) => {
      if (after === 0) change();
      else due.push({ at: after - 1, change });
    },
    doors: () => field.ledger.filter(({ kind }) => kind === "door").length,
  };
};
