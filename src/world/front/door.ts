import { serve } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { OperatorError } from "../../facts/errors.ts";
import { INSIDE_ZONE } from "../scenario/nodes.ts";
import type { JourneyOutcome } from "../traffic/traffic.ts";
import { appOf, type PublicApp } from "./apps.ts";
import { appPage, failedPage, loginPage, nothingPage, notNowPage, STYLE } from "./pages.ts";

/** The public names of the sample cluster for a browser: `app.sample.example.localhost:PORT`, over plain HTTP. */
export interface FrontDoor {
  /** Where to open a public address of the sample cluster; the address itself when it is none. */
  leadsTo(url: string): string;
  close(): Promise<void>;
}

/** Makes a journey happen, and says what the person got to see. */
export type Walk = (journey: string) => Promise<JourneyOutcome>;

const PROVIDER = "auth";
const COOKIE = "sample-user";

/** Browsers take every name below `localhost` for this machine, whatever its resolver says. */
const ZONE = `${INSIDE_ZONE}.localhost`;

const nameOf = (host: string): string | null => {
  const [name, ...zone] = (host.split(":")[0] ?? "").split(".");
  return name !== undefined && name !== "" && zone.join(".") === ZONE ? name : null;
};

const typed = (field: unknown): string => (typeof field === "string" ? field.slice(0, 40) : "");

const app = (walk: Walk): Hono => {
  const door = new Hono();
  const at = (c: Context, name: string, path: string): string =>
    `http://${name}.${ZONE}:${new URL(c.req.url).port}${path}`;
  const step = async (c: Context, here: PublicApp, journey: string, then: () => Response | Promise<Response>) => {
    const { through, stoppedAt } = await walk(journey);
    return through ? then() : c.html(failedPage(here, stoppedAt ?? journey), 504);
  };
  const entered = (c: Context): PublicApp | null => appOf(nameOf(c.req.header("host") ?? "") ?? "");
  const nowhere = (c: Context) => c.html(nothingPage(c.req.header("host") ?? ""), 404);

  door.use(async (c, next) => {
    c.header("content-security-policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'");
    // Another site's page must not do things here; this site's own forms may, and so may whoever follows a link.
    if (c.req.method !== "GET" && c.req.header("sec-fetch-site") === "cross-site") return c.text("no", 403);
    return next();
  });
  // The clock is turned by one at a time, and somebody else may be at it.
  door.onError((error, c) => {
    if (error instanceof OperatorError) return c.html(notNowPage(error.line), 503);
    console.error(error);
    return c.html(notNowPage("A defect; it stands in the log."), 500);
  });
  door.get("/style.css", (c) => c.body(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));

  door.get("/", async (c) => {
    const here = entered(c);
    if (here === null) return nowhere(c);
    const user = getCookie(c, COOKIE) ?? null;
    const { open, login } = here;
    if (login !== null && user === null) return c.redirect(at(c, PROVIDER, `/login?back=${here.name}`), 302);
    if (open === null) return c.html(appPage(here, user, false));
    return step(c, here, open, () => c.html(appPage(here, user, false)));
  });
  door.get("/login", (c) => c.html(loginPage(appOf(c.req.query("back") ?? "")?.name ?? PROVIDER)));
  door.post("/login", async (c) => {
    const form = await c.req.parseBody();
    const back = appOf(typed(form["back"]));
    if (back === null) return nowhere(c);
    const user = typed(form["user"]);
    return c.redirect(at(c, back.name, `/callback?user=${encodeURIComponent(user)}`), 303);
  });
  door.get("/callback", async (c) => {
    const here = entered(c);
    if (here?.login === undefined || here.login === null) return nowhere(c);
    return step(c, here, here.login, () => {
      setCookie(c, COOKIE, (c.req.query("user") ?? "somebody").slice(0, 40), { httpOnly: true, sameSite: "Lax" });
      return c.redirect("/", 303);
    });
  });
  door.post("/use", async (c) => {
    const here = entered(c);
    if (here === null || here.use === null) return nowhere(c);
    return step(c, here, here.use, () => c.html(appPage(here, getCookie(c, COOKIE) ?? null, true)));
  });
  return door;
};

/** Opens on an ephemeral loopback port. Walks take place one after the other. */
export const openFrontDoor = async (walk: Walk): Promise<FrontDoor> => {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn: Walk = (journey) => {
    const mine = last.then(() => walk(journey));
    last = mine.catch(() => undefined);
    return mine;
  };
  const { fetch } = app(inTurn);
  const { server, port } = await new Promise<{ server: ReturnType<typeof serve>; port: number }>((done, failed) => {
    const server = serve({ fetch, hostname: "127.0.0.1", port: 0 }, (info) => done({ server, port: info.port }));
    server.once("error", failed);
  });
  return {
    leadsTo: (url) => {
      const { hostname, pathname, search } = new URL(url);
      const zoned = hostname.endsWith(`.${INSIDE_ZONE}`);
      return zoned ? `http://${hostname}.localhost:${port}${pathname}${search}` : url;
    },
    close: async () => {
      await new Promise<void>((done) => {
        server.close(() => done());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    },
  };
};
