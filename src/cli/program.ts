import { Command, type OutputConfiguration } from "commander";
import { askCommands } from "./commands/ask.ts";
import { auditCommand } from "./commands/audit.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { draftCommand } from "./commands/draft.ts";
import { evalsCommand } from "./commands/evals.ts";
import { flowsCommand } from "./commands/flows.ts";
import { graphCommand } from "./commands/graph.ts";
import { initCommand } from "./commands/init.ts";
import { logCommand } from "./commands/log.ts";
import { passkeyCommand } from "./commands/passkey.ts";
import { prCommand } from "./commands/pr.ts";
import { replayCommand } from "./commands/replay.ts";
import { rollbackCommand } from "./commands/rollback.ts";
import { runCommand } from "./commands/run.ts";
import { sampleCommand } from "./commands/sample.ts";
import { serveCommand } from "./commands/serve.ts";
import { statusCommand } from "./commands/status.ts";
import { packageVersion } from "./version.ts";

/** Every command, in the order in which a newcomer meets them. Each file loads what it needs only when it runs. */
export const buildProgram = (): Command => {
  const program = new Command("network-operator")
    .description("Locks Kubernetes namespaces down with Cilium, and cannot break the network.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput(oneLine);
  for (const command of [
    ...askCommands(),
    runCommand(),
    statusCommand(),
    auditCommand(),
    replayCommand(),
    draftCommand(),
    flowsCommand(),
    serveCommand(),
    passkeyCommand(),
    prCommand(),
    rollbackCommand(),
    sampleCommand(),
    graphCommand(),
    evalsCommand(),
    logCommand(),
    initCommand(),
    doctorCommand(),
  ])
    program.addCommand(inherit(command));
  return program;
};

/** A mistake on the command line is said in one line, with where to look. */
const oneLine: OutputConfiguration = {
  outputError: (text, write) => {
    const line = text
      .replace(/^error: /, "")
      .replaceAll(/\s*\n\s*/g, " ")
      .trim();
    write(`${line} (--help lists what there is)\n`);
  },
};

/** Neither is inherited by commands that are added ready-made. */
const inherit = (command: Command): Command => {
  command.exitOverride().configureOutput(oneLine);
  for (const child of command.commands) inherit(child);
  return command;
};
