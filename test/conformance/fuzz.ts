import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { exitCodeOf, OperatorError } from "../../src/facts/errors.ts";
import type { CiliumVersion } from "../../src/facts/settings.ts";
import { answered, compareWith, type Disagreement, disagreements, joined } from "./fuzz/differ.ts";
import { generateScenario, HEADER } from "./fuzz/generate.ts";
import { askOracle, buildOracle } from "./fuzz/oracle.ts";
import { Random } from "./fuzz/random.ts";
import { shrink } from "./fuzz/shrink.ts";

/**
 * `node test/conformance/fuzz.ts [--seed N] [--scenarios N] [--version 1.19] [--show K] [--record FILE]`: random scenarios,
 * decided by us and by Cilium's own engine. Prints the first K disagreements, shrunk; `--record` keeps the engine's verdicts in
 * a file that `run.ts` reads. Exit 1 on any disagreement, 2 on bad flags, 3 without Go.
 */

const VERSIONS: readonly CiliumVersion[] = ["1.17", "1.18", "1.19"];
const BATCH = 500;

const usage = (message: string): never => {
  throw new OperatorError("input", message, {
    remedy: "The flags are --seed N, --scenarios N, --version 1.17|1.18|1.19, --show K and --record FILE.",
  });
};

const options = { seed: 1, scenarios: 1000, show: 5 };
let version: CiliumVersion = "1.19";
let record: string | null = null;

const readFlags = (args: string[]): void => {
  while (args.length > 0) {
    const flag = args.shift() ?? "";
    const value = args.shift();
    if (flag === "--version")
      version = VERSIONS.find((v) => v === value) ?? usage(`no oracle for ${value ?? "nothing"}`);
    else if (flag === "--record") record = value ?? usage("--record needs a file");
    else if (flag === "--seed" || flag === "--scenarios" || flag === "--show") {
      const number = Number(value);
      if (value === undefined || !Number.isInteger(number) || number < 0) usage(`${flag} needs a whole number`);
      options[flag === "--seed" ? "seed" : flag === "--show" ? "show" : "scenarios"] = number;
    } else usage(`unknown flag ${flag}`);
  }
};

const print = (found: Disagreement): void => {
  const { what, expected, actual, scenario } = found;
  process.stdout.write(`${what}\n  engine ${expected}\n  ours   ${actual}\n  ${JSON.stringify(scenario)}\n`);
};

const run = (): number => {
  readFlags(process.argv.slice(2));
  const binary = buildOracle(version);
  const random = new Random(options.seed);
  let verdicts = 0;
  let agree = 0;
  let shown = 0;
  let crashed = 0;
  const recorded = [JSON.stringify({ ...HEADER, header: `verdicts of Cilium ${version}'s own policy engine` })];
  for (let done = 0; done < options.scenarios; done += BATCH) {
    const count = Math.min(BATCH, options.scenarios - done);
    const scenarios = Array.from({ length: count }, (_, i) =>
      generateScenario(random, `f${options.seed}-${done + i}`, version),
    );
    const answers = askOracle(binary, scenarios);
    for (const [i, scenario] of scenarios.entries()) {
      const answer = answers[i];
      if (answer === undefined) continue;
      crashed += answer.verdicts?.filter((v) => v === "CRASHED").length ?? 0;
      if (record !== null) recorded.push(JSON.stringify(joined(...answered(scenario, answer))));
      const comparisons = compareWith(scenario, answer, version);
      verdicts += comparisons.length;
      const agreeing = comparisons.filter((c) => c.agrees).length;
      agree += agreeing;
      if (agreeing === comparisons.length || shown >= options.show) continue;
      const [first] = disagreements(scenario, answer, version);
      if (first !== undefined) print(shrink(first, binary, version));
      shown++;
    }
  }
  if (record !== null) writeFileSync(record, gzipSync(`${recorded.join("\n")}\n`, { level: 9 }));
  if (crashed > 0) process.stdout.write(`${crashed} flows left out: the engine panicked on their policies\n`);
  process.stdout.write(
    `${options.scenarios} scenarios against Cilium ${version}: ${verdicts} verdicts, ${agree} agree, ${verdicts - agree} disagree\n`,
  );
  return verdicts === agree ? 0 : 1;
};

try {
  process.exitCode = run();
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  process.stderr.write(`${error.line}\n`);
  process.exitCode = exitCodeOf(error);
}
