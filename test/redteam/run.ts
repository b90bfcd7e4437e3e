import { parseArgs } from "node:util";
import { GATE_MUTANTS, gateFault } from "./gate-mutants.ts";
import { runMutants } from "./mutants.ts";
import { closeServer } from "./server-ground.ts";
import { VECTORS } from "./vectors/index.ts";

const { values } = parseArgs({ options: { mutants: { type: "boolean", default: false } } });
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const mutants = async (): Promise<number> => {
  const results = await runMutants(VECTORS, ({ name, out, wanted, fault }) => {
    if (fault !== null) say(`MISSED ${name} without ${out.join(", ")}: ${fault}`);
    else say(`${wanted.padEnd(20)} ${name} without ${out.join(", ")}`);
  });
  let missed = results.filter(({ fault }) => fault !== null).length;
  for (const mutant of GATE_MUTANTS) {
    const fault = await gateFault(mutant);
    if (fault !== null) {
      missed += 1;
      say(`MISSED ${fault}`);
    }
  }
  say(`${results.length} layer mutants, ${GATE_MUTANTS.length} gate mutants, ${missed} missed`);
  return missed === 0 ? 0 : 1;
};

try {
  process.exitCode = values.mutants ? await mutants() : 0;
} finally {
  await closeServer();
}
// The server keeps a worker waiting for runs that nobody will send.
process.exit();
