import { existsSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { OperatorError } from "../../facts/errors.ts";

/** Writes a commented configuration; never over one that is there. */
export const initCommand = (): Command =>
  new Command("init")
    .description("write a commented network-operator.yaml with every key and its default")
    .option("--config <file>", "where to write it", "network-operator.yaml")
    .option("--print", "to stdout instead")
    .action(async (options: { config: string; print?: boolean }) => {
      const { printConfig } = await import("../../config/print.ts");
      const text = printConfig();
      if (options.print === true) {
        process.stdout.write(text);
        return;
      }
      if (existsSync(options.config))
        throw new OperatorError("input", "there is a file already", {
          where: options.config,
          remedy: "Use `init --print` to see every key, or name another file with --config.",
        });
      writeFileSync(options.config, text, { flag: "wx" });
      process.stdout.write(`Wrote ${options.config}. Next: network-operator doctor\n`);
    });
