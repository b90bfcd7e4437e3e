import { Hono } from "hono";
import { exitCodeOf, OperatorError } from "../facts/errors.ts";
import { keyById } from "../signoff/keys.ts";
import { apiRoutes } from "./api.ts";
import { serveAssets } from "./assets.ts";
import {
  atHome,
  cookieName,
  defaultDeny,
  headers,
  identify,
  limits,
  notKept,
  rateLimit,
  sameOrigin,
  type ServerEnv,
} from "./guard.ts";
import { loginRoutes } from "./login.ts";
import { consolePage } from "./pages/console.ts";
import { errorPage } from "./pages/layout.ts";
import type { AgentDesk, SignOffDesk } from "./ports.ts";
import { sessions } from "./sessions.ts";
import { signOffRoutes } from "./signoff.ts";
import { WEBHOOK, webhookRoutes } from "./webhook.ts";

/** Reachable without a session, because they are how one gets one, or carry a proof of their own. */
const open = (path: string): boolean =>
  path === "/login" ||
  path.startsWith("/login/") ||
  path === "/enrol" ||
  path === "/enrol/options" ||
  path.startsWith("/assets/") ||
  path === WEBHOOK ||
  path === "/healthz";

/** Console, sign-off page, chat API, metrics and webhooks on one port; default deny. */
export const buildApp = (options: {
  readonly agent: AgentDesk;
  readonly desk: SignOffDesk;
  readonly token: string;
  /** Shared with the forge; null: no webhook is taken. */
  readonly webhookSecret: string | null;
  readonly now?: () => number;
}): Hono<ServerEnv> => {
  const { agent, desk, token, webhookSecret } = options;
  const now = options.now ?? Date.now;
  const known = sessions(now);
  const { origin } = desk.party;
  const secure = origin.startsWith("https:");
  const app = new Hono<ServerEnv>();
  app.use(
    headers(),
    notKept(),
    identify(token, known, cookieName(secure), async (key) => keyById(await desk.keys(), key)?.revokedAt === null),
    rateLimit(now),
    limits(WEBHOOK),
    atHome(origin),
    sameOrigin(origin),
    defaultDeny(open),
  );
  serveAssets(app);
  loginRoutes(app, { desk, sessions: known, token, secure, now });
  signOffRoutes(app, desk, now);
  apiRoutes(app, agent);
  if (webhookSecret !== null) webhookRoutes(app, webhookSecret, () => agent.tick());
  app.onError((error, c) => {
    const what = error instanceof OperatorError ? error.line : "A defect; it stands in the server's log.";
    if (!(error instanceof OperatorError)) console.error(error);
    const status = error instanceof OperatorError ? (exitCodeOf(error) === 2 ? 400 : 503) : 500;
    const isPage = c.req.method === "GET" && (c.req.header("accept") ?? "").includes("text/html");
    return isPage ? c.html(errorPage(what, c.get("session")), status) : c.json({ error: what }, status);
  });
  app.get("/healthz", (c) => c.text("ok"));
  app.get("/", async (c) => {
    const [report, pending] = await Promise.all([agent.status(), desk.pending()]);
    return c.html(consolePage({ report, pending, session: c.get("session") }));
  });
  return app;
};
