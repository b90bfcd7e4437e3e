import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import type { LaneRequest } from "../gate.ts";
import type { GraphState, GraphUpdate } from "../state.ts";

export type Node = (state: GraphState, config: LangGraphRunnableConfig) => GraphUpdate | Promise<GraphUpdate>;

export const threadOf = (config: LangGraphRunnableConfig): string => {
  const thread: unknown = config.configurable?.["thread_id"];
  return typeof thread === "string" ? thread : "unthreaded";
};

/** Shown on stderr by a face that listens to the custom stream; carries no decision. */
export const progress = (config: LangGraphRunnableConfig, text: string): void => {
  config.writer?.({ kind: "progress", text });
};

/** Of a pull request before it is known what it amounts to, and for whom. */
export const reportOf = (pullRequest: number): LaneRequest => ({
  lane: "report-gates",
  draft: null,
  namespace: "",
  edits: [],
  answer: null,
  pullRequest,
});
