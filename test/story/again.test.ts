import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDesk, proposedDesk, type Desk } from "./cli.ts";

let proposed: Desk;
const more: Desk[] = [];
const aside = (desk: Desk): Desk => {
  more.push(desk);
  return desk;
};

beforeAll(async () => {
  proposed = aside(await proposedDesk());
}, 180_000);
afterAll(() => {
  for (const desk of more) desk.dispose();
});

describe("asked twice, at once, or after a kill", { timeout: 240_000 }, () => {
  it("finds its own pull request", async () => {
    const again = await proposed.ask("lock down selfhosted");
    expect(again.pullRequest?.number).toBe(1);
    expect((await proposed.run("pr", "list")).stdout.trim().split("\n")).toHaveLength(1);
  });

  it("two processes make one branch and one pull request", async () => {
    const both = aside(proposed.copy());
    await both.run("pr", "close", "1");
    const answers = await Promise.all([both.ask("lock down selfhosted"), both.ask("lock down selfhosted")]);
    expect(new Set(answers.map((answer) => answer.pullRequest?.number)).size).toBe(1);
    const { stdout } = await both.run("pr", "list", "--format", "json");
    const { pullRequests } = JSON.parse(stdout) as { pullRequests: { state: string }[] };
    expect(pullRequests.filter((pr) => pr.state === "open")).toHaveLength(1);
  });

  it("killed at any point and asked again, it ends with one", async () => {
    const killed = aside(newDesk());
    const bin = resolve(import.meta.dirname, "../../src/cli/network-operator.js");
    // While main is rendered, while the sample's first day is being recorded, and in the request after it.
    const recording = async (): Promise<void> => {
      while (!existsSync(join(killed.state, "evidence.sqlite.locks"))) await sleep(10);
      await sleep(300);
    };
    const moments = [() => sleep(700), recording, () => sleep(2_500)];
    for (const moment of moments) {
      const child = spawn(process.execPath, [bin, "ask", "lock down selfhosted", "--state", killed.state], {
        stdio: "ignore",
      });
      await moment();
      child.kill("SIGKILL");
    }
    const answer = await killed.ask("lock down selfhosted");
    expect(answer).toMatchObject({ outcome: "pull-request", pullRequest: { number: 1 } });
    expect(await killed.branches()).toEqual(["netpol/selfhosted"]);
  });
});
