import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { openRollbackDesk, type RollbackDesk } from "../../src/compose.ts";
import { configSchema } from "../../src/config/schema.ts";
import { HOUR, MINUTE } from "../../src/facts/clock.ts";
import { openBench, REVERTED_BY_HAND, type Bench } from "../graph/effects/rollback-bench.ts";
import { commit } from "../world/world.ts";
import { BIN } from "./cli.ts";
import { openKillingProxy, type KillingProxy, type Moment } from "./killing-proxy.ts";

/** A person's revert of `media`: its component goes. */
const UNLOCKED = {
  "kubernetes/apps/media/kustomization.yaml":
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: media\nresources:\n  - ./namespace.yaml\n  - ./player/ks.yaml\n",
};

let bench: Bench;
let proxy: KillingProxy;
let folder = "";
/** Shows what a run would ask, as a person would see it first; with state of its own. */
let onlooker: RollbackDesk;

const configured = (repository: string) => ({
  repository: { path: repository },
  store: { postgres: "postgres://127.0.0.1:1/nobody" },
  cluster: { context: "sample", kubeconfig: join(folder, "kubeconfig") },
  rollback: { context: "sample-rollback" },
});

const onlook = async (repository: string): Promise<void> => {
  const config = configSchema.parse(configured(repository));
  const state = join(folder, "onlooker");
  mkdirSync(state, { recursive: true });
  onlooker = await openRollbackDesk({ config, state, progress: { step: () => undefined, clear: () => undefined } });
  writeFileSync(join(folder, "network-operator.yaml"), stringify(configured(repository)));
};

beforeAll(async () => {
  bench = await openBench();
  proxy = await openKillingProxy(bench.served.kubeUrl);
  folder = mkdtempSync(join(tmpdir(), "rollback-killed-"));
  const kubeconfig = bench.served.kubeconfig.replaceAll(bench.served.kubeUrl, proxy.url);
  writeFileSync(join(folder, "kubeconfig"), kubeconfig, { mode: 0o600 });
  // A forge that nobody reaches; no Relay is configured at all.
  await onlook("https://127.0.0.1:1/nobody.git");
});
afterAll(async () => {
  await onlooker.agent.dispose();
  await proxy.close();
  await bench.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly said: string;
}

/** `rollback NS`, with a person's yes to exactly what is to be undone now; killed at its first write, if at all. */
const rollback = async (namespace: string, moment?: Moment): Promise<Ended> => {
  const [plan] = await onlooker.agent.rollbacks(namespace);
  const digest = plan?.undo?.digest;
  const yes = digest === undefined ? [] : ["--confirm", digest];
  const config = ["--config", join(folder, "network-operator.yaml"), "--state", join(folder, "state")];
  const child = spawn(process.execPath, [BIN, "rollback", namespace, ...config, ...yes], { cwd: folder });
  if (moment !== undefined) proxy.aim(child, moment);
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
  return new Promise((done) => void child.on("close", (code, signal) => done({ code, signal, said })));
};

const dies = async (namespace: string, moment: Moment): Promise<void> => {
  const ended = await rollback(namespace, moment);
  expect([ended.signal, ended.code], ended.said).toEqual(["SIGKILL", null]);
};

const ends = async (namespace: string): Promise<string> => {
  const ended = await rollback(namespace);
  expect(ended.code, ended.said).toBe(0);
  return ended.said;
};

const isSuspended = async (): Promise<boolean> =>
  (await bench.world.status()).kustomizations.some((k) => k.id === "selfhosted/selfhosted-default-deny" && k.suspended);

const SUSPEND = "PATCH kustomizations/selfhosted-default-deny";
const RESUME = SUSPEND;
const DELETE = "DELETE ciliumnetworkpolicies/default-deny";
const DISARM = "PATCH ciliumnetworkpolicies/default-deny";

describe("network-operator rollback, killed with SIGKILL at every write to a real API server", () => {
  it("goes on from what it finds, for a lock with its own Kustomization, with Hubble and the forge off", async () => {
    expect(await bench.isLocked("selfhosted")).toBe(true);
    await dies("selfhosted", "before");
    expect([await isSuspended(), proxy.writes]).toEqual([false, []]);
    await dies("selfhosted", "after");
    expect([await isSuspended(), await bench.isLocked("selfhosted")]).toEqual([true, true]);
    await dies("selfhosted", "before");
    expect(await bench.isLocked("selfhosted")).toBe(true);
    await dies("selfhosted", "after");
    expect(await ends("selfhosted")).toContain("selfhosted/default-deny is off");
    expect(await bench.isLocked("selfhosted")).toBe(false);
    // Each was done once, whoever died meanwhile.
    expect(proxy.writes.splice(0)).toEqual([SUSPEND, DELETE]);
  });

  it("goes on from what it finds, for a lock that shares its Kustomization", async () => {
    expect(await bench.isLocked("media")).toBe(true);
    await dies("media", "before");
    expect([await bench.isLocked("media"), proxy.writes]).toEqual([true, []]);
    await dies("media", "after");
    expect(await bench.isLocked("media")).toBe(false);
    expect(await ends("media")).toContain("media/default-deny is off");
    expect(proxy.writes.splice(0)).toEqual([DISARM]);
  });

  it("and once the reverts are merged: Flux goes on, and brings neither back", async () => {
    await bench.turn(HOUR + MINUTE);
    expect([await bench.isLocked("selfhosted"), await bench.isLocked("media")]).toEqual([false, false]);
    await commit(bench.world, { ...REVERTED_BY_HAND, ...UNLOCKED });
    await bench.turn(6 * MINUTE);
    await onlooker.agent.dispose();
    await onlook(bench.world.remote);

    expect(await isSuspended()).toBe(true);
    await dies("selfhosted", "after");
    expect(await isSuspended()).toBe(false);
    await ends("selfhosted");
    expect(proxy.writes.splice(0)).toEqual([RESUME]);

    await dies("media", "before");
    expect(proxy.writes).toEqual([]);
    await ends("media");
    expect(proxy.writes.splice(0)).toEqual([DELETE]);

    await bench.turn(HOUR + MINUTE);
    expect([await bench.isLocked("selfhosted"), await bench.isLocked("media")]).toEqual([false, false]);
    expect(await onlooker.agent.rollbacks(null)).toEqual([]);
  });
});
