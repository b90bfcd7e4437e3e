import { CommanderError } from "commander";
import { exitCodeOf, OperatorError } from "../facts/errors.ts";
import { buildProgram } from "./program.ts";

const say = (line: string): void => {
  process.stderr.write(`${line.replaceAll(/\s*\n\s*/g, " ")}\n`);
};

/** One line for a person's mistake; a stack only for a defect of ours. */
const exitCode = (error: unknown): number => {
  if (error instanceof OperatorError) {
    say(error.line);
    return exitCodeOf(error);
  }
  if (error instanceof CommanderError) {
    // Help and version are answers; commander has printed its own line for the rest.
    return error.exitCode === 0 ? 0 : 2;
  }
  process.stderr.write(
    `network-operator: a defect, please report it.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 3;
};

// Node's notes on its own experiments are not for whoever uses this; every other warning is.
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") say(`${warning.name}: ${warning.message}`);
});

// A reader that has seen enough (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await buildProgram().parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCode(error);
}
