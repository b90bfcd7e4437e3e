import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { HOUR, MINUTE } from "../../src/facts/clock.ts";
import type { Flow } from "../../src/facts/flow.ts";
import { collect } from "../../src/hubble/collector.ts";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";
import type { EvidenceStore } from "../../src/store/evidence.ts";
import { type FakeRelay, fakeRelay, wireFlow, wireLost, wireStatus } from "./fake-relay.ts";
import { delivered, deployed, flow, T0 } from "./flows.ts";
import { lines } from "./reduce.ts";

const web = deployed("shop", "web");
const api = deployed("shop", "api");

/** One flow per node and minute, so that no tap looks dead. */
const heartbeat = (from: number, minutes: number): Flow[] =>
  Array.from({ length: minutes }, (_, m) => [
    flow(web, { ...api, workload: null }, 8080, { time: from + m * MINUTE + 1, uuid: `a${from}-${m}` }),
    delivered({ ...web, workload: null }, api, 8080, { time: from + m * MINUTE + 2, uuid: `b${from}-${m}` }),
  ]).flat();

const open: { stop?: FakeRelay; store?: EvidenceStore } = {};
afterEach(async () => {
  await open.stop?.stop();
  await open.store?.dispose();
});

const store = (): EvidenceStore => (open.store = openEvidenceStore({ path: ":memory:", key: "k" }));
const relay = async (serve: Parameters<typeof fakeRelay>[0]["serve"]): Promise<FakeRelay> =>
  (open.stop = await fakeRelay({ serve }));
const tls = null;

describe("a window that is played while the collector is attached", () => {
  const window = { since: T0, until: T0 + HOUR, follow: true };

  it("is covered whole, and every flow is counted", async () => {
    const writer = store();
    const { address, requests } = await relay((stream) => {
      for (const f of heartbeat(T0, 60)) stream.write(wireFlow(f));
      stream.end();
    });
    const done = await collect({ relay: { address, tls }, writer, ...window });
    expect(done).toMatchObject({ flows: 120, lost: 0, bad: 0 });
    expect(requests[0]).toMatchObject({ follow: true, since: { seconds: T0 / 1000, nanos: 0 } });
    const edges = await writer.edges({ namespace: "shop" });
    expect(lines(edges)).toEqual(["shop/Deployment/web -> shop/Deployment/api TCP/8080"]);
    expect(edges[0]?.flows).toBe(120);
    const coverage = await writer.coverage({
      from: T0,
      to: T0 + HOUR,
      namespace: null,
      nodes: ["worker-1", "worker-2"],
    });
    expect(coverage.completeness).toBe(1);
    expect(coverage.control).toMatchObject({ kind: "node-traffic" });
  });

  it("shows a node that Relay lost as a hole of that node alone", async () => {
    const writer = store();
    const { address } = await relay((stream) => {
      for (const f of heartbeat(T0, 60)) {
        if (f.time === T0 + 10 * MINUTE + 1) stream.write(wireStatus(2, ["worker-2"], T0 + 10 * MINUTE, "refused"));
        if (f.time === T0 + 20 * MINUTE + 1) stream.write(wireStatus(1, ["worker-2"], T0 + 20 * MINUTE));
        const isDown = f.node === "worker-2" && f.time > T0 + 10 * MINUTE && f.time < T0 + 20 * MINUTE;
        if (!isDown) stream.write(wireFlow(f));
      }
      stream.end();
    });
    await collect({ relay: { address, tls }, writer, ...window });
    const { nodes } = await writer.coverage({ from: T0, to: T0 + HOUR, namespace: null, nodes: null });
    expect(nodes.map((n) => [n.node, n.coveredMinutes])).toEqual([
      ["worker-1", 60],
      ["worker-2", 50],
    ]);
    expect(nodes[1]?.holes).toMatchObject([{ from: T0 + 10 * MINUTE, to: T0 + 20 * MINUTE }]);
    expect(nodes[1]?.holes[0]?.why).toContain("refused");
  });

  it("counts lost events against the minute and the node that lost them", async () => {
    const writer = store();
    const { address } = await relay((stream) => {
      for (const f of heartbeat(T0, 60)) stream.write(wireFlow(f));
      stream.write(wireLost(312, "worker-1", T0 + 30 * MINUTE));
      stream.end();
    });
    expect(await collect({ relay: { address, tls }, writer, ...window })).toMatchObject({ lost: 312 });
    const { nodes } = await writer.coverage({ from: T0, to: T0 + HOUR, namespace: null, nodes: null });
    expect(nodes[0]).toMatchObject({ coveredMinutes: 59, lost: 312 });
    expect(nodes[0]?.holes[0]?.why).toContain("312 events were lost");
  });
});

