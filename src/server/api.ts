import type { Hono } from "hono";
import { z } from "zod";
import { needs, type ServerContext, type ServerEnv } from "./guard.ts";
import { stageMetrics } from "./metrics.ts";
import type { AgentDesk } from "./ports.ts";

const askBody = z.strictObject({
  text: z.string().min(1).max(4000),
  thread: z
    .string()
    .regex(/^[\w.:-]{1,120}$/)
    .nullable()
    .default(null),
});

/** Threads of callers never meet those of the campaign, nor one another's: a name may hold a colon, or be "token". */
const ownThreads = (c: ServerContext): string => {
  const session = c.get("session");
  if (session === null) return "api:nobody";
  return session.roles.includes("sign") ? `api:person/${encodeURIComponent(session.who)}` : `api:${session.who}`;
};

/** The chat API: a caller says words on a thread of its own, and nothing else. */
export const apiRoutes = (app: Hono<ServerEnv>, agent: AgentDesk): void => {
  app.use("/api/*", needs("ask"));
  app.get("/api/status", async (c) => c.json(await agent.status()));
  app.post("/api/ask", async (c) => {
    const body = askBody.safeParse(await c.req.json().catch(() => null));
    if (!body.success) return c.json({ error: 'Send {"text": "lock down …", "thread": null}.' }, 400);
    const { text, thread } = body.data;
    return c.json(await agent.ask({ text, thread: thread === null ? null : `${ownThreads(c)}:${thread}` }));
  });
  app.post("/api/tick", needs("operate"), async (c) => c.json({ version: 1, answers: await agent.tick() }));
  app.use("/metrics", needs("ask"));
  app.get("/metrics", async (c) => {
    const text = `${stageMetrics(await agent.status())}\n${await agent.metrics()}`;
    return c.text(text, 200, { "content-type": "text/plain; version=0.0.4" });
  });
};
