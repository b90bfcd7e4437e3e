import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DAY, HOUR, MINUTE } from "../../src/facts/clock.ts";
import { OperatorError } from "../../src/facts/errors.ts";
import { connectionUnder } from "./connection.ts";
import { legitimateFlows } from "../../src/world/legitimate.ts";
import { WORLD_START, openWorld, resetWorld } from "../../src/world/world.ts";
import { freshDir, withWorld } from "./world.ts";

const rejection = async (work: Promise<unknown>): Promise<OperatorError> => {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof OperatorError) return error;
  throw new Error(`no OperatorError: ${String(error)}`);
};

describe("the world in its state folder", () => {
  it("begins with the same commit on every machine, and its clock stands still", async () => {
    const heads = new Set<string>();
    const rendered: string[][] = [];
    for (let i = 0; i < 2; i++) {
      const dir = mkdtempSync(join(tmpdir(), "world-made-"));
      const world = await openWorld({ dir });
      const { head, clock } = await world.status();
      heads.add(head);
      expect(clock).toBe(WORLD_START);
      expect(world.clock.now()).toBe(WORLD_START);
      world.dispose();
      // The next process finds in either folder what this one rendered once.
      rendered.push(readdirSync(join(dir, "world", "rendered")));
      rmSync(dir, { recursive: true, force: true });
    }
    expect(heads.size).toBe(1);
    const [once = [], again = []] = rendered;
    expect(again.filter((name) => !once.includes(name))).toEqual([]);
    expect(again.length).toBeGreaterThan(20);
  });

  it("remembers its clock, its actions and what main was when, across processes", async () => {
    const dir = await freshDir();
    const first = await openWorld({ dir });
    await first.do("login board");
    await first.play(WORLD_START + 3 * HOUR);
    first.dispose();
    const second = await openWorld({ dir });
    expect(await second.status()).toMatchObject({ clock: WORLD_START + 3 * HOUR, actions: 1 });
    second.dispose();
    rmSync(dir, { recursive: true, force: true });
  });

  it("is gone after a reset, and begins afresh", async () => {
    const dir = await freshDir();
    const world = await openWorld({ dir });
    await world.play(WORLD_START + HOUR);
    world.dispose();
    await resetWorld(dir);
    expect(existsSync(join(dir, "remote.git"))).toBe(false);
    const again = await openWorld({ dir });
    expect(again.clock.now()).toBe(WORLD_START);
    again.dispose();
    rmSync(dir, { recursive: true, force: true });
  });

  it("is not turned back, nor by two at once", async () => {
    await withWorld(async (world, dir) => {
      await world.play(WORLD_START + HOUR);
      expect((await rejection(world.play(WORLD_START))).kind).toBe("input");
      const other = await openWorld({ dir });
      const playing = world.play(WORLD_START + 2 * HOUR);
      const refused = await rejection(other.play(WORLD_START + 2 * HOUR));
      await playing;
      other.dispose();
      expect(refused.kind).toBe("busy");
      expect(world.clock.now()).toBe(WORLD_START + 2 * HOUR);
    });
  });

  it("says what it knows when asked to do what it does not", async () => {
    await withWorld(async (world) => {
      for (const words of [
        "",
        "login",
        "dance board",
        "restart",
        "restart nobody",
        "suspend Pod/a/b",
        "x".repeat(5_000),
        "login board; rm -rf /",
      ]) {
        const error = await rejection(world.do(words));
        expect(error.kind).toBe("input");
        expect(error.line.length).toBeLessThan(1_500);
      }
      expect((await world.status()).actions).toBe(0);
    });
  });

  it("refuses a hole in a node that does not exist, or one that ends before it begins, before any time passes", async () => {
    await withWorld(async (world) => {
      const to = WORLD_START + HOUR;
      await rejection(world.play(to, { holes: [{ node: "node-9", from: WORLD_START, to }] }));
      await rejection(world.play(to, { holes: [{ node: "node-1", from: to, to: WORLD_START }] }));
      expect(world.clock.now()).toBe(WORLD_START);
    });
  });

  it("names the file and the way out when its state is damaged", async () => {
    const dir = await freshDir();
    writeFileSync(join(dir, "world", "world.sqlite"), "this is no database, and long enough to be looked at as one");
    for (const tail of ["-wal", "-shm"]) rmSync(join(dir, "world", `world.sqlite${tail}`), { force: true });
    const error = await rejection(openWorld({ dir }));
    expect(error.line).toMatch(/world\.sqlite.*sample reset/);
    rmSync(dir, { recursive: true, force: true });
  });
});

describe("what the cluster needs", () => {
  it("is all allowed by the policies that stand, for every pair of pods and every position", async () => {
    const decide = await connectionUnder({});
    const flows = legitimateFlows();
    expect(flows.length).toBeGreaterThan(150);
    // An address of the world is judged by the name it was asked by, as the DNS proxy would have labelled it.
    const dropped = flows.filter((f) => decide(f) === "dropped");
    expect(dropped.map((f) => `${f.id}: ${f.source.id} > ${f.destination.id}`)).toEqual([]);
  });

  it("is partly what no quiet day shows: a login, a weekly backup, the start of a pod", () => {
    const rare = legitimateFlows().filter((f) => f.when === "rare" || f.when === "asked");
    const ids = rare.map((f) => f.id);
    expect(ids).toContain("collab/board > network/envoy-internal:10443");
    expect(ids).toContain("databases/pg-main#2 > outside:s3:443");
    expect(ids).toContain("network/envoy-external > selfhosted/webhook:8080");
  });

  it("lets people through on the second day as on the first", async () => {
    await withWorld(async (world) => {
      await world.play(WORLD_START + DAY + MINUTE);
      expect((await world.do("browse wiki")).outcome).toEqual({ through: true, stoppedAt: null });
      expect((await world.do("browse player outside")).outcome).toEqual({ through: true, stoppedAt: null });
      expect((await world.do("restart collab/wiki")).outcome).toBeNull();
    });
  });
});
