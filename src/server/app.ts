import { Hono } from "hono";
import { apiRoutes } from "./api.ts";
import { serveAssets } from "./assets.ts";
import { defaultDeny, headers, identify, limits, rateLimit, sameOrigin, type ServerEnv } from "./guard.ts";
import { loginRoutes } from "./login.ts";
import { consolePage } from "./pages/console.ts";
import type { AgentDesk, SignOffDesk } from "./ports.ts";
import { sessions } from "./sessions.ts";
import { signOffRoutes } from "./signoff.ts";

/** Reachable without a session, because they are how one gets one. */
const open = (path: string): boolean =>
  path === "/login" ||
  path.startsWith("/login/") ||
  path === "/enrol" ||
  path === "/enrol/options" ||
  path.startsWith("/assets/") ||
  path === "/healthz";

/** Console, sign-off page, chat API and metrics on one port; default deny. */
export const buildApp = (options: {
  readonly agent: AgentDesk;
  readonly desk: SignOffDesk;
  readonly token: string;
  readonly now?: () => number;
}): Hono<ServerEnv> => {
  const { agent, desk } = options;
  const now = options.now ?? Date.now;
  const known = sessions(now);
  const app = new Hono<ServerEnv>();
  app.use(
    headers(),
    rateLimit(now),
    limits(),
    sameOrigin(desk.party.origin),
    identify(options.token, known),
    defaultDeny(open),
  );
  serveAssets(app);
  loginRoutes(app, {
    desk,
    sessions: known,
    token: options.token,
    secure: desk.party.origin.startsWith("https:"),
    now,
  });
  signOffRoutes(app, desk);
  apiRoutes(app, agent);
  app.get("/healthz", (c) => c.text("ok"));
  app.get("/", async (c) => c.html(consolePage(await agent.status(), await desk.pending())));
  return app;
};
