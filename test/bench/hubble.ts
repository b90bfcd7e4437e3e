import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EvidenceHour } from "../../src/facts/evidence.ts";
import { collect } from "../../src/hubble/collector.ts";
import { readFlows } from "../../src/hubble/files.ts";
import { memoryEvidence } from "../../src/store/evidence.ts";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";
import { writeFlows } from "./hubble-flows.ts";

/**
 * How fast flows become edges. `node test/bench/hubble.ts [flows]` measures; each measurement runs in a process of its own, so
 * that its peak memory is its own. Ends with 1 when a bar was missed.
 */
const SEED = 20_261_123;
const BARS = { two: 600_000, one: 350_000, megabytes: 256, ratio: 2, relay: 80_000 } as const;

interface Measured {
  readonly perSecond: number;
  /** Time of all threads, microseconds a flow: moves less than flows a second when others use the machine. */
  readonly cpu: number;
  readonly megabytes: number;
  /** Over all edges and counts: two readings that agree are the same. */
  readonly digest: string;
  readonly flows: number;
  readonly edges: number;
}

/** What reading took. */
const measured = async (
  read: () => Promise<number>,
): Promise<Pick<Measured, "perSecond" | "cpu" | "megabytes" | "flows">> => {
  const before = process.cpuUsage();
  const start = performance.now();
  const flows = await read();
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(before);
  const megabytes = process.resourceUsage().maxRSS / 1_024;
  return { perSecond: flows / seconds, cpu: (user + system) / flows, megabytes, flows };
};

const measureFile = async (path: string, workers: number, fast: boolean): Promise<Measured> => {
  let hours: readonly EvidenceHour[] = [];
  const took = await measured(async () => {
    const read = await readFlows([path], { workers, fast });
    ({ hours } = read);
    return read.flows;
  });
  const edges = await memoryEvidence(hours).edges({});
  return {
    ...took,
    digest: createHash("sha256").update(JSON.stringify(hours)).digest("hex").slice(0, 16),
    edges: edges.length,
  };
};

const measureRelay = async (address: string): Promise<Measured> => {
  const store = openEvidenceStore({ path: ":memory:", key: "bench" });
  const took = await measured(async () => {
    const { flows, bad } = await collect({ relay: { address, tls: null }, writer: store, commitEvery: 5_000 });
    if (bad > 0) throw new Error(`${bad} messages could not be read`);
    return flows;
  });
  const edges = await store.edges({});
  await store.dispose();
  return { ...took, digest: "", edges: edges.length };
};

const RUNS = 3;

const run = promisify(execFile);
const inProcess = async (...args: string[]): Promise<Measured> => {
  const { stdout } = await run(process.execPath, [import.meta.filename, "measure", ...args]);
  return JSON.parse(stdout) as Measured;
};

/** The best of some: a bar is about the program, not about what else the machine does. */
const best = (runs: readonly Measured[]): Measured => runs.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));

interface Runs {
  readonly two: Measured[];
  readonly one: Measured[];
  readonly parsed: Measured[];
  /** Two processes side by side, which share nothing but the machine: no two workers can do better. */
  readonly apart: number[];
}

/** Taken in turns, so that what else the machine does falls on all of them. */
const measureFiles = async (path: string): Promise<Runs> => {
  const runs: Runs = { two: [], one: [], parsed: [], apart: [] };
  for (let i = 0; i < RUNS; i++) {
    runs.two.push(await inProcess(path, "2", "fast"));
    runs.one.push(await inProcess(path, "1", "fast"));
    const both = await Promise.all([inProcess(path, "1", "fast"), inProcess(path, "1", "fast")]);
    runs.apart.push(both.reduce((sum, m) => sum + m.perSecond, 0));
    if (i === 0) runs.parsed.push(await inProcess(path, "2", "parse"));
  }
  return runs;
};

const serve = async (flows: number): Promise<{ child: ChildProcess; address: string }> => {
  const script = join(import.meta.dirname, "hubble-relay-server.ts");
  const child = spawn(process.execPath, [script, String(flows)], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve) =>
    child.stdout?.once("data", (d: Buffer) => resolve(String(d).trim())),
  );
  return { child, address: `127.0.0.1:${port}` };
};

