import { resolve } from "node:path";
import { Option, type Command } from "commander";
import type { Config } from "../config/schema.ts";
import { loadConfig } from "../config/load.ts";
import { OperatorError } from "../facts/errors.ts";
import { progressOn, type Progress } from "./progress.ts";

/** Where the agent keeps what it knows, unless `--state` says otherwise. */
export const STATE_DIR = ".network-operator";

/** What every command is given: its configuration, its state folder, a way to speak, and the exit code it may set. */
export interface Face {
  readonly config: Config;
  readonly configFile: string | null;
  readonly state: string;
  readonly format: string;
  readonly progress: Progress;
  /** The answer, on stdout: the text for people, or the value as JSON alone. */
  answer(value: unknown, text: () => string): void;
  /** Remarks for people, on stderr. */
  note(line: string): void;
}

interface CommonOptions {
  readonly config?: string;
  readonly state?: string;
  readonly format?: string;
}

/** `--config`, `--state` and, where a command answers something, `--format`. */
export const common = (command: Command, formats: readonly string[] | null = ["text", "json"]): Command => {
  command
    .option("--config <file>", "configuration file (default: network-operator.yaml, if there is one)")
    .option("--state <dir>", `state folder (default: ${STATE_DIR})`);
  if (formats !== null)
    command.addOption(new Option("--format <format>", "how to answer").choices(formats).default(formats[0]));
  return command;
};

export const faceOf = (options: CommonOptions): Face => {
  const { config, file } = loadConfig(options.config ?? null);
  const format = options.format ?? "text";
  return {
    config,
    configFile: file,
    state: resolve(options.state ?? STATE_DIR),
    format,
    progress: progressOn(process.stderr),
    answer: (value, text) => {
      const out = format === "text" ? text() : JSON.stringify(value, null, 2);
      process.stdout.write(out.endsWith("\n") ? out : `${out}\n`);
    },
    note: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
};

/** A number from a flag, or a complaint that names the flag. */
export const numberFlag =
  (flag: string, minimum: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= minimum) return value;
    throw new OperatorError(
      "input",
      `${flag} takes a whole number of at least ${minimum}, not ${JSON.stringify(text)}`,
      {
        remedy: "See --help.",
      },
    );
  };
