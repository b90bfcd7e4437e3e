import { generateAuthenticationOptions } from "@simplewebauthn/server";
import type { Hono } from "hono";
import { z } from "zod";
import type { SignOffRequest } from "../facts/attestation.ts";
import type { Answer } from "../graph/answer.ts";
import { attestationOf, challengeOf, statementOf, type Said, type WalkStep } from "../signoff/record.ts";
import { verifyAttestation } from "../signoff/verify.ts";
import { isFromElsewhere, needs, type ServerEnv } from "./guard.ts";
import { errorPage, when } from "./pages/layout.ts";
import { signOffPage } from "./pages/signoff.ts";
import { walkLines } from "./pages/walk.ts";
import type { SignOffDesk } from "./ports.ts";
import { tickets } from "./tickets.ts";

const recordBody = z.strictObject({
  walk: z
    .array(
      z.strictObject({
        url: z.string().max(2000),
        outcome: z.enum(["app-loaded", "failed", "not-tried"]),
        login: z.enum(["completed", "none", "not-completed"]),
      }),
    )
    .max(200),
  note: z.string().max(2000),
});
type RecordBody = z.infer<typeof recordBody>;

// A post-quantum signature is some thousand bytes long.
const text = z.string().max(8000);
const attestBody = z.strictObject({
  challenge: text,
  assertion: z.looseObject({
    id: text,
    response: z.looseObject({ clientDataJSON: text, authenticatorData: text, signature: text }),
  }),
});

/** An answer is Markdown; a line of a page is not. */
const inWords = (markdown: string): string => markdown.replaceAll(/\\([\\`*[\]<>|~_])|[`*]/g, "$1");

interface Told {
  readonly outcome: Answer["outcome"];
  readonly detail: string;
}

const toldOf = ({ outcome, refusals, answer }: Answer, namespace: string): Told => {
  const [refusal] = refusals;
  if (refusal === undefined) return { outcome, detail: inWords(answer ?? `${namespace} is signed off.`) };
  return { outcome, detail: `Not signed off. ${refusal.gate}: ${refusal.reason}. ${refusal.remedy}` };
};

const elsewhere = (id: string): Told => ({
  outcome: "waiting",
  detail: `Your signature is kept. Whoever asked waits on another server: answer the pause there with ${id}`,
});

/** Every URL of the request exactly once, in its order: nothing left out, nothing of the browser's own. */
const sameUrls = (request: SignOffRequest, body: RecordBody): boolean =>
  request.urls.length === body.walk.length && request.urls.every((url, index) => body.walk[index]?.url === url);

/** The page for one pending sign-off. It collects and stores; gates decide. */
export const signOffRoutes = (app: Hono<ServerEnv>, desk: SignOffDesk, now: () => number): void => {
  const prepared = tickets<Said>(now);
  app.use("/signoff/*", needs("sign"));

  app.get("/signoff/:id", async (c) => {
    const request = await desk.request(c.req.param("id"));
    if (request === null) return c.html(errorPage("There is no such request.", c.get("session")), 404);
    const [openings, walked] = await Promise.all([desk.openings(request.id), desk.walked(request, "before")]);
    const now = desk.now();
    const walk = walkLines(walked, request.createdAt, now);
    const { aboutLinks } = desk;
    return c.html(signOffPage({ request, openings, walk, aboutLinks, now, session: c.get("session") }));
  });

  app.get("/signoff/:id/progress", async (c) => {
    const request = await desk.request(c.req.param("id"));
    if (request === null) return c.json({ error: "There is no such request." }, 404);
    const [openings, walked] = await Promise.all([desk.openings(request.id), desk.walked(request, "since")]);
    const { walk, reading } = walkLines(walked, request.createdAt, desk.now());
    const opened = Object.fromEntries([...openings].map(([url, time]) => [url, when(time)]));
    return c.json({ opened, walk, reading });
  });

  app.get("/signoff/:id/open/:index", async (c) => {
    const request = await desk.request(c.req.param("id"));
    const url = request?.urls[Number(c.req.param("index"))];
    if (request === null || url === undefined || !/^https?:\/\//.test(url))
      return c.text("There is no such address.", 404);
    if (isFromElsewhere(c)) return c.text("Open it from the sign-off page.", 403);
    await desk.opened(request.id, url);
    return c.redirect(desk.leadsTo(url), 303);
  });

  app.post("/signoff/:id/statement", async (c) => {
    const request = await desk.request(c.req.param("id"));
    const body = recordBody.safeParse(await c.req.json().catch(() => null));
    if (request === null || !body.success || !sameUrls(request, body.data))
      return c.json({ error: "Say what happened on every address of this request." }, 400);
    const openings = await desk.openings(request.id);
    const walk: WalkStep[] = [];
    for (const step of body.data.walk) {
      const openedAt = openings.get(step.url);
      if (openedAt === undefined) return c.json({ error: `Open ${step.url} from this page first.` }, 409);
      walk.push({ ...step, openedAt });
    }
    // What is signed is kept here: the browser brings back the signature and nothing else.
    const said: Said = { request, walk, note: body.data.note, signedAt: desk.now() };
    const statement = statementOf(said);
    const optionsJSON = await generateAuthenticationOptions({
      rpID: desk.party.id,
      userVerification: "required",
      challenge: new Uint8Array(Buffer.from(challengeOf(statement), "base64url")),
    });
    prepared.put(optionsJSON.challenge, said);
    return c.json({ optionsJSON, statement });
  });

  app.post("/signoff/:id/attest", async (c) => {
    const body = attestBody.safeParse(await c.req.json().catch(() => null));
    const said = body.success ? prepared.take(body.data.challenge) : null;
    if (!body.success || said?.request.id !== c.req.param("id"))
      return c.json({ error: "This was not asked for, was answered, or is too old: press the button again." }, 400);
    const { id, response } = body.data.assertion;
    const { clientDataJSON, authenticatorData, signature } = response;
    const stored = attestationOf(said, { id, clientDataJSON, authenticatorData, signature });
    if (stored === null) return c.json({ error: "The passkey's answer is of no form that is known." }, 400);
    const checked = await verifyAttestation(stored, await desk.keys(), desk.party);
    if (checked.signature.state !== "valid")
      return c.json({ error: `Nothing was signed: ${checked.signature.why}.` }, 400);
    const answer = await desk.attest(stored);
    const told = answer === null ? elsewhere(stored.id) : toldOf(answer, said.request.namespace);
    return c.json({ ...told, attestation: stored.id });
  });
};
