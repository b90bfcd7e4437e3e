import { ToolMessage } from "@langchain/core/messages";
import { ToolInputParsingException, type StructuredToolInterface } from "@langchain/core/tools";
import { OperatorError } from "../../facts/errors.ts";
import { isProposal, PROPOSALS } from "../../../tools/proposals.ts";
import type { ReadingTool } from "../../../tools/reading.ts";
import { progress, type Node } from "./kit.ts";

const SAID: Readonly<Record<string, string>> = {
  rollout_status: "reading where every namespace stands",
  read_hubble_edges: "reading Hubble's edges",
  inspect_namespace: "reading the repository",
  draft_policies: "drafting policies",
  run_audit: "auditing",
  replay_flows: "replaying flows",
};

/** Runs the reading tools that the operator asked for. There is nothing else here to run. */
export const look =
  (tools: readonly ReadingTool[]): Node =>
  async ({ turn }, config) => {
    if (turn?.kind !== "look") return {};
    const run = async (name: string, args: Record<string, unknown>): Promise<string> => {
      const tool: StructuredToolInterface | undefined = tools.find((candidate) => candidate.name === name);
      if (tool === undefined) {
        if (!isProposal(name)) return `There is no tool ${JSON.stringify(name.slice(0, 80))}.`;
        const checked = PROPOSALS[name].schema.safeParse(args);
        return checked.success
          ? "Not taken up: look first, then propose one thing alone."
          : `Not taken up: ${checked.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}`;
      }
      progress(config, SAID[name] ?? name);
      try {
        const text: unknown = await tool.invoke(args);
        return typeof text === "string" ? text : JSON.stringify(text);
      } catch (error) {
        if (error instanceof OperatorError) return `Error: ${error.line}`;
        if (error instanceof ToolInputParsingException) return `Error: the arguments of ${name} do not fit its schema.`;
        throw error;
      }
    };
    const messages: ToolMessage[] = [];
    for (const { id, name, args } of turn.calls)
      messages.push(new ToolMessage({ tool_call_id: id, name, content: await run(name, args) }));
    return { messages, turn: null };
  };
