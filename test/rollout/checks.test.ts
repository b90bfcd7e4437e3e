import { describe, expect, it } from "vitest";
import { OperatorError } from "../../src/facts/errors.ts";
import { checkPullRequests, type JudgePullRequest } from "../../src/rollout/checks.ts";
import { memoryCheck } from "../graph/field.ts";
import { memoryForge } from "../graph/memory-forge.ts";

const open = async (branches: readonly string[]) => {
  const forge = memoryForge({ "README.md": "a cluster\n" });
  const check = memoryCheck();
  for (const branch of branches) {
    forge.push(branch, [{ path: `${branch}.md`, mode: "100644", text: branch }]);
    await forge.openPullRequest({ branch, title: "t", body: "b" });
  }
  const asked: number[] = [];
  const settled = new Set<string>();
  const run = (judge: (number: number, head: string) => ReturnType<JudgePullRequest>) =>
    checkPullRequests({
      forge,
      read: check.read,
      notices: check.notices,
      settled,
      judge: (number) => {
        asked.push(number);
        return judge(number, forge.refs.get(branches[number - 1] ?? "") ?? "");
      },
    });
  const green =
    (byBytesAlone: boolean) =>
    async (_number: number, head: string): ReturnType<JudgePullRequest> => {
      await check.green.green({ head, summary: "s", text: "" });
      return { byBytesAlone };
    };
  return { forge, check, asked, run, green };
};

describe("the check of all open pull requests", () => {
  it("judges each of them, the oldest first", async () => {
    const { asked, run, green } = await open(["a", "b"]);
    const done = await run(green(false));
    expect(asked).toEqual([1, 2]);
    expect(done.map(({ number, state }) => [number, state])).toEqual([
      [1, "success"],
      [2, "success"],
    ]);
  });

  it("asks again what time can change, and not what bytes alone decided, until main or the head moves", async () => {
    const { forge, asked, run, green } = await open(["a", "b"]);
    await run((number, head) => green(number === 1)(number, head));
    await run(green(false));
    expect(asked).toEqual([1, 2, 2]);
    forge.push("main", [{ path: "more.md", mode: "100644", text: "more" }]);
    await run(green(true));
    expect(asked).toEqual([1, 2, 2, 1, 2]);
  });

  it("asks again where somebody has written over its word", async () => {
    const { forge, check, asked, run, green } = await open(["a"]);
    await run(green(true));
    await check.notices.notice({ head: forge.refs.get("a") ?? "", state: "pending", summary: "x", text: "" });
    await run(green(true));
    expect(asked).toEqual([1, 1]);
  });

  it("one that cannot be judged is pending, its old green included, and holds nobody else back", async () => {
    const { run, green } = await open(["a", "b"]);
    await run(green(false));
    const down = new OperatorError("outside", "Relay does not answer", { remedy: "Look at it." });
    const done = await run((number, head) => (number === 1 ? Promise.reject(down) : green(false)(number, head)));
    expect(done[0]).toMatchObject({ state: "pending", summary: "it could not be judged: Relay does not answer" });
    expect(done[1]).toMatchObject({ state: "success" });
  });

  it("a defect is no pending check: it is heard", async () => {
    const { run } = await open(["a"]);
    await expect(run(() => Promise.reject(new TypeError("x is undefined")))).rejects.toThrow("x is undefined");
  });
});
