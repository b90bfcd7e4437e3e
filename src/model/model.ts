import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { OperatorError } from "../facts/errors.ts";
import { Playbook } from "./playbook.ts";

/** `anthropic:claude-…`, `openai:gpt-…`, `ollama:llama…`. */
const NAMED = /^[a-z0-9_-]+:.+$/;

const load = async (setting: string): Promise<BaseChatModel> => {
  if (setting === "playbook") return new Playbook();
  if (!NAMED.test(setting))
    throw new OperatorError("input", `${JSON.stringify(setting)} names no model`, {
      where: "model",
      remedy: "Write `playbook`, or `provider:model` such as `anthropic:claude-sonnet-4-5`.",
    });
  try {
    const { initChatModel } = await import("langchain/chat_models/universal");
    return await initChatModel(setting, { temperature: 0 });
  } catch (cause) {
    const provider = setting.slice(0, setting.indexOf(":"));
    throw new OperatorError("outside", `the model ${setting} cannot be loaded: ${message(cause)}`, {
      where: "model",
      remedy: `Install @langchain/${provider} and set its key in the environment, or use \`playbook\`.`,
      cause,
    });
  }
};

const message = (cause: unknown): string =>
  cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);

/** The chat model of the configuration, made on first use: some providers fail at construction without a key. */
export const chatModel = (setting: string): (() => Promise<BaseChatModel>) => {
  let model: Promise<BaseChatModel> | undefined;
  return () => {
    model ??= load(setting).catch((error: unknown) => {
      model = undefined;
      throw error;
    });
    return model;
  };
};
