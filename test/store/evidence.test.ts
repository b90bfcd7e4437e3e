import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { DAY, HOUR } from "../../src/facts/clock.ts";
import type { EvidenceHour } from "../../src/facts/evidence.ts";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";
import type { EvidenceStore } from "../../src/store/evidence.ts";
import { delivered, deployed, flow, reserved, T0 } from "../hubble/flows.ts";
import { hoursOf, lines } from "../hubble/reduce.ts";

const folder = mkdtempSync(join(tmpdir(), "evidence-"));
const opened: EvidenceStore[] = [];
afterAll(async () => {
  for (const store of opened) await store.dispose().catch(() => {});
  rmSync(folder, { recursive: true });
});

let files = 0;
const fresh = (key = "k", path = join(folder, `${files++}.sqlite`)): { store: EvidenceStore; path: string } => {
  const store = openEvidenceStore({ path, key });
  opened.push(store);
  return { store, path };
};

const web = deployed("shop", "web");
const api = deployed("shop", "api");
const db = deployed("data", "postgres");
const FLOWS = [flow(web, api, 8080), delivered(web, api, 8080), flow(api, db, 5432, { time: T0 + HOUR })];

const write = async (store: EvidenceStore, hours: readonly EvidenceHour[], source = "relay"): Promise<void> => {
  await store.begin(source);
  const time = hours.at(-1)?.hour ?? T0;
  await store.commit({ source, hours, position: { time, recent: new Uint8Array([1, 2, 3]) } });
};

describe("the evidence store", () => {
  it("gives back what was written, by namespace and by window", async () => {
    const { store } = fresh();
    await write(store, hoursOf(FLOWS));
    expect(lines(await store.edges({}))).toEqual([
      "shop/Deployment/api -> data/Deployment/postgres TCP/5432",
      "shop/Deployment/web -> shop/Deployment/api TCP/8080",
    ]);
    expect(lines(await store.edges({ namespace: "data" }))).toHaveLength(1);
    expect(lines(await store.edges({ window: { from: T0, to: T0 + HOUR } }))).toEqual([
      "shop/Deployment/web -> shop/Deployment/api TCP/8080",
    ]);
    expect(lines(await store.edges({ namespace: "nobody" }))).toEqual([]);
  });

  it("works edges out once for hours that stayed as they are, and anew when one was written", async () => {
    const { store, path } = fresh();
    await write(store, hoursOf(FLOWS));
    const first = await store.edges({});
    expect(await store.edges({})).toBe(first);
    const other = fresh("k", path).store;
    expect(await other.edges({})).toBe(first);
    expect(await other.edges({ window: { from: T0, to: T0 + HOUR } })).not.toEqual(first);
    await store.end("relay");
    await write(other, hoursOf([...FLOWS, flow(web, db, 5432)]));
    expect(lines(await store.edges({}))).toContain("shop/Deployment/web -> data/Deployment/postgres TCP/5432");
    expect(first).toHaveLength(2);
  });

  it("keeps the collector's position and gives it to the next one", async () => {
    const { store, path } = fresh();
    await write(store, hoursOf(FLOWS));
    await store.dispose();
    expect(await fresh("k", path).store.begin("relay")).toMatchObject({ time: T0 + HOUR });
  });

  it("lets one collector of a source write at a time, and another source beside it", async () => {
    const { store, path } = fresh();
    const other = fresh("k", path).store;
    await store.begin("relay");
    await expect(other.begin("relay")).rejects.toMatchObject({ kind: "busy" });
    await other.begin("edge-relay");
    await store.end("relay");
    await other.begin("relay");
  });

  it("keeps what two sources saw of one hour beside each other, and reads them together", async () => {
    const { store } = fresh();
    await write(store, hoursOf([flow(web, api, 8080)]), "east");
    await write(store, hoursOf([flow(web, api, 8080, { node: "worker-9" }), flow(api, db, 1)]), "west");
    const edges = await store.edges({});
    expect(edges.map((e) => [e.port, e.flows, e.nodes])).toEqual([
      [1, 1, ["worker-1"]],
      [8080, 2, ["worker-1", "worker-9"]],
    ]);
    expect(await store.load("east", T0)).not.toEqual(await store.load("west", T0));
  });

  it("forgets hours older than it keeps", async () => {
    const { path } = fresh();
    const store = openEvidenceStore({ path, key: "k", retention: DAY });
    opened.push(store);
    await write(store, hoursOf(FLOWS));
    await write(store, hoursOf([flow(web, db, 1, { time: T0 + 3 * DAY })]));
    expect(lines(await store.edges({}))).toEqual(["shop/Deployment/web -> data/Deployment/postgres TCP/1"]);
  });
});

describe("evidence that was touched by other hands", () => {
  const tampered = async (statement: string): Promise<EvidenceStore> => {
    const { store, path } = fresh();
    await write(store, hoursOf(FLOWS));
    // What was read a moment ago does not stand for what is there now.
    expect(await store.edges({ namespace: "shop" })).toHaveLength(2);
    const database = new DatabaseSync(path);
    database.exec(statement);
    database.close();
    return store;
  };

  it.each([
    ["changed", `update evidence_part set body = x'00' where part = 'shop shop'`],
    ["taken away", `delete from evidence_part where part = 'shop shop'`],
    [
      "added",
      `insert into evidence_part select hour, source, 'shop zoo', 'shop', 'zoo', body, mac from evidence_part where part = 'shop shop'`,
    ],
    ["given to another source", `update evidence_part set source = 'other' where part = 'watch'`],
    ["moved to another hour", `update evidence_part set hour = hour + 7200000 where part = 'shop shop'`],
    ["without its index", `delete from evidence_part where part = 'index'`],
    ["with an older part", `update evidence_part set mac = 'x' || substr(mac, 2) where part = 'watch'`],
  ])("is refused: %s", async (_, statement) => {
    const store = await tampered(statement);
    await expect(store.edges({ namespace: "shop" })).rejects.toMatchObject({ kind: "input" });
  });

  it("cannot be made by who lacks the key", async () => {
    const { store, path } = fresh("thief");
    await write(store, hoursOf(FLOWS));
    await store.dispose();
    const owner = fresh("k", path).store;
    await expect(owner.edges({})).rejects.toThrow(/altered outside/);
    await expect(owner.begin("relay")).rejects.toThrow(/position/);
  });

  it("that is gone with all its hour is a hole, not peace", async () => {
    const store = await tampered("delete from evidence_part");
    const coverage = await store.coverage({ from: T0, to: T0 + HOUR, namespace: "shop", nodes: ["worker-1"] });
    expect(coverage.completeness).toBe(0);
  });
});

describe("names", () => {
  it("are those that were asked and answered with an address, newest first", async () => {
    const { store } = fresh();
    const dns = reserved("world", "1.1.1.1");
    const answer = (name: string, time: number): ReturnType<typeof flow> =>
      flow(dns, web, 40_000, {
        time,
        isReply: true,
        type: "L7",
        eventType: 129,
        dns: { query: name, response: true, ips: ["203.0.113.7"], rcode: 0, qtypes: ["A"] },
      });
    await write(store, hoursOf([answer("old.example.com", T0), answer("new.example.com", T0 + 5)]));
    expect(await store.namesOf("203.0.113.7")).toEqual(["new.example.com", "old.example.com"]);
    expect(await store.namesOf("203.0.113.8")).toEqual([]);
  });
});
