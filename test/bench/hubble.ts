import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
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
  readonly megabytes: number;
  /** Over all edges and counts: two readings that agree are the same. */
  readonly digest: string;
  readonly flows: number;
  readonly edges: number;
}

const measureFile = async (path: string, workers: number, fast: boolean): Promise<Measured> => {
  const start = performance.now();
  const read = await readFlows([path], { workers, fast });
  const seconds = (performance.now() - start) / 1_000;
  const megabytes = process.resourceUsage().maxRSS / 1_024;
  const edges = await memoryEvidence(read.hours).edges({});
  return {
    perSecond: read.flows / seconds,
    megabytes,
    digest: createHash("sha256").update(JSON.stringify(read.hours)).digest("hex").slice(0, 16),
    flows: read.flows,
    edges: edges.length,
  };
};

const measureRelay = async (address: string): Promise<Measured> => {
  const store = openEvidenceStore({ path: ":memory:", key: "bench" });
  const start = performance.now();
  const { flows, bad } = await collect({ relay: { address, tls: null }, writer: store, commitEvery: 5_000 });
  const seconds = (performance.now() - start) / 1_000;
  const edges = await store.edges({});
  await store.dispose();
  if (bad > 0) throw new Error(`${bad} messages could not be read`);
  return {
    perSecond: flows / seconds,
    megabytes: process.resourceUsage().maxRSS / 1_024,
    digest: "",
    flows,
    edges: edges.length,
  };
};

/** The best of some runs: a bar is about the program, not about what else the machine does. */
const best = (runs: number, ...args: string[]): Measured => {
  const measured = Array.from({ length: runs }, (): Measured => {
    const out = execFileSync(process.execPath, [import.meta.filename, "measure", ...args], { encoding: "utf8" });
    return JSON.parse(out) as Measured;
  });
  return measured.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
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

const main = async (flows: number): Promise<boolean> => {
  const folder = mkdtempSync(join(tmpdir(), "hubble-bench-"));
  const path = join(folder, "flows.jsonl");
  let held = true;
  const say = (what: string, measured: string, bar: string, ok: boolean): void => {
    held &&= ok;
    console.log(`${ok ? "ok  " : "MISS"}  ${what.padEnd(44)} ${measured.padStart(14)}   ${bar}`);
  };
  try {
    console.log(
      `${rounded(flows)} flows, seed ${SEED}, ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`,
    );
    await writeFlows(path, { flows, seed: SEED });
    console.log(`${rounded(statSync(path).size / flows)} bytes a flow`);
    const two = best(3, path, "2", "fast");
    const one = best(3, path, "1", "fast");
    const parsed = best(1, path, "2", "parse");
    say(
      "read and reduced, two workers, flows/s",
      rounded(two.perSecond),
      `≥ ${rounded(BARS.two)}`,
      two.perSecond >= BARS.two,
    );
    say(
      "read and reduced, one thread, flows/s",
      rounded(one.perSecond),
      `≥ ${rounded(BARS.one)}`,
      one.perSecond >= BARS.one,
    );
    const peak = Math.max(two.megabytes, one.megabytes);
    say("peak memory, MB", rounded(peak), `≤ ${BARS.megabytes}`, peak <= BARS.megabytes);
    const ratio = two.perSecond / parsed.perSecond;
    say("times JSON.parse, same reduction and workers", ratio.toFixed(1), `≥ ${BARS.ratio}`, ratio >= BARS.ratio);
    const same = new Set([two, one, parsed].map((m) => m.digest)).size === 1 && two.flows === flows;
    say(`same ${rounded(two.edges)} edges and counts`, String(same), "true", same);
    const database = await duckdb(path, flows);
    if (database !== null)
      console.log(`      DuckDB, raw key before hygiene, flows/s      ${rounded(database).padStart(14)}`);

    const streamed = Math.min(400_000, flows);
    const { child, address } = await serve(streamed);
    const relay = best(3, "relay", address);
    child.kill();
    say(
      "Relay client, decoded and reduced, flows/s",
      rounded(relay.perSecond),
      `≥ ${rounded(BARS.relay)}`,
      relay.perSecond >= BARS.relay,
    );
    say("nothing lost that was not reported lost", rounded(relay.flows), rounded(streamed), relay.flows === streamed);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return held;
};

const [mode, first = "", second = "2", third = "fast"] = process.argv.slice(2);
if (mode === "measure") {
  const measured =
    first === "relay" ? await measureRelay(second) : await measureFile(first, Number(second), third === "fast");
  process.stdout.write(JSON.stringify(measured));
} else if (!(await main(Number(mode ?? 1_000_000)))) process.exitCode = 1;
