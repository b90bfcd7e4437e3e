import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { answerSchema } from "../../src/graph/answer.ts";
import { initBare, type GitRepository } from "../../src/git/plumbing.ts";

let state: string;
let repository: GitRepository;
beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), "network-operator-kill-"));
  repository = await initBare(join(state, "remote.git"));
  const files = [{ path: "README.md", mode: "100644" as const, text: "a cluster\n" }];
  const first = await repository.commit({ base: null, files, message: "first\n", time: 0 });
  await repository.updateRef("refs/heads/main", first, null);
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

const ask = (die: string): Promise<Ended> =>
  new Promise((done) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "kill-child.ts"), state, die], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")));
    child.on("close", (_code, signal) => done({ signal, stdout }));
  });

const refs = async (): Promise<string[]> => [...(await repository.refs()).keys()];

describe("killed with SIGKILL, then asked again by another process", () => {
  it.each([
    ["before-branch", ["refs/heads/main"]],
    ["after-branch", ["refs/heads/main", "refs/heads/netpol/selfhosted"]],
    ["after-pull-request", ["refs/heads/main", "refs/heads/netpol/selfhosted"]],
  ])("%s: one branch, one pull request", async (die, left) => {
    expect((await ask(die)).signal).toBe("SIGKILL");
    expect(await refs()).toEqual(left);
    const { stdout } = await ask("never");
    expect(answerSchema.parse(JSON.parse(stdout))).toMatchObject({
      outcome: "pull-request",
      pullRequest: { number: 1 },
    });
    expect(await refs()).toEqual(["refs/heads/main", "refs/heads/netpol/selfhosted"]);
  });
});
