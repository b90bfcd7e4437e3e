import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StatusReport } from "../../src/facts/status.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { chromiumForTests } from "../browser/chromium.ts";
import { personAt, said, type Person } from "../browser/person.ts";
import { proposedDesk, type Desk } from "./cli.ts";
import { serve, withServer, type Served } from "./served.ts";

// The main job through the real command line, gRPC and git; each chapter goes on where the one before it ended.
let desk: Desk;
const more: Desk[] = [];
const aside = (from: Desk): Desk => {
  const copy = from.copy();
  more.push(copy);
  return copy;
};

beforeAll(async () => {
  desk = await proposedDesk();
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
    expect((await desk.run("status")).stdout).toMatch(/^selfhosted +enforced/m);
  });

  it("keeps a record of all of it that verifies", async () => {
    const { code, stdout } = await desk.run("log");
    expect(code).toBe(0);
    expect(stdout).toContain("the chain holds");
  });
});

const browser = await chromiumForTests();
const signing = `a person walks and signs, in a browser${browser.note}`;

describe.skipIf(browser.found === null)(signing, { timeout: 240_000 }, () => {
  let origin: string;
  let server: Served | undefined;
  let person: Person | undefined;
  const robin = (): Person => person ?? expect.unreachable("nobody sits at the browser");
  const api = (path: string, body?: object): Promise<unknown> =>
    server?.api(path, body) ?? expect.unreachable("nothing is served");
  const stages = async (): Promise<Record<string, string>> => {
    const { namespaces } = (await api("/api/status")) as StatusReport;
    return Object.fromEntries(namespaces.map(({ name, stage }) => [name, stage]));
  };
  beforeAll(async () => {
    if (browser.found === null) return;
    origin = await withServer(desk);
    [server, person] = await Promise.all([serve(desk, origin), personAt(browser.found)]);
  }, 120_000);
  afterAll(async () => {
    await person?.leave();
    await server?.stop();
  });

  it("enrols a passkey with the code from the terminal, once", async () => {
    const { stdout } = await desk.run("passkey", "enroll", "--name", "robin", "--format", "json");
    const { code } = JSON.parse(stdout) as { code: string };
    expect(await robin().enrol(origin, code)).toContain("robin can sign off");
    expect(await robin().enrol(origin, code)).toContain("wrong, used or too old");
  });

  it("is asked with a page, and cannot sign it unseen", async () => {
    const asked = await desk.ask("sign off selfhosted");
    expect(asked).toMatchObject({ outcome: "waiting", stage: "enforced", waitingFor: { what: "sign-off" } });
    const { page } = robin();
    await robin().login(origin);
    await page.click("text=Sign off selfhosted");
    await page.waitForURL(asked.waitingFor?.detail ?? "no page");
    expect(await page.locator(".walk code").allTextContents()).toEqual(["https://webhook.sample.example/"]);
    expect(await page.locator("fieldset:disabled").count()).toBe(2);
    await page.click("#signoff .primary");
    expect(await said(page)).toContain("Open every address first");
    expect(await page.locator(".flow").allTextContents()).toEqual(["not seen yet, nor ever before"]);
  });

  it("opens the app by its public name, and Hubble shows what that caused", async () => {
    const { page } = robin();
    expect(await robin().inTab(".walk a", (tab) => tab.textContent("main"))).toContain("The app has loaded");
    await page.waitForSelector(".opened.good");
    await page.waitForSelector(".flow.good");
    expect(await page.textContent(".flows li")).toMatch(
      /network\/Gateway\/envoy-external to selfhosted\/Deployment\/webhook, port 8080 seen at 2026-03-\d\d/,
    );
  });

  it("signs for exactly this: the namespace is signed off, and the next one's turn has come", async () => {
    expect(await stages()).toMatchObject({ selfhosted: "enforced", collab: "waiting" });
    const { page, complaints } = robin();
    await page.check("input[value=app-loaded]");
    await page.check("input[value=none]");
    await page.click("#signoff .primary");
    expect(await said(page)).toContain("selfhosted is signed off by robin");
    expect(complaints).toEqual([expect.stringContaining("403")]);
    expect(await stages()).toMatchObject({ selfhosted: "signed-off", collab: "surveyed" });
    const next = (await api("/api/ask", { text: "lock down collab" })) as Answer;
    expect(next).toMatchObject({ outcome: "pull-request", namespace: "collab", pullRequest: { number: 3 } });
    expect((await desk.run("log")).stdout).toContain("the chain holds");
  });

  it("what a revoked key signed counts no more", async () => {
    const { stdout } = await desk.run("passkey", "list", "--format", "json");
    const { keys } = JSON.parse(stdout) as { keys: { id: string }[] };
    expect((await desk.run("passkey", "revoke", keys[0]?.id ?? "")).code).toBe(0);
    const { namespaces } = (await api("/api/status")) as StatusReport;
    const row = namespaces.find(({ name }) => name === "selfhosted");
    expect(row).toMatchObject({ stage: "enforced", waitingFor: { what: "sign-off" } });
    expect(row?.waitingFor?.detail).toContain("the key of robin was revoked");
  });

  it("ends when it is told to", async () => {
    expect(await server?.stop()).toBe(0);
  });
});
