import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { MINUTE } from "../../src/facts/clock.ts";
import { readFlows } from "../../src/hubble/files.ts";
import { memoryEvidence } from "../../src/store/evidence.ts";
import { flowLines } from "../bench/hubble-flows.ts";

const folder = mkdtempSync(join(tmpdir(), "flows-"));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const lines = [...flowLines({ flows: 600, seed: 3, minutes: 30 })];
const text = (from = 0, to = lines.length): string => `${lines.slice(from, to).join("\n")}\n`;

const tell = (time: number, lost: number): string =>
  JSON.stringify({
    lost_events: { source: "HUBBLE_RING_BUFFER", num_events_lost: String(lost) },
    node_name: "default/worker-1",
    time: new Date(time).toISOString(),
  });

describe("a flow log", () => {
  it("reads the same plain, packed, in two rotated files, and from standard input", async () => {
    const plain = await readFlows([file("a.jsonl", text())]);
    expect(plain).toMatchObject({ flows: 600, lines: 600, bad: 0 });
    const packed = await readFlows([file("b.log.gz", gzipSync(text()))]);
    const rotated = await readFlows([file("c-1.log", text(0, 250)), file("c-2.log.gz", gzipSync(text(250)))]);
    const piped = await readFlows(["-"], { stdin: Readable.from([Buffer.from(text())]) });
    const pipedPacked = await readFlows(["-"], { stdin: Readable.from([gzipSync(text())]) });
    for (const other of [packed, rotated, piped, pipedPacked]) expect(other.hours).toEqual(plain.hours);
  });

  it("reads a folder as the rotated set it holds", async () => {
    const set = mkdtempSync(join(folder, "set-"));
    writeFileSync(join(set, "events-2026-05-17T09.log"), text(0, 300));
    writeFileSync(join(set, "events.log"), text(300));
    writeFileSync(join(set, "README.txt"), "not flows");
    expect(await readFlows([set])).toMatchObject({ flows: 600, bad: 0 });
  });

  it("reads the same with two workers as in one thread", async () => {
    const large = file("large.jsonl", [...flowLines({ flows: 3_000, seed: 5 })].join("\n"));
    const one = await readFlows([large], { workers: 1 });
    const two = await readFlows([large], { workers: 2, large: 1_000 });
    expect(two.flows).toBe(3_000);
    expect(two.hours).toEqual(one.hours);
  });

  it("counts and names a bad line, and reads the rest", async () => {
    const path = file("bad.jsonl", `${text(0, 3)}{"flow":{"time"\n${text(3, 6)}`);
    const read = await readFlows([path]);
    expect(read).toMatchObject({ flows: 6, bad: 1 });
    expect(read.badLines).toEqual([{ at: `${path}:4`, why: "not JSON, or cut in the middle" }]);
  });

  it("reads what there is of a file that was cut, plain or packed, and says so", async () => {
    const plain = await readFlows([file("cut.jsonl", text().slice(0, -200))]);
    expect(plain).toMatchObject({ flows: 599, bad: 1 });
    const packed = gzipSync(text());
    const cut = file("cut.jsonl.gz", packed.subarray(0, packed.length - 2_000));
    const read = await readFlows([cut]);
    expect(read.flows).toBeGreaterThan(300);
    expect(read.cut).toMatchObject([{ file: cut }]);
  });

  it("reads a file once, however often and under however many names it is given", async () => {
    const a = file("one.jsonl", text());
    const b = file("two.jsonl.gz", gzipSync(text()));
    const read = await readFlows([a, b, a]);
    expect(read.flows).toBe(600);
    expect(read.repeated.map((r) => r.of)).toEqual([a, a]);
  });

  it("drops a line of many megabytes without holding it", async () => {
    const path = file("long.jsonl", `${text(0, 2)}{"flow":"${"x".repeat(20 * 1024 * 1024)}"}\n${text(2, 4)}`);
    const read = await readFlows([path]);
    expect(read).toMatchObject({ flows: 4, bad: 1, lines: 5 });
    expect(read.badLines[0]).toMatchObject({ at: `${path}:3` });
    expect(read.badLines[0]?.why).toContain("20 MB");
  });

  it("refuses binary garbage, other JSON and a missing file in one line with the way out", async () => {
    const garbage = file("garbage.log", Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7_919) % 256)));
    await expect(readFlows([garbage])).rejects.toMatchObject({ kind: "input", where: `${garbage}:1` });
    await expect(readFlows([file("pods.json", '{"kind":"PodList"}\n["x"]\n')])).resolves.toMatchObject({
      flows: 0,
      other: 1,
    });
    await expect(readFlows([join(folder, "missing.jsonl")])).rejects.toMatchObject({ kind: "input" });
  });

  it("reads flows of a newer Cilium: unknown keys, kinds and numbers", async () => {
    const newer = `${lines[0]?.replace('{"flow":{', '{"flow":{"quantum_state":[{"a":null}],')}\n{"agent_event":{"type":"X"},"time":"2026-05-17T09:00:00Z"}\n`;
    expect(await readFlows([file("newer.jsonl", newer)])).toMatchObject({ flows: 1, other: 1, bad: 0 });
  });

  it("makes holes where it says that events were lost and where a node is silent, and no others", async () => {
    const start = Date.UTC(2026, 4, 17, 9, 0, 0);
    const quiet = lines.filter((_, i) => i < 200 || i > 400);
    const path = file("holes.jsonl", `${quiet.join("\n")}\n${tell(start + 2 * MINUTE, 500)}\n`);
    const evidence = memoryEvidence((await readFlows([path])).hours);
    const span = await evidence.span();
    const coverage = await evidence.coverage({ ...(span ?? { from: 0, to: 0 }), namespace: null, nodes: ["worker-1"] });
    expect(coverage.nodes[0]?.holes.map((h) => h.why)).toEqual([
      expect.stringContaining("500 events were lost"),
      "no flow at all: the tap may be dead",
    ]);
  });

  it("takes clocks that go backwards as they come: order does not matter", async () => {
    const forwards = await readFlows([file("forwards.jsonl", text())]);
    const backwards = await readFlows([file("backwards.jsonl", `${lines.toReversed().join("\n")}\n`)]);
    expect(backwards.hours).toEqual(forwards.hours);
  });
});
