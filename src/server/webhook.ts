import { createHmac } from "node:crypto";
import type { Hono } from "hono";
import type { ServerEnv } from "./guard.ts";
import { sameSecret } from "./sessions.ts";

/** What may have moved a rollout; what the event says of it is not believed, only that it is time to look. */
const EVENTS: ReadonlySet<string> = new Set(["push", "pull_request", "pull_request_review", "check_run"]);

/** One tick at a time, and one more where events came in meanwhile: a flood of events is one look. */
const oneAtATime = (work: () => Promise<unknown>): (() => void) => {
  let running = false;
  let again = false;
  const begin = (): void => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    // What failed is in the ledger, and is looked at again with the next event.
    void work()
      .catch(() => undefined)
      .then(() => {
        running = false;
        if (!again) return;
        again = false;
        begin();
      });
  };
  return begin;
};

export const WEBHOOK = "/webhooks/github";

/** GitHub sends no more than this; a push of many commits is far beyond what any page of ours sends. */
const MOST_BYTES = 25 * 1024 * 1024;

/** What the signature of a body must be, read as it comes and kept nowhere; null: it is longer than any honest one. */
const signatureOf = async (secret: string, body: ReadableStream<Uint8Array> | null): Promise<string | null> => {
  const mac = createHmac("sha256", secret);
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) return null;
    mac.update(piece);
  }
  return `sha256=${mac.digest("hex")}`;
};

/** GitHub's webhook: signed with the shared secret, and no more than a reason to look again. */
export const webhookRoutes = (app: Hono<ServerEnv>, secret: string, tick: () => Promise<unknown>): void => {
  const look = oneAtATime(tick);
  app.post(WEBHOOK, async (c) => {
    const signature = await signatureOf(secret, c.req.raw.body);
    if (signature === null) return c.json({ error: "The event is too large." }, 413);
    if (!sameSecret(c.req.header("x-hub-signature-256") ?? "", signature))
      return c.json({ error: "The signature is not of the shared secret." }, 401);
    const counts = EVENTS.has(c.req.header("x-github-event") ?? "");
    if (counts) look();
    return c.json({ looking: counts }, 202);
  });
};
