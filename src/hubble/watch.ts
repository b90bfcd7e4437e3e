import type { NodeStatus } from "../facts/flow.ts";
import type { Reducer } from "./reducer.ts";

/**
 * Which nodes are being watched, and since when. Time is whatever the collector counts in: the clock's while it follows a
 * live cluster, the flows' own while a bounded window is played.
 */
export interface NodeWatcher {
  /** A new connection; nodes that are told at once count from `time`. */
  connect(time: number, nodes: readonly string[]): void;
  status(status: NodeStatus, time: number): void;
  /** A flow of this node came in. */
  sign(node: string, time: number): void;
  /** Everything that is up stays so up to `time`; writes it down. */
  reach(reducer: Reducer, time: number): void;
  /** The connection is gone: nothing was watched after `time`. */
  disconnect(reducer: Reducer, time: number, why: string): void;
  nodes(): readonly string[];
}

export const nodeWatcher = (reducerNow: () => Reducer): NodeWatcher => {
  const since = new Map<string, number>();
  const isDown = new Set<string>();
  let connectedAt = 0;
  let isFirst = true;

  const upTo = (reducer: Reducer, node: string, time: number): void => {
    const from = since.get(node);
    if (from === undefined || time <= from) return;
    reducer.up(node, from, time);
    since.set(node, time);
  };

  return {
    connect: (time, nodes) => {
      since.clear();
      isDown.clear();
      connectedAt = time;
      isFirst = true;
      for (const node of nodes) since.set(node, time);
    },
    status: ({ state, nodes, message }, time) => {
      for (const node of nodes) {
        if (state === "NODE_CONNECTED") {
          isDown.delete(node);
          // What Relay says before the first flow is how things stood when we connected.
          if (!since.has(node)) since.set(node, isFirst ? connectedAt : time);
          continue;
        }
        if (state === "UNKNOWN_NODE_STATE") continue;
        upTo(reducerNow(), node, time);
        since.delete(node);
        isDown.add(node);
        const why = state === "NODE_GONE" ? "the node is gone" : "Relay could not reach the node";
        reducerNow().broke(node, time, message === "" ? why : `${why}: ${message}`);
      }
    },
    sign: (node, time) => {
      isFirst = false;
      if (!since.has(node) && !isDown.has(node)) since.set(node, time);
    },
    reach: (reducer, time) => {
      for (const node of since.keys()) upTo(reducer, node, time);
    },
    disconnect: (reducer, time, why) => {
      for (const node of since.keys()) {
        upTo(reducer, node, time);
        reducer.broke(node, time, why);
      }
      since.clear();
    },
    nodes: () => [...since.keys()],
  };
};
