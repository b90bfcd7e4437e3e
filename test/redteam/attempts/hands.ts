import { Command, Send } from "@langchain/langgraph";
import type { OperatorGraph } from "../../../src/graph/build.ts";
import { all, on } from "../ground.ts";

export interface Sent {
  readonly input?: unknown;
  /** As over HTTP: a Send is `{ node, input }`. */
  readonly command?: { readonly goto?: unknown; readonly update?: unknown; readonly resume?: unknown };
  readonly configurable?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The entry points of the graph, as one attacker has them: by the library, or by HTTP. */
export interface Hands {
  readonly send: (thread: string, sent: Sent) => Promise<unknown>;
  readonly edit: (thread: string, values: unknown, as: string | null, checkpoint: string | null) => Promise<unknown>;
  readonly born: (thread: string, values: unknown, as: string | null) => Promise<unknown>;
  readonly checkpoints: (thread: string) => Promise<readonly string[]>;
}

const isNode = (value: unknown): value is { node: string; input: unknown } =>
  typeof value === "object" && value !== null && "node" in value && "input" in value;

export const libraryHands = (graph: OperatorGraph): Hands => {
  const config = (thread: string, { configurable = {}, options = {} }: Sent = {}) => {
    const base = on(thread, configurable);
    return { ...base, ...options, configurable: base.configurable };
  };
  return {
    send: (thread, sent) => {
      const { command, input = null } = sent;
      if (command === undefined) return graph.invoke(input, config(thread, sent));
      const goto = isNode(command.goto) ? new Send(command.goto.node, command.goto.input) : command.goto;
      return graph.invoke(
        new Command({ ...command, ...(goto === undefined ? {} : { goto }) } as never),
        config(thread, sent),
      );
    },
    edit: (thread, values, as, checkpoint) =>
      graph.updateState(on(thread, checkpoint === null ? {} : { checkpoint_id: checkpoint }), values, as ?? undefined),
    born: (thread, values, as) =>
      graph.bulkUpdateState(on(thread), [{ updates: [{ values: values, ...(as === null ? {} : { asNode: as }) }] }]),
    checkpoints: async (thread) =>
      (await all(graph.getStateHistory(on(thread)))).map(({ config: { configurable } }) =>
        String(configurable?.["checkpoint_id"]),
      ),
  };
};
