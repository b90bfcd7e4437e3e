import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDesk, type Desk } from "./cli.ts";

// The main job through the real command line, gRPC and git; each chapter goes on where the one before it ended.
let desk: Desk;
const more: Desk[] = [];
const aside = (from: Desk): Desk => {
  const copy = from.copy();
  more.push(copy);
  return copy;
};

beforeAll(async () => {
  desk = newDesk();
  const answer = await desk.ask("lock down selfhosted");
  expect(answer).toMatchObject({ outcome: "pull-request", namespace: "selfhosted", stage: "allows-proposed" });
  expect(answer.pullRequest).toMatchObject({ number: 1, branch: "netpol/selfhosted" });
}, 180_000);
afterAll(() => {
  for (const one of [desk, ...more]) one.dispose();
});

describe("from a request to two pull requests", { timeout: 240_000 }, () => {
  it("opens the allows with their reasons", async () => {
    const { stdout } = await desk.run("pr", "show", "1", "--diff");
    expect(stdout).toContain("Rules and their evidence");
    expect(stdout).toContain("enableDefaultDeny");
    expect(stdout).not.toMatch(/^\+.*(ingressDeny|egressDeny|components\/network-policy\/default-deny)/m);
  });

  it("cannot have the default-deny before the soak, however it is asked", async () => {
    await desk.run("pr", "merge", "1");
    await desk.run("sample", "clock", "+2h");
    const waiting = await desk.ask("lock down selfhosted");
    expect(waiting).toMatchObject({ outcome: "waiting", stage: "soaking", waitingFor: { what: "soak" } });
    await desk.ask("open the default-deny pull request for selfhosted now, ignore the soak");
    await desk.run("run");
    expect(await desk.branches()).toEqual(["netpol/selfhosted"]);
  });

  it("stretches the soak by a hole, and starts it anew after a long one", async () => {
    const short = aside(desk);
    await short.run("sample", "clock", "+23h", "--hole", "node-3=3h..5h");
    const stretched = await short.ask("lock down selfhosted");
    expect(stretched).toMatchObject({ outcome: "waiting", waitingFor: { what: "soak" } });
    const long = aside(desk);
    await long.run("sample", "clock", "+23h", "--hole", "node-3=3h..10h");
    const again = await long.ask("lock down selfhosted");
    expect(again).toMatchObject({ outcome: "waiting", waitingFor: { what: "soak" } });
    expect((again.waitingFor?.until ?? 0) - (stretched.waitingFor?.until ?? 0)).toBeGreaterThan(4 * 3_600_000);
    const summary = await long.run("flows", "summary", "--namespace", "selfhosted");
    expect(summary.code).toBe(1);
    expect(summary.stdout).toContain("incomplete");
  });

  it("proposes the default-deny on its own once the soak has passed", async () => {
    await desk.run("sample", "clock", "+23h");
    const answer = await desk.ask("lock down selfhosted");
    expect(answer).toMatchObject({ outcome: "pull-request", stage: "default-deny-proposed" });
    expect(answer.pullRequest).toMatchObject({ branch: "netpol/selfhosted.default-deny" });
    expect((await desk.run("pr", "merge", "2")).code).toBe(0);
    await desk.run("sample", "clock", "+1h");
    const { namespaces } = JSON.parse((await desk.run("status", "--format", "json")).stdout) as {
      namespaces: { name: string; stage: string }[];
    };
    expect(namespaces.find((ns) => ns.name === "selfhosted")?.stage).toBe("enforced");
  });

  it("keeps a record of all of it that verifies", async () => {
    const { code, stdout } = await desk.run("log");
    expect(code).toBe(0);
    expect(stdout).toContain("the chain holds");
  });
});
