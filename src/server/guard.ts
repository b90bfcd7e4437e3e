import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie } from "hono/cookie";
import { secureHeaders } from "hono/secure-headers";
import { sameSecret, type Role, type Session, type Sessions } from "./sessions.ts";

/** `__Host-` binds a cookie to this host, to TLS and to the whole site; browsers take it on https alone. */
export const cookieName = (secure: boolean): string => (secure ? "__Host-network-operator" : "network-operator");

export interface ServerEnv {
  readonly Variables: { session: Session | null };
}

export type ServerContext = Context<ServerEnv>;

const BODY_BYTES = 64 * 1024;
const PER_MINUTE = 240;
/** Guesses are for those who do not know: codes, tokens and passkeys, per address and minute. */
const GUESSES = 20;

/** No inline code, no frames, nothing from elsewhere; forms post home. */
export const headers = (): MiddlewareHandler =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    referrerPolicy: "no-referrer",
    xFrameOptions: "DENY",
    crossOriginOpenerPolicy: "same-origin",
  });

/** `elsewhere`: a path that counts for itself what it takes, and keeps none of it. */
export const limits = (elsewhere: string): MiddlewareHandler => {
  const limit = bodyLimit({ maxSize: BODY_BYTES, onError: (c) => c.json({ error: "The request is too large." }, 413) });
  return (c, next) => (c.req.path === elsewhere ? next() : limit(c, next));
};

/** Another origin of the same site, a neighbouring port of this machine say, is somebody else too. */
export const isFromElsewhere = (c: Context): boolean =>
  ["cross-site", "same-site"].includes(c.req.header("sec-fetch-site") ?? "");

/**
 * A browser names the page a write comes from; from elsewhere it is refused, whatever its content type. Clients that are
 * no browser send no origin and no cookie: they carry the token.
 */
export const sameOrigin =
  (origin: string): MiddlewareHandler =>
  async (c, next) => {
    const from = c.req.header("origin");
    const foreign = (from !== undefined && from !== origin) || isFromElsewhere(c);
    if (!["GET", "HEAD"].includes(c.req.method) && foreign)
      return c.json({ error: "This came from another site." }, 403);
    return next();
  };

const addressOf = (c: Context): string => {
  try {
    return getConnInfo(c).remote.address ?? "unknown";
  } catch {
    return "unknown";
  }
};

/**
 * Pages live at one address, which passkeys are bound to: a browser that came by another name of this machine is sent
 * there. It also ends what a foreign name that resolves to this machine could ask for. Behind TLS the name is the proxy's
 * business, and what a proxy passes on as the host says nothing.
 */
export const atHome =
  (origin: string): MiddlewareHandler =>
  async (c, next) => {
    const { host, protocol } = new URL(origin);
    const asked = c.req.header("host");
    const isPage = c.req.method === "GET" && (c.req.header("accept") ?? "").includes("text/html");
    if (protocol === "https:" || asked === undefined || asked === host || !isPage) return next();
    return c.redirect(`${origin}${c.req.path}`, 307);
  };

/** What is shown to one person is kept by nobody in between. */
export const notKept = (): MiddlewareHandler => async (c, next) => {
  await next();
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
};

/** A plain bucket per caller and minute: enough against guessing, and bounded by the minute. */
const bucket = (now: () => number, most: number): ((caller: string) => boolean) => {
  let minute = 0;
  let counts = new Map<string, number>();
  return (caller) => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) {
      minute = current;
      counts = new Map();
    }
    const count = (counts.get(caller) ?? 0) + 1;
    counts.set(caller, count);
    return count <= most;
  };
};

/** Behind a proxy all strangers have one address: what they use up is not taken from who is logged in. */
export const rateLimit = (now: () => number = Date.now): MiddlewareHandler<ServerEnv> => {
  const requests = bucket(now, PER_MINUTE);
  const guesses = bucket(now, GUESSES);
  return async (c, next) => {
    const address = addressOf(c);
    const session = c.get("session");
    const isGuess = c.req.method === "POST" && /^\/(login|enrol)/.test(c.req.path);
    if (requests(session === null ? address : `session ${session.id}`) && (!isGuess || guesses(address))) return next();
    return c.json({ error: "Too many requests; wait a minute." }, 429, { "retry-after": "60" });
  };
};

const OF_TOKEN: Session = {
  id: "token",
  who: "token",
  roles: ["ask", "operate"],
  key: null,
  expiresAt: Number.MAX_SAFE_INTEGER,
};

/**
 * Who is asking: the state folder's bearer token may ask and operate; a cookie is a session opened here, for as long as
 * its passkey is enrolled. `holds` says whether one is.
 */
export const identify =
  (
    token: string,
    sessions: Sessions,
    cookie: string,
    holds: (key: string) => Promise<boolean>,
  ): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    const bearer = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
    const isOperator = bearer !== undefined && sameSecret(bearer, token);
    const found = isOperator ? OF_TOKEN : sessions.find(getCookie(c, cookie));
    const key = found?.key ?? null;
    // Keys that cannot be read are nobody's; the login says what is wrong with them.
    const counts = key === null || (await holds(key).catch(() => false));
    c.set("session", counts ? found : null);
    return next();
  };

/** Default deny: a route that names no role is reachable by nobody but `open` paths. */
export const defaultDeny =
  (open: (path: string) => boolean): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    if (open(c.req.path) || c.get("session") !== null) return next();
    if (c.req.method === "GET" && (c.req.header("accept") ?? "").includes("text/html"))
      return c.redirect(`/login?next=${encodeURIComponent(c.req.path)}`, 303);
    return c.json({ error: "Log in first, or send the token as a bearer token." }, 401);
  };

export const needs =
  (role: Role): MiddlewareHandler<ServerEnv> =>
  async (c, next) => {
    if (c.get("session")?.roles.includes(role) === true) return next();
    return c.json({ error: `This needs the right to ${role}.` }, 403);
  };