describe("a clock that is wrong", () => {
  it("ahead of ours moves nothing and is a hole that says so; behind it is an hour of its own", async () => {
    const writer = store();
    const [ahead, behind] = [T0 + 10 * 365 * 24 * HOUR, T0 - 5 * HOUR];
    const { address } = await relay((stream) => {
      for (const f of heartbeat(T0, 30)) stream.write(wireFlow(f));
      stream.write(wireFlow(flow(web, api, 9, { time: ahead, uuid: "ahead" })));
      stream.write(wireFlow(flow(web, api, 10, { time: behind, uuid: "behind" })));
      stream.end();
    });
    const window = { since: T0, until: T0 + 30 * MINUTE, follow: true };
    expect(await collect({ relay: { address, tls }, writer, ...window })).toMatchObject({ flows: 61, bad: 1 });
    expect((await writer.edges({})).map((e) => e.port)).toEqual([10, 8080]);
    expect(await writer.begin("relay")).toMatchObject({ time: T0 + 29 * MINUTE + 2 });
    const hour = await writer.load("relay", T0);
    expect(hour?.watch.nodes["worker-1"]?.breaks[0]?.why).toContain("clock");
  });
});

describe("a message of a kind nobody knows", () => {
  it("is passed over, and the stream goes on", async () => {
    const writer = store();
    const { address } = await relay((stream) => {
      const [first, ...rest] = heartbeat(T0, 10);
      if (first !== undefined) stream.write(wireFlow(first));
      stream.write({ ...wireFlow(flow(web, api, 1)), nodeName: "x", flow: undefined, lostEvents: undefined });
      for (const f of rest) stream.write(wireFlow(f));
      stream.end();
    });
    const done = await collect({ relay: { address, tls }, writer, since: T0, until: T0 + 10 * MINUTE, follow: true });
    expect(done).toMatchObject({ flows: 20, bad: 0 });
  });
});

describe("a stream that breaks", () => {
  it("is opened again from where it stopped, and nothing is counted twice", async () => {
    const writer = store();
    const all = heartbeat(T0, 30);
    const { address, requests } = await relay((stream, call) => {
      const cut = T0 + 15 * MINUTE;
      const since = (stream.request.since?.seconds ?? 0) * 1000;
      for (const f of all.filter((f) => (call === 1 ? f.time < cut : f.time >= since))) stream.write(wireFlow(f));
      if (call === 1) setTimeout(() => stream.emit("error", { code: status.UNAVAILABLE, details: "gone" }), 50);
      else stream.end();
    });
    const done = await collect({ relay: { address, tls }, writer, since: T0, until: T0 + 30 * MINUTE, follow: true });
    expect(done).toMatchObject({ flows: 60, reconnects: 1 });
    expect(requests[1]?.since?.seconds).toBe((T0 + 14 * MINUTE + 2 - 5_000 - 2) / 1000);
    expect((await writer.edges({}))[0]?.flows).toBe(60);
  });

  it("at the start is an error that says what to check", async () => {
    await expect(collect({ relay: { address: "127.0.0.1:1", tls }, writer: store() })).rejects.toMatchObject({
      kind: "outside",
      where: "127.0.0.1:1",
    });
  });
});

describe("two collectors of one source", () => {
  it("take turns: the second stands by and goes on when the first is gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "turns-"));
    const path = join(folder, "evidence.sqlite");
    const [first, second] = [openEvidenceStore({ path, key: "k" }), openEvidenceStore({ path, key: "k" })];
    const { address } = await relay((stream) => {
      const since = (stream.request.since?.seconds ?? 0) * 1000;
      for (const f of heartbeat(T0, 10).filter((f) => f.time >= since)) stream.write(wireFlow(f));
      stream.end();
    });
    const from = { relay: { address, tls }, since: T0, until: T0 + 10 * MINUTE, follow: true };
    await first.begin("relay");
    await expect(collect({ ...from, writer: second })).rejects.toMatchObject({ kind: "busy" });
    const waiting = collect({ ...from, writer: second, standBy: true });
    await first.end("relay");
    expect(await waiting).toMatchObject({ flows: 20 });
    await first.dispose();
    await second.dispose();
    rmSync(folder, { recursive: true });
  });
});

describe("a collector that comes back later", () => {
  it("goes on from the stored position, skips what it counted, and leaves the gap a gap", async () => {
    const writer = store();
    const all = heartbeat(T0, 60);
    const until = T0 + HOUR;
    const serve: Parameters<typeof fakeRelay>[0]["serve"] = (stream, call) => {
      const since = (stream.request.since?.seconds ?? 0) * 1000;
      const mine = all.filter((f) =>
        call === 1 ? f.time < T0 + 20 * MINUTE : f.time >= Math.min(since, T0 + 19 * MINUTE),
      );
      for (const f of mine) stream.write(wireFlow(f));
      stream.end();
    };
    const { address } = await relay(serve);
    await collect({ relay: { address, tls }, writer, since: T0, until: T0 + 20 * MINUTE, follow: true });
    await collect({ relay: { address, tls }, writer, since: T0 + 30 * MINUTE, until, follow: true });
    expect((await writer.edges({}))[0]?.flows).toBe(120);
    const { nodes } = await writer.coverage({ from: T0, to: until, namespace: null, nodes: ["worker-1"] });
    expect(nodes[0]?.holes).toEqual([{ from: T0 + 20 * MINUTE, to: T0 + 30 * MINUTE, why: "nobody was watching" }]);
  });
});
