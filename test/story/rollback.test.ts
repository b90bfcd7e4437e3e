import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { openBench, type Bench } from "../graph/effects/rollback-bench.ts";
import { run, type Said } from "./cli.ts";

let bench: Bench;
let folder = "";
let state = "";
beforeAll(async () => {
  bench = await openBench();
  folder = mkdtempSync(join(tmpdir(), "rollback-cli-"));
  state = join(folder, "state");
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, bench.served.kubeconfig, { mode: 0o600 });
  const config = (rollback: string | null): string =>
    stringify({
      // A forge and an evidence store that nobody reaches.
      repository: { path: "https://127.0.0.1:1/nobody.git" },
      store: { postgres: "postgres://127.0.0.1:1/nobody" },
      cluster: { context: "sample", kubeconfig },
      rollback: { context: rollback },
    });
  writeFileSync(join(folder, "with.yaml"), config("sample-rollback"));
  writeFileSync(join(folder, "without.yaml"), config(null));
}, 120_000);
afterAll(async () => {
  await bench.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const rollback = (config: string, ...args: readonly string[]): Promise<Said> =>
  run(["rollback", ...args, "--config", join(folder, config), "--state", state]);

describe("network-operator rollback, with forge, evidence store and model out of reach", { timeout: 120_000 }, () => {
  it("prints the lines and exits 1 without an identity of its own", async () => {
    const said = await rollback("without.yaml", "media");
    expect(said.code).toBe(1);
    expect(said.stdout).toContain("kubectl patch -n media ciliumnetworkpolicies.cilium.io default-deny");
    expect(said.stderr).toContain("nothing was done");
  });

  it("shows what it would undo, and does it on the digest of exactly that, and on nothing else", async () => {
    const said = await rollback("with.yaml", "--all", "--format", "json");
    expect(said.code).toBe(1);
    const { rollbacks } = JSON.parse(said.stdout) as { rollbacks: { namespace: string; digest: string }[] };
    // What was there before the rollout is none of it.
    expect(rollbacks).toMatchObject([
      { namespace: "media", undo: { stillLocked: [] }, answer: { outcome: "waiting" } },
      { namespace: "selfhosted", undo: { stillLocked: [] }, answer: { outcome: "waiting" } },
    ]);
    const digest = /^digest ([0-9a-f]+)$/m.exec(said.stderr)?.[1] ?? "";
    // Both together are neither of them.
    expect(rollbacks.map((one) => one.digest.startsWith(digest))).toEqual([false, false]);
    // A digest of something else is no confirmation, and neither is a handful of its signs.
    const wrong = await rollback("with.yaml", "--all", "--confirm", "0".repeat(64));
    expect([wrong.code, wrong.stderr.includes("not of what would be undone")]).toEqual([1, true]);
    const short = await rollback("with.yaml", "--all", "--confirm", digest.slice(0, 8));
    expect([short.code, short.stdout]).toEqual([2, ""]);
    expect(await bench.isLocked("media")).toBe(true);
    expect(await bench.isLocked("selfhosted")).toBe(true);

    const done = await rollback("with.yaml", "--all", "--confirm", digest);
    expect(done.code).toBe(0);
    expect(done.stdout).toMatch(/is rolled back[\s\S]*made it inert[\s\S]*confirmed by the policy state/);
    expect(done.stdout).toMatch(/suspended selfhosted[\s\S]*deleted[\s\S]*confirmed by the policy state/);
    expect(await bench.isLocked("media")).toBe(false);
    expect(await bench.isLocked("selfhosted")).toBe(false);
    expect((await run(["log", "--state", state])).stdout).toContain("roll-back");
  });
});
