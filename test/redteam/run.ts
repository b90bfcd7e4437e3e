import { parseArgs } from "node:util";
import { newTally, playMany, upperBound, type Tally, type WayIn } from "./attempts/play.ts";
import { closeServe } from "./attempts/serve-hands.ts";
import { GATE_MUTANTS, gateFault } from "./gate-mutants.ts";
import { runMutants } from "./mutants.ts";
import { closeServer } from "./server-ground.ts";
import { fault, layersOf, run } from "./vector.ts";
import { NOT_APPLICABLE } from "./vectors/not-applicable.ts";
import { VECTORS } from "./vectors/index.ts";

const USAGE = `npm run redteam                                     every known way, with every layer in place
npm run redteam -- --mutants                        each layer of each way, and each gate of each lane, taken out
npm run redteam -- --attempts 10000 [--seed N] [--http N]   generated attempts\n`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const vectors = async (): Promise<boolean> => {
  let through = 0;
  for (const vector of VECTORS) {
    const found = fault(vector, new Set(), await run(vector, new Set()));
    if (found !== null) through += 1;
    say(
      `${found ?? vector.stops[0]}`.padEnd(20) +
        ` ${vector.id} ${vector.what} (${vector.over}; ${layersOf(vector).join(", ")})`,
    );
  }
  for (const [id, { what, why }] of Object.entries(NOT_APPLICABLE))
    say(`${"no place here".padEnd(20)} ${id} ${what}: ${why}`);
  say(`${VECTORS.length} ways tried, ${through} got through`);
  return through === 0;
};

const mutants = async (): Promise<boolean> => {
  const results = await runMutants(VECTORS, ({ name, out, wanted, fault: found }) =>
    say(`${found === null ? wanted.padEnd(20) : `MISSED (${found})`} ${name} without ${out.join(", ")}`),
  );
  let missed = results.filter((result) => result.fault !== null).length;
  for (const mutant of GATE_MUTANTS) {
    const found = await gateFault(mutant);
    if (found !== null) missed += 1;
    say(
      found === null
        ? `the effect           ${mutant.lane} without ${mutant.gate} (lesson ${mutant.lessons.join(", ")})`
        : `MISSED ${found}`,
    );
  }
  say(`${results.length} layer mutants and ${GATE_MUTANTS.length} gate mutants, ${missed} missed`);
  return missed === 0;
};

/** Share of attempts that must reach a door, and of those over HTTP; below, nothing was proved. */
const DOORS = 0.2;
const OVER_HTTP = 0.1;

const table = (title: string, counts: ReadonlyMap<string, number>): void => {
  say(title);
  for (const [key, times] of [...counts].toSorted(([, a], [, b]) => b - a))
    say(`  ${String(times).padStart(7)}  ${key}`);
};

const attempts = async (wanted: number, seed: number, http: number): Promise<boolean> => {
  const began = Date.now();
  const tally: Tally = newTally();
  const part = async (by: WayIn, share: number): Promise<number> => {
    const before = tally.attempts;
    await playMany({
      attempts: share,
      seed,
      tally,
      by,
      said: () => process.stderr.write(`\r${tally.attempts} attempts, ${tally.doors} doors `),
    });
    return tally.attempts - before;
  };
  say(`seed ${seed}`);
  const serve = Math.ceil(http / 4);
  let overHttp = 0;
  try {
    overHttp = (await part("langgraph", http - serve)) + (await part("serve", serve));
    await part("library", Math.max(0, wanted - tally.attempts));
  } catch (error) {
    process.stderr.write("\n");
    say(error instanceof Error ? error.message : String(error));
    if (error instanceof Error && error.cause instanceof Error) say(error.cause.message);
    say(`${tally.attempts} attempts, and one of them reached an effect without clearance`);
    return false;
  }
  process.stderr.write("\n");
  table("refused by", tally.refused);
  table("ended otherwise", tally.strange);
  say(`${tally.attempts} attempts in ${((Date.now() - began) / 1000).toFixed(0)} s, ${overHttp} of them over HTTP`);
  say(
    `${tally.doors} reached a door (${tally.sealedDoors} on a sealed graph), ${tally.effects} writes behind all their gates`,
  );
  say(
    `0 effects without clearance; 95 % upper bound ${upperBound(tally.attempts).toExponential(2)} per attempt, ${upperBound(tally.doors).toExponential(2)} per door`,
  );
  const vacuous = tally.doors < DOORS * wanted || overHttp < OVER_HTTP * wanted;
  if (vacuous)
    say(
      `vacuous: at least ${DOORS * wanted} attempts have to reach a door and ${OVER_HTTP * wanted} to come over HTTP`,
    );
  return !vacuous;
};

const bad = (why: string): never => {
  process.stderr.write(`${why}\n${USAGE}`);
  return process.exit(2);
};

const number = (text: string, name: string): number => {
  const value = Number(text);
  const right = Number.isSafeInteger(value) && value >= 0;
  return right ? value : bad(`--${name} wants a whole number, not ${JSON.stringify(text)}.`);
};

const asked = (): { mutants?: boolean; attempts?: string; seed?: string; http?: string } => {
  try {
    return parseArgs({
      options: {
        mutants: { type: "boolean" },
        attempts: { type: "string" },
        seed: { type: "string" },
        http: { type: "string" },
      },
    }).values;
  } catch (error) {
    return bad(error instanceof Error ? error.message : String(error));
  }
};

const values = asked();
let held = false;
try {
  if (values.attempts !== undefined) {
    const wanted = number(values.attempts, "attempts");
    const seed = number(values.seed ?? String(Date.now() % 1_000_000_000), "seed");
    held = await attempts(wanted, seed, number(values.http ?? String(Math.ceil(wanted / 8)), "http"));
  } else held = values.mutants === true ? await mutants() : await vectors();
} finally {
  await closeServe();
  await closeServer();
}
// The server keeps a worker waiting for runs that nobody will send.
process.exit(held ? 0 : 1);
