import { spawnSync } from "node:child_process";
import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import { defaultSettings } from "../../src/facts/settings.ts";
import { generateScenario, HEADER } from "../conformance/fuzz/generate.ts";
import { buildOracle } from "../conformance/fuzz/oracle.ts";
import { Random } from "../conformance/fuzz/random.ts";
import { makeQuestions, makeScene } from "./kernel-scene.ts";

/** `node test/bench/kernel.ts [--oracle]`: verdicts per second, and a replay's worth of edges with the compile included. */

const settings = defaultSettings();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** Wall clock is what a person waits; processor time is what the work costs, whoever else is on the machine. */
const clock = (): (() => { readonly wall: number; readonly cpu: number }) => {
  const [start, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { wall: performance.now() - start, cpu: (user + system) / 1000 };
  };
};

const rate = (count: number, milliseconds: number): string =>
  `${Math.round((count / milliseconds) * 1000).toLocaleString("en-US")}/s`;

const verdictRate = (): void => {
  const scene = makeScene(300, 186);
  const set = compilePolicies(scene.documents, settings);
  const tuples = 400_000;
  const questions = makeQuestions(scene, tuples);
  // Every subject once, so that what is compiled on first use is compiled; no tuple is asked twice.
  for (const subject of scene.pods) set.defaultDeny(subject, "ingress");
  const half = tuples / 2;
  for (const question of questions.slice(0, half)) set.judge(question);
  const measured = questions.slice(half);
  let rules = 0;
  const stop = clock();
  for (const question of measured) rules += set.judge(question).by.length;
  const { wall, cpu } = stop();
  say(
    `verdicts: ${rate(measured.length, wall)} (${rate(measured.length, cpu)} of processor time) over ${measured.length.toLocaleString("en-US")} distinct tuples in random order ` +
      `(300 policies, 186 identities, ${rules.toLocaleString("en-US")} deciding rules named)`,
  );
};

const replay = (): void => {
  const scene = makeScene(3000, 600);
  const questions = makeQuestions(scene, 1000);
  const stop = clock();
  const set = compilePolicies(scene.documents, settings);
  const compiled = stop();
  let dropped = 0;
  for (const { subject, peer, protocol, port } of questions) {
    const source = { ...subject, endpoint: true };
    const destination = { ...peer, endpoint: scene.pods.some((p) => p === peer) };
    if (set.connection({ source, destination, protocol, port }).verdict === "dropped") dropped++;
  }
  const total = stop();
  say(
    `replay: 1,000 edges, both ends, against 3,000 policies and 600 identities in ${total.wall.toFixed(0)} ms ` +
      `(${total.cpu.toFixed(0)} ms of processor time), compile ${compiled.wall.toFixed(0)} ms of it (${dropped} dropped)`,
  );
};

/** The engine itself on generated scenarios: its own figure, of which reading and compiling are a part. */
const oracle = (): void => {
  const random = new Random(1);
  const scenarios = Array.from({ length: 1000 }, (_, i) => generateScenario(random, `b${i}`));
  const input = [HEADER, ...scenarios].map((line) => JSON.stringify(line)).join("\n");
  const binary = buildOracle("1.19");
  const start = performance.now();
  spawnSync(binary, [], { input, maxBuffer: 1 << 30 });
  say(
    `Cilium 1.19's engine: ${rate(20_000, performance.now() - start)} on 1,000 scenarios of 20 flows, reading included`,
  );
};

verdictRate();
replay();
try {
  oracle();
} catch (error) {
  if (!(error instanceof OperatorError)) throw error;
  say(`Cilium's engine: left out. ${error.line}`);
}
