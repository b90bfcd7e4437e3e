import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";
import { random } from "../bench/hubble-flows.ts";
import { fakeRelay, wireFlow } from "./fake-relay.ts";
import { delivered, deployed, flow, T0 } from "./flows.ts";

const folder = mkdtempSync(join(tmpdir(), "kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [web, api, db] = [deployed("shop", "web"), deployed("shop", "api"), deployed("data", "db")];
const KILLS = 20;
const FLOWS = 12_000;

/** One flow a millisecond, never quite in order, as Relay sends them. */
const ring = Array.from({ length: FLOWS }, (_, i) => {
  const more = { time: T0 + (i ^ 3), uuid: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}` };
  return i % 2 === 0 ? flow(web, api, 8080, more) : delivered(api, db, 5432, more);
}).map((f) => ({ time: f.time, bytes: wireFlow(f) }));

it("counts every flow once, however often and whenever its collector is killed", async () => {
  const path = join(folder, "evidence.sqlite");
  const next = random(20_26);
  let streaming: (() => void) | null = null;
  const relay = await fakeRelay({
    nodes: null,
    serve: (stream) => {
      const { since, follow } = stream.request;
      const from = (since?.seconds ?? 0) * 1_000 + (since?.nanos ?? 0) / 1_000_000;
      const mine = ring.filter((f) => f.time >= from);
      let at = 0;
      const more = (): void => {
        if (stream.cancelled) return;
        for (const f of mine.slice(at, at + 300)) stream.write(f.bytes);
        at += 300;
        streaming?.();
        if (at < mine.length) setTimeout(more, follow ? 3 : 0);
        else if (!follow) stream.end();
      };
      more();
    },
  });
  const start = (...end: string[]): ReturnType<typeof spawn> =>
    spawn(process.execPath, [join(import.meta.dirname, "kill-child.ts"), relay.address, path, String(T0), ...end], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "cache") },
    });

  for (let kill = 0; kill < KILLS; kill++) {
    const started = new Promise<void>((resolve) => (streaming = resolve));
    const child = start();
    const gone = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    await Promise.race([started, gone]);
    await sleep(next() * 60);
    child.kill("SIGKILL");
    expect(await gone).toBe("SIGKILL");
  }
  const last = start("end");
  expect(await new Promise((resolve) => last.once("exit", resolve))).toBe(0);
  await relay.stop();

  const store = openEvidenceStore({ path, key: "k" });
  const edges = await store.edges({});
  expect(edges.map((e) => e.flows)).toEqual([FLOWS / 2, FLOWS / 2]);
  await store.dispose();
}, 120_000);
