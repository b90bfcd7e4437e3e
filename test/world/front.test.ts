import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { OperatorError } from "../../src/facts/errors.ts";
import { openFrontDoor, type FrontDoor } from "../../src/world/front/door.ts";
import type { JourneyOutcome } from "../../src/world/traffic/traffic.ts";

let door: FrontDoor;
let walked: string[];
const open = async (stops: Readonly<Record<string, string>> = {}): Promise<void> => {
  walked = [];
  door = await openFrontDoor(async (journey): Promise<JourneyOutcome> => {
    walked.push(journey);
    const stoppedAt = stops[journey] ?? null;
    return { through: stoppedAt === null, stoppedAt };
  });
};
afterEach(() => door.close());

interface Visit {
  readonly status: number;
  readonly to: string;
  readonly cookie: string;
  readonly text: string;
}

/** As a browser does it, which takes every name below localhost for this machine. */
const visit = (url: string, form: string | null = null, headers: Record<string, string> = {}): Promise<Visit> => {
  const { host, port, pathname, search } = new URL(door.leadsTo(url));
  return new Promise((done, failed) => {
    const asked = request(
      {
        host: "127.0.0.1",
        port,
        path: pathname + search,
        method: form === null ? "GET" : "POST",
        headers: {
          host,
          ...(form === null ? {} : { "content-type": "application/x-www-form-urlencoded" }),
          ...headers,
        },
      },
      (answer) => {
        let text = "";
        answer.on("data", (part) => (text += String(part)));
        answer.on("end", () =>
          done({
            status: answer.statusCode ?? 0,
            to: answer.headers.location ?? "",
            cookie: answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "",
            text,
          }),
        );
      },
    );
    asked.on("error", failed);
    asked.end(form ?? undefined);
  });
};
const BOARD = "https://board.sample.example";

describe("the sample cluster's front door", () => {
  it("stands for the public names of the sample and for nothing else", async () => {
    await open();
    expect(door.leadsTo("https://wiki.sample.example/a?b=1")).toMatch(
      /^http:\/\/wiki\.sample\.example\.localhost:\d+\/a\?b=1$/,
    );
    expect(door.leadsTo("https://wiki.example.com/")).toBe("https://wiki.example.com/");
    const nowhere = await visit("https://nobody.sample.example/");
    expect([nowhere.status, walked]).toEqual([404, []]);
  });

  it("opening an app is a person coming through the tunnel, where there is a way through it", async () => {
    await open();
    expect((await visit("https://wiki.sample.example/")).text).toContain("The app has loaded");
    expect((await visit("https://stock.sample.example/")).status).toBe(200);
    expect(walked).toEqual(["browse wiki outside", "browse stock"]);
  });

  it("shows what the person sees of a drop, and what Hubble sees", async () => {
    await open({ "browse wiki outside": "network/envoy-external > collab/wiki:3000" });
    const page = await visit("https://wiki.sample.example/");
    expect(page.status).toBe(504);
    expect(page.text).toContain("network/envoy-external &gt; collab/wiki:3000");
  });

  it("a login leads to the provider, back through the callback, and to the app", async () => {
    await open();
    const first = await visit(`${BOARD}/`);
    expect([first.status, first.to]).toEqual([302, expect.stringContaining("auth.sample.example.localhost")]);
    expect(walked).toEqual([]);
    const back = await visit("https://auth.sample.example/login", "back=board&user=robin");
    expect(back.to).toContain("board.sample.example.localhost");
    const callback = await visit(`${BOARD}/callback?user=robin`);
    expect(callback.to).toBe("/");
    const app = await visit(`${BOARD}/`, null, { cookie: callback.cookie });
    expect(app.text).toContain("robin");
    expect(walked).toEqual(["login board", "browse board outside"]);
  });

  it("a redirect that looks healthy says nothing of a callback that is dropped", async () => {
    await open({ "login board": "collab/board > network/envoy-internal:10443" });
    expect((await visit(`${BOARD}/`)).status).toBe(302);
    const callback = await visit(`${BOARD}/callback?user=robin`);
    expect([callback.status, callback.cookie]).toEqual([504, ""]);
  });

  it("takes no form from another site, and shows what was typed as text", async () => {
    await open();
    const foreign = await visit("https://pgadmin.sample.example/use", "", { "sec-fetch-site": "cross-site" });
    expect([foreign.status, walked]).toEqual([403, []]);
    const hostile = await visit(`${BOARD}/`, null, { cookie: `sample-user=${encodeURIComponent("<img src=x>")}` });
    expect(hostile.text).not.toContain("<img");
  });

  it("says so where somebody else is turning the clock, and goes on afterwards", async () => {
    let isBusy = true;
    door = await openFrontDoor(async () => {
      if (isBusy) throw new OperatorError("busy", "another process is turning the clock", { remedy: "Wait." });
      return { through: true, stoppedAt: null };
    });
    const busy = await visit("https://wiki.sample.example/");
    expect([busy.status, busy.text]).toEqual([503, expect.stringContaining("another process is turning the clock")]);
    isBusy = false;
    expect((await visit("https://wiki.sample.example/")).status).toBe(200);
  });

  it("one thing happens after the other", async () => {
    walked = [];
    let under = 0;
    door = await openFrontDoor(async (journey) => {
      under += 1;
      expect(under).toBe(1);
      await new Promise((done) => setTimeout(done, 5));
      walked.push(journey);
      under -= 1;
      return { through: true, stoppedAt: null };
    });
    await Promise.all([visit("https://wiki.sample.example/"), visit("https://stock.sample.example/")]);
    expect(walked).toHaveLength(2);
  });
});