/** The raw key's group-by, before any hygiene: what a database needs for the easy part. Null where it is not installed. */
const duckdb = async (path: string, flows: number): Promise<number | null> => {
  try {
    const name = "@duckdb/node-api";
    const { DuckDBInstance } = (await import(name)) as {
      DuckDBInstance: { create(): Promise<{ connect(): Promise<{ run(sql: string): Promise<unknown> }> }> };
    };
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run("set threads = 2");
    const start = performance.now();
    await connection.run(
      `select flow.source.labels, flow.destination.labels, flow.l4, flow.verdict, count(*) from read_ndjson('${path}') group by all`,
    );
    return flows / ((performance.now() - start) / 1_000);
  } catch {
    return null;
  }
};

const rounded = (n: number): string => Math.round(n).toLocaleString("en-US");

let held = true;
const say = (what: string, said: string, bar: string, ok: boolean): void => {
  held &&= ok;
  console.log(`${ok ? "ok  " : "MISS"}  ${what.padEnd(46)} ${said.padStart(12)}   ${bar}`);
};
const tell = (what: string, said: string): void => console.log(`      ${what.padEnd(46)} ${said.padStart(12)}`);

const sayAtLeast = (what: string, value: number, bar: number): void =>
  say(what, rounded(value), `≥ ${rounded(bar)}`, value >= bar);

const sayFiles = (runs: Runs, flows: number): void => {
  const [two, one, parsed] = [best(runs.two), best(runs.one), best(runs.parsed)];
  sayAtLeast("read and reduced, two workers, flows/s", two.perSecond, BARS.two);
  sayAtLeast("read and reduced, one thread, flows/s", one.perSecond, BARS.one);
  tell("two processes side by side, together, flows/s", rounded(Math.max(...runs.apart)));
  tell("JSON.parse, two workers, flows/s", rounded(parsed.perSecond));
  const ratio = two.perSecond / parsed.perSecond;
  say("times JSON.parse, same reduction and workers", ratio.toFixed(1), `≥ ${BARS.ratio}`, ratio >= BARS.ratio);
  tell("CPU, two workers, µs/flow", two.cpu.toFixed(2));
  tell("CPU, one thread, µs/flow", one.cpu.toFixed(2));
  tell("CPU, JSON.parse, µs/flow", parsed.cpu.toFixed(2));
  const peak = Math.max(...[...runs.two, ...runs.one].map((m) => m.megabytes));
  say("peak memory, MB", rounded(peak), `≤ ${BARS.megabytes}`, peak <= BARS.megabytes);
  const all = [...runs.two, ...runs.one, ...runs.parsed];
  const same = new Set(all.map((m) => m.digest)).size === 1 && all.every((m) => m.flows === flows);
  say(`same ${rounded(two.edges)} edges and counts, every time`, String(same), "true", same);
};

const sayRelay = async (flows: number): Promise<void> => {
  const { child, address } = await serve(flows);
  const runs: Measured[] = [];
  try {
    for (let i = 0; i < RUNS; i++) runs.push(await inProcess("relay", address));
  } finally {
    child.kill();
  }
  const relay = best(runs);
  sayAtLeast("Relay client, decoded and reduced, flows/s", relay.perSecond, BARS.relay);
  tell("CPU, Relay client, µs/flow", relay.cpu.toFixed(2));
  tell("peak memory, Relay client, MB", rounded(Math.max(...runs.map((m) => m.megabytes))));
  const lost = runs.find((m) => m.flows !== flows)?.flows ?? flows;
  say("nothing lost that was not reported lost", rounded(lost), rounded(flows), lost === flows);
};

const main = async (flows: number): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "hubble-bench-"));
  const path = join(folder, "flows.jsonl");
  try {
    const machine = `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`;
    console.log(`${rounded(flows)} flows, seed ${SEED}, the best of ${RUNS}; ${machine}`);
    await writeFlows(path, { flows, seed: SEED });
    console.log(`${rounded(statSync(path).size / flows)} bytes a flow`);
    sayFiles(await measureFiles(path), flows);
    const database = await duckdb(path, flows);
    tell("DuckDB, raw key before hygiene, flows/s", database === null ? "not installed" : rounded(database));
    await sayRelay(Math.min(400_000, flows));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const [mode, first = "", second = "2", third = "fast"] = process.argv.slice(2);
if (mode === "measure") {
  // As the program itself does: reading threads start from it.
  enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/network-operator"));
  const took =
    first === "relay" ? await measureRelay(second) : await measureFile(first, Number(second), third === "fast");
  process.stdout.write(JSON.stringify(took));
} else {
  await main(Number(mode ?? 1_000_000));
  if (!held) process.exitCode = 1;
}
