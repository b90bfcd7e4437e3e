import type { CiliumVersion } from "../../src/facts/settings.ts";
import { compareScenario } from "./compare.ts";
import { readVectors } from "./vectors.ts";

/**
 * `node test/conformance/run.ts [--show K] [--version 1.19] FILE…`: compares our verdicts with those of Cilium's own engine.
 * Ends with `N verdicts, A agree, D disagree`; exit 1 on any disagreement, 2 on bad arguments or an unreadable file.
 */

const VERSIONS: readonly CiliumVersion[] = ["1.17", "1.18", "1.19", "1.20"];

const fail = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(2);
};

const files: string[] = [];
let show = 0;
let version: CiliumVersion = "1.19";
const args = process.argv.slice(2);
while (args.length > 0) {
  const arg = args.shift() ?? "";
  if (arg === "--show") {
    show = Number(args.shift());
    if (!Number.isInteger(show) || show < 0) fail("--show needs a number: how many disagreements to print");
  } else if (arg === "--version") {
    const wanted = args.shift();
    version = VERSIONS.find((v) => v === wanted) ?? fail(`--version needs one of ${VERSIONS.join(", ")}`);
  } else if (arg.startsWith("-")) fail(`unknown flag ${arg}: there are --show K and --version MINOR`);
  else files.push(arg);
}
if (files.length === 0) fail("name at least one verdict file, plain or gzipped");

let verdicts = 0;
let agree = 0;
for (const file of files) {
  let scenarios: ReturnType<typeof readVectors> = [];
  try {
    scenarios = readVectors(file, version);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
  for (const scenario of scenarios) {
    for (const comparison of compareScenario(scenario)) {
      verdicts++;
      if (comparison.agrees) agree++;
      else if (show-- > 0) {
        process.stdout.write(`${comparison.what}: engine ${comparison.expected}, ours ${comparison.actual}\n`);
      }
    }
  }
}
process.stdout.write(`${verdicts} verdicts, ${agree} agree, ${verdicts - agree} disagree\n`);
process.exit(agree === verdicts ? 0 : 1);
